"""A run one of whose replicates diverges: the Training tab shows it, and progress counts what was trained."""

import re

import numpy as np

from tests.cases.conftest import Cases


def test_the_training_tab_shows_the_divergence(cases: Cases) -> None:
    columns = cases.client.get(f"/api/v1/runs/{cases.ids['diverge']}/series", params={"name": "outcome"}).json()
    lost = [step for step in columns["columns"]["diverged_step"] if step is not None and np.isfinite(step)]
    assert len(lost) == 1
    said = cases.finding("diverge", "training_curves", level=0)
    assert "test accuracy after 200 of 200 steps" in said
    assert said.endswith(f"; 1 of 2 trainings diverged, at step {int(lost[0])}.")
    figure = cases.figure("diverge", "training_curves", level=0)
    (cross,) = (trace for trace in figure["data"] if trace["meta"]["part"] == "diverged")
    assert (cross["x"], cross["marker"]["symbol"]) == (lost, "x-thin")
    assert figure["layout"]["meta"]["n"] == 1
    assert "× 1 diverged training; not in the mean" in figure["layout"]["meta"]["foot"]


def test_density_by_layer_counts_the_replicates_that_it_draws(cases: Cases) -> None:
    figure = cases.figure("diverge", "layer_density")
    assert figure["layout"]["meta"]["foot"].startswith("n = 1 to 2 replicates by level, mean")
    text = next(trace["text"] for trace in figure["data"] if trace["name"] == "fc1")
    assert [item.split("(")[1] for item in text] == ["n = 2)", "n = 1)", "n = 1)"]


def test_movement_of_any_size_has_three_digits(cases: Cases) -> None:
    for view in ("by_level", "histogram", "scatter"):
        figure = cases.figure("diverge", "weight_movement", view=view, level=0)
        said = cases.finding("diverge", "weight_movement", view=view, level=0)
        texts = [said, *(str(trace.get("text", "")) for trace in figure["data"])]
        assert not [text for text in texts if re.search(r"\d{6}|\d,\d{3}(,\d{3}|\.)|\de[+-]?\d", text)]
    assert " × 10" in cases.finding("diverge", "weight_movement", view="by_level")


def test_progress_counts_what_was_trained(cases: Cases) -> None:
    address = f"/api/v1/runs/{cases.ids['diverge']}"
    progress = cases.client.get(address).json()["progress"]
    steps = cases.client.get(f"{address}/series", params={"name": "outcome"}).json()["columns"]["steps"]
    # Five trainings of 200 steps, and the one that diverged before.
    assert sorted(steps)[1:] == [200] * 5
    assert 0 < min(steps) < 200
    assert progress["done"] == progress["total"] == sum(steps)
    page = cases.page("diverge", tab="training")
    assert "6 of 10 trainings; a divergence leaves 4 untrained" in page
    assert "42 of 42 trainings" in cases.page("collapse", tab="training")
