"""What a run measured, over the API: log, series, figures' exchange."""

import csv
import hashlib
import io
import math
from typing import Any

import httpx
import pytest

from app.kinds.lottery.spec import LotteryKey
from tests.app.conftest import Hand, Web

NAN = float("nan")


@pytest.fixture
def run_url(hand: Hand) -> str:
    """A run with two levels of evaluations."""
    run = hand.run()
    for level in (0, 1):
        place = LotteryKey(level=level)
        hand.measure(
            "evaluation", place, step=[0.0, 50.0], train_loss=[NAN, 0.5], test_accuracy=[0.1, 0.9 + level / 50]
        )
    hand.outcome(0, 1.0, 0.9)
    return f"/api/v1/runs/{run.id}"


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def columns(client: httpx.Client, url: str, **params: Any) -> dict[str, list[Any]]:
    answer: dict[str, list[Any]] = client.get(f"{url}/series", params=params).json()["columns"]
    return answer


def test_the_log_is_a_list_that_is_paged_by_seq(client: httpx.Client, run_url: str) -> None:
    first = client.get(f"{run_url}/events", params={"limit": 2}).json()
    assert [event["seq"] for event in first["items"]] == [1, 2]
    assert [event["kind"] for event in first["items"]] == ["changed", "started"]
    assert all("at" in event for event in first["items"])
    rest = client.get(f"{run_url}/events", params={"after": first["next"]}).json()
    assert [event["seq"] for event in rest["items"]] == [3, 4, 5]
    assert rest["next"] is None
    assert {event["series"] for event in rest["items"]} == {"evaluation", "outcome"}


def test_a_series_has_all_its_columns_and_nan_is_null(client: httpx.Client, run_url: str) -> None:
    got = columns(client, run_url, name="evaluation")
    assert list(got) == ["replicate", "level", "control", "draw", "step", "train_loss", "test_accuracy"]
    assert got["level"] == [0, 0, 1, 1]
    assert got["control"] == ["winning_ticket"] * 4
    assert got["train_loss"] == [None, 0.5, None, 0.5]


def test_a_metric_comes_with_its_step_and_place(client: httpx.Client, run_url: str) -> None:
    got = columns(client, run_url, name="test_accuracy", level=1, control="winning_ticket", replicate=0)
    assert list(got) == ["step", "value", "replicate", "level", "control", "draw"]
    assert (got["step"], got["value"]) == ([0.0, 50.0], [0.1, 0.92])
    assert columns(client, run_url, name="density")["value"] == [1.0]
    assert columns(client, run_url, name="density")["step"] == [1000.0]


def test_a_spec_is_cited_by_the_hash_of_its_bytes(client: httpx.Client, run_url: str) -> None:
    answer = client.get(f"{run_url}/spec")
    assert answer.json() == client.get(run_url).json()["spec"]
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    assert list(answer.json()) == sorted(answer.json())


def test_filters_that_match_nothing_give_empty_columns(client: httpx.Client, run_url: str) -> None:
    assert columns(client, run_url, name="evaluation", level=7)["level"] == []
    assert columns(client, run_url, name="movement")["level"] == []


@pytest.mark.parametrize("how", [{"params": {"format": "csv"}}, {"headers": {"Accept": "text/csv"}}])
def test_a_series_is_csv_on_request(client: httpx.Client, run_url: str, how: dict[str, Any]) -> None:
    how["params"] = {"name": "evaluation", **how.get("params", {})}
    answer = client.get(f"{run_url}/series", **how)
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"].endswith('-evaluation.csv"')
    assert [row["train_loss"] for row in rows(answer.text)] == ["", "0.5", "", "0.5"]


def test_format_wins_over_accept(client: httpx.Client, run_url: str) -> None:
    answer = client.get(f"{run_url}/series?name=outcome&format=json", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"] == "application/json"


def test_numbers_in_csv_are_those_in_json(client: httpx.Client, hand: Hand) -> None:
    run = hand.run()
    values = [1 / 3, math.pi * 1e-12, 1e300, -0.0]
    hand.measure("evaluation", step=[0.0, 1.0, 2.0, 3.0], test_loss=values)
    url = f"/api/v1/runs/{run.id}"
    text = client.get(f"{url}/series?name=test_loss&format=csv").text
    assert [float(row["value"]) for row in rows(text)] == values
    assert columns(client, url, name="test_loss")["value"] == values


def test_an_unknown_name_says_what_there_is(client: httpx.Client, run_url: str) -> None:
    answer = client.get(f"{run_url}/series", params={"name": "happiness"})
    assert answer.status_code == 404
    assert "test_accuracy" in answer.json()["detail"]
    assert client.get(f"{run_url}/series").json()["errors"][0]["path"] == "name"


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ("width=3", "width", "is no coordinate of a run of kind lottery; there is replicate, level, control, draw"),
        ("branch=reinit", "branch", "is no coordinate"),
        ("level=x", "level", "valid integer"),
        ("level=-1", "level", "greater than or equal to 0"),
        ("level=true", "level", "valid integer"),
        (f"control={'x' * 41}", "control", "at most 40 characters"),
        (f"{'x' * 300}=1", "x" * 80, "is no coordinate"),
    ],
)
def test_what_is_no_coordinate_is_refused_by_name(
    client: httpx.Client, run_url: str, query: str, field: str, said: str
) -> None:
    answer = client.get(f"{run_url}/series?name=outcome&{query}")
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["path"] == field
    assert said in error["message"]


