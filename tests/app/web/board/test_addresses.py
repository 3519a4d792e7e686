"""What an address asks for that does not exist: said on the page, the rest of the address kept, never an error 500."""

import re

import httpx
import pytest

from app.kinds.presets import PRESETS
from app.store import Store
from tests.app.conftest import Hand
from tests.app.erased_run import write_run as write_erased
from tests.app.reading import unmarked
from tests.app.web.sound import HTML, sound

SPEC = PRESETS["digits-tickets"].spec


@pytest.fixture
def three(store: Store) -> list[str]:
    """Two queued runs and a cancelled one."""
    ids = [store.create_run(SPEC, name=name, tags=["t"] if name == "b" else []).id for name in "abc"]
    store.cancel_run(ids[2])
    return ids


def read(client: httpx.Client, address: str, status: int = 200) -> str:
    answer = client.get(address, headers=HTML)
    assert answer.status_code == status, (address, answer.status_code)
    sound(answer.text)
    return unmarked(answer.text).replace("\u00a0", " ")


def names(text: str) -> list[str]:
    return re.findall(r'class="name" href="/runs/\w+">(\w+)</a>', text)


@pytest.mark.parametrize(
    ("query", "sentence", "shown"),
    [
        ("group=nope", "The grouping must be one of", ["c", "b", "a"]),
        ("sort=nope", "The order must be one of", ["c", "b", "a"]),
        ("sort=nope&state=queued", "The order must be one of", ["b", "a"]),
        ("sort=nope&tag=t&q=state:queued", "The order must be one of", ["b"]),
        ("cursor=nope&sort=name", "The place in the list is not a cursor of this list", ["a", "b", "c"]),
        ("state=nope", "There is no state “nope”: it must be one of queued,", ["c", "b", "a"]),
        ("rows=nope", "Rows can be comfortable or compact, not “nope”.", ["c", "b", "a"]),
        (
            "columns=optimzer,lr,no",
            "There is no field or measure “optimzer”, “no”; similar: optimizer",
            ["c", "b", "a"],
        ),
        ("columns=accuracy@x%25", "There is no field or measure “accuracy@x%”", ["c", "b", "a"]),
        ("tag=a,b", "The tag must not contain a comma", ["c", "b", "a"]),
        ("binned=nope", "There is no run “nope” in the bin.", ["c", "b", "a"]),
        ("unsaved=nope", "There is no view “nope”.", ["c", "b", "a"]),
    ],
)
def test_what_the_board_does_not_know_is_said(
    client: httpx.Client, three: list[str], query: str, sentence: str, shown: list[str]
) -> None:
    text = read(client, f"/?{query}")
    assert sentence in text
    assert names(text) == shown


def test_groups_that_are_not_there_are_said(client: httpx.Client, three: list[str]) -> None:
    text = read(client, "/?group=state&unfold=nope")
    assert "There is no group “nope” here." in text
    assert text.count('class="group"') == 2
    assert "The order must be one of" in read(client, "/?group=state&sort=nope")
    # An order of the list of runs has no meaning for groups, and is none that a reader has to correct.
    assert 'id="notes"' not in read(client, "/?group=state&sort=-finished_at")
    assert 'id="notes"' not in read(client, "/?group=state&sort=lr")


def test_nothing_is_said_of_an_address_that_is_right(client: httpx.Client, three: list[str]) -> None:
    good = "q=name:a&state=queued&tag=t&sort=-lr&columns=lr,accuracy@5%25&rows=comfortable"
    assert 'id="notes"' not in read(client, f"/?{good}")
    assert 'id="notes"' not in read(client, "/")


def test_comparisons_say_what_they_do_not_know(client: httpx.Client, three: list[str], store: Store) -> None:
    runs = ",".join(three)
    assert "There is no field or measure “nope”" in read(client, f"/compare?runs={runs}&columns=nope,lr")
    for wrong, path in (("group=nope", "group"), ("baseline=nope", "baseline"), ("measure=nope", "measure"),
                        ("x=nope", "x"), ("pruned_to=nope", "pruned_to"), ("smoothing=nope", "smoothing")):  # fmt: skip
        answer = client.get(f"/compare?runs={runs}&{wrong}", headers=HTML)
        assert answer.status_code in (200, 422), wrong
        assert path in answer.text, wrong
    for run_id in three:
        store.cancel_run(run_id)
    (run,) = write_erased(store, {"adam": (0.01,)})
    films = read(client, f"/compare?runs={run.id}&width=17&replicate=x&show=nope")
    assert "The width that the link names is not there: it can be 16" in films
    assert "The show that the link names is not there" in films
    assert "The replicate that the link names is not there" in films


def test_sweeps_say_what_they_do_not_know(client: httpx.Client, hand: Hand) -> None:
    body = {"spec": SPEC.model_dump(mode="json"), "axes": {"seed": {"values": [0, 1]}}, "name": "s"}
    sweep = client.post("/api/v1/sweeps", json=body).json()["id"]
    assert "Runs are sorted by position or objective, not by “nope”." in read(client, f"/sweeps/{sweep}?sort=nope")
    assert "not by" not in read(client, f"/sweeps/{sweep}?sort=objective")
    assert "There is no sweep “nope” in the bin." in read(client, "/sweeps?binned=nope")
    assert "names no sweep that is there" in read(client, "/sweeps?cursor=nope", 422)


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("/runs?columns=nope", "columns"), ("/runs?columns=nope&format=csv", "columns"), ("/runs?sort=nope", "sort"),
        ("/runs?state=nope", "state"), ("/runs?cursor=nope", "cursor"), ("/runs/groups?group=nope", "group"),
        ("/runs/groups?group=state&columns=nope", "columns"), ("/runs/groups?group=state&sort=nope", "sort"),
        ("/compare?q=name:a&columns=nope", "columns"), ("/compare?q=name:a&group=nope", "group"),
        ("/sweeps?cursor=nope", "cursor"), ("/compare/figures/compared_scatter?q=name:a&y=nope", "y"),
    ],
)  # fmt: skip
def test_the_api_refuses_what_it_does_not_know(
    client: httpx.Client, three: list[str], address: str, field: str
) -> None:
    answer = client.get(f"/api/v1{address}")
    assert answer.status_code == 422
    assert [each["path"] for each in answer.json()["errors"]] == [field]
