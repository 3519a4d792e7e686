"""Layer collapse is named wherever a collapsed ticket is shown, and nothing is claimed of it."""

import re
from html import unescape

from tests.cases.conftest import Cases

SENTENCE = (
    "Layer collapse at level 1 in fc1 and fc2. The network is cut at fc1: the output no longer depends on the input."
)


def row(cases: Cases, case: str) -> str:
    """A run's row of the board, in words."""
    board = cases.client.get("/", headers={"Accept": "text/html"}).text
    (found,) = (item for item in re.findall(r"<tr.*?</tr>", board, re.DOTALL) if f"/runs/{cases.ids[case]}" in item)
    return words(found)


def words(markup: str) -> str:
    return " ".join(unescape(re.sub("<[^>]*>", " ", markup)).split())


def test_a_run_says_its_collapse_on_board_verdict_curves_and_masks(cases: Cases) -> None:
    assert "layer collapse at level 1 in fc1 and fc2" in row(cases, "collapse")
    verdict = cases.client.get(f"/api/v1/runs/{cases.ids['collapse']}/comparison").json()["verdict"]
    assert SENTENCE in verdict
    assert "differences to dense are equal" not in verdict
    curves = words(cases.page("collapse", tab="curves"))
    assert "differences to dense are equal" not in curves
    assert "2.0 %, collapsed" in curves
    for name in ("accuracy_vs_density", "early_stop_vs_density", "layer_density"):
        assert SENTENCE in cases.finding("collapse", name)
    assert SENTENCE in cases.finding("collapse", "training_curves", level=1)
    assert "collapse" not in cases.finding("collapse", "training_curves", level=0)
    assert SENTENCE in words(cases.page("collapse", tab="masks", level=1))
    assert "collapse at level 0" not in words(cases.page("collapse", tab="masks", level=0))


def test_controls_of_a_collapsed_ticket_say_it_too(cases: Cases) -> None:
    assert SENTENCE in words(cases.page("collapse", tab="masks", level=1, control="shuffled:0"))


def test_no_speed_up_is_claimed_for_a_collapsed_ticket(cases: Cases) -> None:
    case = "hardware of a collapsed ticket"
    assert cases.finding(case, "ticket_speedup") == f"No speed-up is claimed for this ticket. {SENTENCE}"
    drawn = [trace for trace in cases.figure(case, "ticket_speedup")["data"] if trace["meta"]["part"] == "mean"]
    assert drawn == []
    answer = cases.client.get(f"/api/v1/runs/{cases.ids[case]}/figures/ticket_speedup", params={"format": "csv"})
    assert "collapse" in answer.text
    # The run itself leads to no measurement of a ticket that has collapsed.
    assert "Is this ticket faster?" not in cases.page("collapse", tab="curves")
    assert "Is this ticket faster?" in cases.page("replicates", tab="curves")


def test_imported_masks_say_where_the_network_is_cut(cases: Cases) -> None:
    cut = "The network is cut at fc2: the output no longer depends on the input."
    assert f"Layer collapse at level 1 in fc2. {cut}" in words(cases.page("imported", tab="masks", level=1))
    assert (
        "Layer collapse at level 2 in fc1, fc2 and fc3 (first collapse: level 1). The network is cut at fc1"
        in words(cases.page("imported", tab="masks", level=2))
    )
    assert cut in cases.finding("imported", "layer_density")
    assert "layer collapse at level 1 in fc2" in row(cases, "imported")


def test_a_shortcut_that_keeps_nothing_is_named_and_claims_no_cut(cases: Cases) -> None:
    said = cases.finding("many layers", "layer_density")
    assert (
        "Layer collapse at level 0 in layer1.0.shortcut.0; masks alone do not show whether a path leads around" in said
    )
    assert "network is cut" not in said


def test_sixty_one_layers_of_one_level_have_a_row_each(cases: Cases) -> None:
    figure = cases.figure("many layers", "layer_density")
    (layers,) = (trace for trace in figure["data"] if trace["meta"]["part"] == "mean")
    shown = figure["layout"]["yaxis"]["ticktext"]
    assert len(layers["text"]) == len(shown) == len(set(shown)) == 61
    assert max(map(len, shown)) <= 18
    assert layers["marker"]["symbol"].count("x-thin") == 1
    assert "layer1.0.shortcut.0: nothing kept" in layers["text"]
    assert not any("norm" in text or "bn" in text for text in layers["text"])
