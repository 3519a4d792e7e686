"""A sweep that was exported here and imported there is the same sweep there, and goes on from its members."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from app.archives.bring import arrivals, bring
from app.archives.manifest import MANIFEST
from app.archives.read import Archive
from app.archives.write import archive
from app.continuing import continue_sweep, following
from app.kinds.presets import PRESETS
from app.queue import Queue
from app.store import Conflict, Store
from app.sweeps.axes import Axis
from app.sweeps.plan import Budget, Plan, Pruner, Sampler, Stop
from tests.app.archives.test_hostile import Members, _refused, _signed
from tests.app.conftest import Hand

SPEC = {**PRESETS["digits-tickets"].spec.model_dump(mode="json"), "replicates": 1, "levels": 1, "branches": []}


def packed(store: Store, sweep_id: str) -> io.BytesIO:
    return io.BytesIO(b"".join(archive(store, (), [sweep_id])))


def brought(store: Store, file: io.BytesIO, *, new_ids: bool = False) -> list[tuple[str, str, str]]:
    """Import an archive; return what, id and fate of each."""
    read = Archive(file)
    found = arrivals(store, read, new_ids=new_ids)
    bring(store, read, found)
    return [(each.what, each.id, each.fate) for each in found]


@pytest.fixture
def sweep(store: Store, hand: Hand) -> str:
    """An open adaptive sweep: one run has ended, one was stopped early, one waits, and one that ended is in the bin."""
    plan = Plan(
        spec=SPEC, axes={"optimizer.lr": Axis.model_validate({"log_range": {"low": 1e-4, "high": 0.1}})},
        sampler=Sampler(kind="adaptive", seed=5), objective="last_ticket_validation_accuracy",
        budget=Budget(runs=20, at_once=4), stop=Stop(patience=15), pruner=Pruner(kind="successive_halving"),
    )  # fmt: skip
    first = following(store, plan, (), "which rate?")
    sweep_id = store.create_sweep(plan, first, name="which rate?", tags=["lab"], notes="why")[0].id
    for accuracies in ((0.8, 0.9), (0.5,), (0.85, 0.95)):
        hand.begin()
        for level, accuracy in enumerate(accuracies):
            hand.outcome(level, 0.8**level, accuracy)
            continue_sweep(store, Queue(""), sweep_id)
        if len(accuracies) == 2:
            hand.save("ticket", hand_ticket(), level=1, media_type="application/vnd.safetensors")
            store.finish(hand.claim.shard_id, hand.claim.token)
        else:
            store.cancelled(hand.claim.shard_id, hand.claim.token)
    binned = next(each for each in store.members(sweep_id) if each.state == "finished" and each.reports[-1] == 0.95)
    continue_sweep(store, Queue(""), sweep_id)
    store.bin_run(str(binned.run))
    return sweep_id


def hand_ticket() -> bytes:
    header = json.dumps({"fc1": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return len(header).to_bytes(8, "little") + header + b"\0\0\0\0"


def test_it_arrives_with_its_members_runs_and_artifacts(
    store: Store, elsewhere: Callable[[], Store], sweep: str
) -> None:
    there = elsewhere()
    found = brought(there, packed(store, sweep))
    here = {each.position: each for each in store.members(sweep)}
    assert [(what, fate) for what, _, fate in found] == [("run", "new")] * (len(here) - 1) + [("sweep", "new")]
    before, after = store.sweep(sweep), there.sweep(sweep)
    assert after.plan == before.plan
    assert (after.name, after.tags, after.notes, after.created_at) == (
        before.name, before.tags, before.notes, before.created_at
    )  # fmt: skip
    assert (before.state, after.state, after.note) == (
        "running",
        "cancelled",
        "It was exported while it was unfinished.",
    )
    for member in there.members(sweep):
        original = here[member.position]
        assert member.hours == pytest.approx(original.hours)
        for name in ("values", "objective", "reports", "rungs", "stopped"):
            assert getattr(member, name) == getattr(original, name)
        assert member.run == (None if original.binned else original.run)
        if member.run:
            assert there.run(member.run).sweep == sweep
            assert there.artifacts(member.run) == store.artifacts(member.run)
    assert sum(each.stopped_early for each in there.members(sweep)) == 1


def test_resumed_there_it_asks_for_the_same_as_here(store: Store, elsewhere: Callable[[], Store], sweep: str) -> None:
    there = elsewhere()
    brought(there, packed(store, sweep))
    there.resume_sweep(sweep)
    n = len(there.members(sweep))
    (here,) = (following(store, store.sweep(sweep).plan, store.members(sweep), "s") for _ in range(1))
    continue_sweep(there, Queue(""), sweep)
    assert [each.values for each in there.members(sweep)[n:]] == [start.values for start in here.starts]


def test_the_same_archive_again_changes_nothing_and_another_one_is_refused(
    store: Store, elsewhere: Callable[[], Store], sweep: str
) -> None:
    there, file = elsewhere(), packed(store, sweep)
    brought(there, file)
    assert {fate for _, _, fate in brought(there, file)} == {"equal"}
    there.update_sweep(sweep, name="renamed")
    with pytest.raises(Conflict, match=f"sweep {sweep} is here already, with another name"):
        brought(there, file)
    assert len(there.sweeps().items) == 1


def test_with_new_ids_both_are_kept(store: Store, sweep: str) -> None:
    found = brought(store, packed(store, sweep), new_ids=True)
    (other,) = (each for what, each, _ in found if what == "sweep")
    runs = {each for what, each, _ in found if what == "run"}
    assert other != sweep
    assert {each.run for each in store.members(other)} - {None} == runs
    assert all(store.run(each).sweep == other for each in runs)
    assert len(store.sweeps().items) == 2
    assert [each.values for each in store.members(other)] == [each.values for each in store.members(sweep)]


def test_runs_that_are_here_join_a_sweep_that_is_not(store: Store, elsewhere: Callable[[], Store], sweep: str) -> None:
    store.cancel_sweep(sweep)
    there = elsewhere()
    runs = [str(each.run) for each in store.members(sweep) if not each.binned]
    brought(there, io.BytesIO(b"".join(archive(store, runs))))
    assert there.run(runs[0]).sweep is None
    fates = brought(there, packed(store, sweep))
    assert [fate for what, _, fate in fates if what == "sweep"] == ["new"]
    assert {fate for what, _, fate in fates if what == "run"} == {"equal"}
    assert there.run(runs[0]).sweep == sweep


def test_an_archive_without_a_sweep_is_read_by_older_programs_too(store: Store, sweep: str) -> None:
    runs = [str(each.run) for each in store.members(sweep)][:1]
    with zipfile.ZipFile(io.BytesIO(b"".join(archive(store, runs)))) as file:
        manifest = json.loads(file.read(MANIFEST))
    assert (manifest["format"], "sweeps" in manifest) == (1, False)
    with zipfile.ZipFile(packed(store, sweep)) as file:
        assert json.loads(file.read(MANIFEST))["format"] == 2


@pytest.fixture
def members(store: Store, sweep: str) -> Members:
    with zipfile.ZipFile(packed(store, sweep)) as file:
        return {name: file.read(name) for name in file.namelist()}


def changed(members: Members, line: int, **values: Any) -> io.BytesIO:
    """The archive with other values in a row of the sweep, and a manifest that fits."""
    name = next(name for name in members if name.startswith("sweeps/"))
    rows = [json.loads(row) for row in members[name].splitlines()]
    rows[line] |= values
    return _signed({**members, name: b"".join(json.dumps(row).encode() + b"\n" for row in rows)})


def test_a_whole_one_is_read(store: Store, members: Members) -> None:
    found = arrivals(store, Archive(_signed(members)), new_ids=True)
    assert [each.what for each in found] == ["run"] * sum(name.startswith("runs/") for name in members) + ["sweep"]


@pytest.mark.parametrize("share", [0.0, 0.5, 0.98])
def test_one_that_is_cut_off_stores_nothing(
    store: Store, elsewhere: Callable[[], Store], sweep: str, share: float
) -> None:
    whole = packed(store, sweep).getvalue()
    there = elsewhere()
    _refused(there, io.BytesIO(whole[: int(share * len(whole))]), "cut off")
    assert (there.sweeps().items, there.runs().items) == ((), ())


@pytest.mark.parametrize(
    ("line", "values", "why"),
    [
        (0, {"id": "../../etc1"}, "id"),
        (0, {"id": "1r5k000000"}, "another than the manifest names"),
        (0, {"kind": "hardware"}, "kind"),
        (0, {"state": "open"}, "state"),
        (0, {"axes": {"optimizer.nothing": {"values": [1]}}}, "optimizer.nothing"),
        (0, {"axes": {"seed": {"range": {"low": 0, "high": 1e9}}}}, "line 2|fields|seed"),
        (0, {"axes": {}}, "axes"),
        (0, {"budget": {"runs": 1_000_000}}, "less than or equal to 1000|at most 1,?000"),
        (0, {"sampler": {"kind": "pickle"}}, "sampler|kind|Input should be"),
        (0, {"spec": {"kind": "lottery"}}, "spec|dataset|required"),
        (0, {"name": "x" * 201}, "200"),
        (0, {"surprise": 1}, "'surprise' is not known here"),
        (1, {"position": 7}, "out of order, or one is missing"),
        (1, {"values": {"seed": 1}}, "other fields than the sweep varies"),
        (1, {"run": "1r5k000000"}, "is not in the archive"),
        (1, {"objective": "high"}, "objective"),
        (1, {"reports": {"seq": 1, "values": ["x"], "rungs": {}}}, "reports"),
        (1, {"table": "run"}, "no table 'run' is known here"),
    ],
)
def test_rows_that_do_not_fit_are_refused_in_words(
    store: Store, members: Members, line: int, values: dict[str, Any], why: str
) -> None:
    _refused(store, changed(members, line, **values), why)


def test_a_run_twice_and_a_sweep_twice_are_refused(store: Store, members: Members) -> None:
    name = next(name for name in members if name.startswith("sweeps/"))
    rows = [json.loads(row) for row in members[name].splitlines()]
    run = next(row["run"] for row in rows[1:] if row["run"])
    place = next(i for i, row in enumerate(rows) if i and row["run"] not in (run, None))
    _refused(store, changed(members, place, run=run), f"run {run} occurs twice")
    doubled = members[name] + members[name].splitlines(keepends=True)[0]
    _refused(store, _signed({**members, name: doubled}), "out of order")
    _refused(store, _signed({**members, name: b""}), "rows are missing")


def test_a_manifest_that_names_other_sweeps_is_refused(store: Store, members: Members) -> None:
    _refused(store, _signed(members, sweeps=[]), "names other sweeps in its manifest than it holds")
    _refused(store, _signed(members, format=3), "newer version")
    name = next(name for name in members if name.startswith("sweeps/"))
    without = {each: data for each, data in members.items() if each != name}
    _refused(store, _signed(without), "names other sweeps in its manifest than it holds")