def test_rows_are_filtered_by_every_coordinate_of_the_kind(client: httpx.Client, hand: Hand) -> None:
    url = f"/api/v1/runs/{hand.run().id}"
    keys = [LotteryKey(level=level, control=control, draw=draw)
            for level in (1, 12) for control in ("reinit", "random") for draw in (0, 1)]  # fmt: skip
    for i, key in enumerate(keys):
        hand.measure("outcome", key, test_accuracy=[i / 10])
    for name in LotteryKey.model_fields:
        for value in {getattr(key, name) for key in keys}:
            found = columns(client, url, name="test_accuracy", **{name: value})
            assert found["value"] == [i / 10 for i, key in enumerate(keys) if getattr(key, name) == value]
    assert columns(client, url, name="test_accuracy", level=1, control="random", draw=1)["value"] == [0.3]
    assert columns(client, url, name="test_accuracy", level="", control="")["draw"] == [0, 1] * 4


def test_numbers_that_no_database_could_compare_are_refused(client: httpx.Client, run_url: str) -> None:
    assert client.get(f"{run_url}/series?name=outcome&level={10**30}").status_code == 422
    assert client.get(f"{run_url}/events?after={10**30}").status_code == 422
    assert client.get(f"{run_url}/events?after=-1").status_code == 422


@pytest.mark.parametrize("seen", ["9" * 5_000, "x", "-1"])
def test_a_last_event_id_that_is_no_seq_counts_as_not_given(web: Web, run_url: str, seen: str) -> None:
    headers = {"Accept": "text/event-stream", "Last-Event-ID": seen}
    with web.client.stream("GET", f"{run_url}/events", headers=headers) as answer:
        assert next(line for line in answer.iter_lines() if line.startswith("id:")) == "id: 1"


def test_the_comparison_has_the_verdict_and_moves_with_its_bound(client: httpx.Client, hand: Hand) -> None:
    run = hand.run()
    for level, accuracy in ((0, 0.9), (1, 0.88)):
        hand.outcome(level, 0.5**level, accuracy)
    url = f"/api/v1/runs/{run.id}/comparison"
    got = client.get(url).json()
    assert got["verdict"] == "n = 1: no interval."
    assert got["columns"]["minus_dense"] == [pytest.approx(-0.02)]
    assert got["columns"]["minus_dense_low"] == [None]
    (row,) = rows(client.get(url, params={"format": "csv"}).text)
    assert row["level"] == "1"
    assert client.get(url, params={"bound": 101}).status_code == 422


def test_a_comparison_of_unequal_training_says_so(client: httpx.Client, hand: Hand) -> None:
    run = hand.run(rewind="fine_tune")
    verdict = client.get(f"/api/v1/runs/{run.id}/comparison").json()["verdict"]
    assert verdict.endswith("they were trained for more steps than the dense network and the controls.")


def test_a_figure_is_plotly_json_and_not_sent_twice(client: httpx.Client, run_url: str) -> None:
    first = client.get(f"{run_url}/figures/accuracy_vs_density")
    assert set(first.json()) >= {"data", "layout"}
    again = client.get(f"{run_url}/figures/accuracy_vs_density", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


def test_a_figure_is_sent_again_once_it_has_changed(client: httpx.Client, run_url: str, hand: Hand) -> None:
    first = client.get(f"{run_url}/figures/accuracy_vs_density").headers["etag"]
    hand.outcome(1, 0.5, 0.95)
    again = client.get(f"{run_url}/figures/accuracy_vs_density", headers={"If-None-Match": first})
    assert again.status_code == 200
    assert again.headers["etag"] != first


def test_the_data_of_a_figure_is_csv_on_request(client: httpx.Client, run_url: str) -> None:
    answer = client.get(f"{run_url}/figures/accuracy_vs_density", params={"format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert len(rows(answer.text)) >= 1


@pytest.mark.parametrize(
    ("figure", "query", "name"),
    [
        ("accuracy_vs_density", "at=final", "accuracy_vs_density"),
        ("accuracy_vs_density", "at=early_stop", "accuracy_vs_density-early_stop"),
        ("training_curves", "level=2&metric=test_loss", "training_curves-level2-test_loss"),
    ],
)
def test_a_file_is_named_by_the_options_that_were_chosen(
    client: httpx.Client, run_url: str, figure: str, query: str, name: str
) -> None:
    answer = client.get(f"{run_url}/figures/{figure}?format=csv&{query}")
    run_id = run_url.rsplit("/", 1)[-1]
    assert answer.headers["content-disposition"] == f'attachment; filename="{run_id}-{name}.csv"'


def test_an_unknown_figure_or_option_is_refused(client: httpx.Client, run_url: str) -> None:
    unknown = client.get(f"{run_url}/figures/pie_chart")
    assert unknown.status_code == 404
    assert "accuracy_vs_density" in unknown.json()["detail"]
    option = client.get(f"{run_url}/figures/accuracy_vs_density?colour=red")
    assert (option.status_code, option.json()["errors"][0]["path"]) == (422, "colour")
    assert client.get(f"{run_url}/figures/accuracy_vs_density?format=pdf").status_code == 422


def test_a_figure_is_compressed(client: httpx.Client, run_url: str) -> None:
    answer = client.get(f"{run_url}/figures/accuracy_vs_density", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
