"""A run that was exported here and imported there answers there as it does here, to the byte."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from app.archives.bring import arrivals, bring
from app.archives.read import Archive
from app.kinds.hardware.spec import HardwareSpec
from app.kinds.registry import FIGURES, KINDS
from app.main import create_app
from app.queue import Queue
from app.settings import Settings
from app.store import Conflict, Store
from app.store.archive import EXPORTED
from tests.app.archives.conftest import packed
from tests.app.conftest import Hand
from tests.app.in_process import in_process
from tests.app.masked_run import write_run

# What happened there is no news here.
_NEWS = re.compile(r' <span class="unread num".*?</span>')


def _import(store: Store, file: io.BytesIO, *, new_ids: bool = False) -> list[str]:
    archive = Archive(file)
    found = arrivals(store, archive, new_ids=new_ids)
    bring(store, archive, found)
    return [each.id for each in found]


def _answers(store: Store, settings: Settings, queue: Queue, run_ids: list[str]) -> dict[str, tuple[int, bytes]]:
    """What an installation answers about runs: pages, figures, series, artifacts."""
    found = {}
    with in_process(create_app(settings, store, queue)) as client:

        def ask(path: str, accept: str = "application/json") -> httpx.Response:
            answer = client.get(path, headers={"Accept": accept})
            found[f"{path} {accept}"] = (answer.status_code, answer.content)
            return answer

        for run_id in run_ids:
            api = f"/api/v1/runs/{run_id}"
            run = ask(api).json()
            events = ask(f"{api}/events?limit=1000").json()
            for name in sorted({each.get("series", "") for each in events["items"]} - {""}):
                ask(f"{api}/series?name={name}", "text/csv")
            for name in FIGURES:
                ask(f"{api}/figures/{name}")
                ask(f"{api}/figures/{name}", "text/csv")
            for name in ("masks", "spec", "film"):
                ask(f"{api}/{name}")
            for saved in ask(f"{api}/artifacts").json()["items"]:
                ask(f"/api/v1/artifacts/{saved['id']}")
            for tab in (*(each.key for each in KINDS[run["kind"]].tabs), "spec", "log"):
                page = ask(f"/runs/{run_id}?tab={tab}", "text/html").text
                # How long ago something was depends on when it is asked for.
                found[f"/runs/{run_id}?tab={tab} text/html"] = (
                    200,
                    re.sub(r"just now|\d+ (s|min) ago", "now", _NEWS.sub("", page)).encode(),
                )
    return found


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_all_answers_are_equal(
    store: Store, settings: Settings, no_broker: Queue, three: list[str], elsewhere: Callable[[], Store],
    target: str, tmp_path: Path, request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    if target == "sqlite":
        other = elsewhere()
    else:
        other = Store(request.getfixturevalue("migrated_postgres"), str(tmp_path / "other"))
        request.addfinalizer(other.close)
    assert _import(other, packed(store, three)) == three
    here, there = (_answers(each, settings, no_broker, three) for each in (store, other))
    assert len(here) > 60
    assert {path for path in here if here[path] != there[path]} == set()
    assert sum(status == 200 for status, _ in here.values()) > 40
    assert packed(store, three).getvalue()[:200] == packed(other, three).getvalue()[:200]


def test_what_is_here_and_equal_stays_and_what_differs_is_refused(
    store: Store, three: list[str], elsewhere: Callable[[], Store]
) -> None:
    other = elsewhere()
    file = packed(store, three)
    _import(other, packed(store, three[:1]))
    found = arrivals(other, Archive(file), new_ids=False)
    assert [each.fate for each in found] == ["equal", "new", "new"]
    other.update_run(three[0], tags=["mine"], notes="changed")
    archive = Archive(file)
    with pytest.raises(Conflict, match=f"run {three[0]} is here already, with another tags and notes") as refused:
        bring(other, archive, arrivals(other, archive, new_ids=False))
    assert "nothing was imported" in str(refused.value)
    assert [run.id for run in other.runs().items] == three[:1]
    new = _import(other, file, new_ids=True)
    assert len({*new, *three}) == 6
    assert {run.id for run in other.runs().items} == {three[0], *new}
    assert other.run(new[0]).spec == store.run(three[0]).spec
    assert other.run(three[0]).tags == ("mine",)


def test_an_unfinished_run_arrives_as_cancelled_and_can_be_resumed(
    store: Store, hand: Hand, elsewhere: Callable[[], Store]
) -> None:
    run = hand.run()
    hand.outcome(0, 1.0, 0.9)
    other = elsewhere()
    archive = Archive(packed(store, [run.id]))
    assert [(each.state, each.was) for each in archive.manifest.runs] == [("cancelled", "running")]
    bring(other, archive, arrivals(other, archive, new_ids=False))
    assert store.run(run.id).state == "running"
    arrived = other.run(run.id)
    assert (arrived.state, arrived.last_seq) == ("cancelled", store.run(run.id).last_seq + 1)
    assert other.events(run.id)[-1].event == {"kind": "changed", "state": "cancelled", "detail": EXPORTED}
    assert other.claim("cpu", "worker") is None
    # Again changes nothing, as it is equal.
    assert [each.fate for each in arrivals(other, archive, new_ids=False)] == ["equal"]
    other.resume_run(run.id)
    claim = other.claim("cpu", "worker")
    assert claim is not None
    assert (claim.checkpoints, claim.next_ordinal, claim.plan) == ([], 1, hand.claim.plan or claim.plan)
    # From its beginning: what it measures once more is not doubled.
    again = Hand(other)
    again.claim = claim
    again.outcome(0, 1.0, 0.9)
    again.outcome(1, 0.5, 0.8)
    assert other.series(run.id, "outcome")["density"].tolist() == [1.0, 0.5]


def test_with_new_ids_a_run_that_times_a_ticket_of_the_archive_finds_it(
    store: Store, elsewhere: Callable[[], Store]
) -> None:
    masked = write_run(store, {"fc1": (6, 8)})
    spec = HardwareSpec.model_validate({"kind": "hardware", "layers": [], "ticket": f"{masked.id}:0:1"})
    timed = store.create_run(spec, name="timed", again_of=masked.id)
    store.cancel_run(timed.id)
    other = elsewhere()
    new = _import(other, packed(store, [masked.id, timed.id]), new_ids=True)
    arrived = other.run(new[1])
    assert [ticket.run for ticket in arrived.experiment.tickets] == [new[0]]
    assert arrived.again_of == new[0]


def test_nothing_is_half_imported(
    store: Store, three: list[str], elsewhere: Callable[[], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = elsewhere()
    archive = Archive(packed(store, three))
    found = arrivals(other, archive, new_ids=False)
    _import(other, packed(store, three[2:]))  # meanwhile, by somebody else: the last of the three
    with pytest.raises(Conflict, match="stored meanwhile"):
        bring(other, archive, found)
    assert [run.id for run in other.runs().items] == three[2:]
    with other._db.read() as conn:
        for table in ("shards", "events", "chunks", "artifacts", "facts"):
            ids = set(conn.scalars(text(f"SELECT DISTINCT run_id FROM {table}")))
            assert ids <= {three[2]}, table
