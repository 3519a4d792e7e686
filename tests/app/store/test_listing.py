"""Lists: found by words and keys, sorted, and paged without a run twice or lost."""

import base64
import json

import pytest

from app.contract.experiment import FieldError
from app.kinds.imported.spec import ImportedSpec
from app.kinds.lottery.spec import LotterySpec
from app.store import Store


def _names(store: Store, q: str) -> list[str]:
    return [run.name for run in store.runs(q=q, sort="created_at").items]


@pytest.fixture
def stocked(store: Store, spec: LotterySpec) -> Store:
    """Runs "Alpha one" (tag Nice work), "beta 100%" on MNIST, and "ÄRGER_x" (tag nice, cancelled)."""
    store.create_run(spec, name="Alpha one", tags=["Nice work"])
    store.create_run(LotterySpec(**{**dict(spec), "dataset": {"kind": "mnist"}}), name="beta 100%")
    store.cancel_run(store.create_run(spec, name="ÄRGER_x", tags=["nice"]).id)
    return store


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("", ["Alpha one", "beta 100%", "ÄRGER_x"]),
        ("alpha", ["Alpha one"]),
        ("ONE alp", ["Alpha one"]),
        ("one beta", []),
        ("ärger", ["ÄRGER_x"]),
        ("nice", ["Alpha one", "ÄRGER_x"]),
        ("lottery lenet", ["Alpha one", "beta 100%", "ÄRGER_x"]),
        ("mnist", ["beta 100%"]),
        ("100%", ["beta 100%"]),
        ("%", ["beta 100%"]),
        ("_x", ["ÄRGER_x"]),
        ("dataset:digits", ["Alpha one", "ÄRGER_x"]),
        ("model:lenet", ["Alpha one", "beta 100%", "ÄRGER_x"]),
        ("model:conv", []),
        ("kind:lottery", ["Alpha one", "beta 100%", "ÄRGER_x"]),
        ("tag:nice", ["ÄRGER_x"]),
        ('tag:"nice work"', ["Alpha one"]),
        ('"alpha one"', ["Alpha one"]),
        ("state:cancelled", ["ÄRGER_x"]),
        ("state:queued dataset:mnist", ["beta 100%"]),
        ("http://x", []),
        ("\0", []),
    ],
)
def test_search(stocked: Store, q: str, names: list[str]) -> None:
    assert _names(stocked, q) == names


def test_a_run_is_found_by_its_id_or_its_beginning(stocked: Store) -> None:
    run = stocked.runs().items[0]
    assert [item.id for item in stocked.runs(q=run.id).items] == [run.id]
    assert run.id in [item.id for item in stocked.runs(q=run.id[:9].upper()).items]
    assert stocked.runs(q=run.id[1:]).items == ()
    assert stocked.runs(q="____").items == ()


def test_filters_beside_the_search(stocked: Store) -> None:
    assert [run.name for run in stocked.runs(state="cancelled").items] == ["ÄRGER_x"]
    assert [run.name for run in stocked.runs(tag="Nice work").items] == ["Alpha one"]
    assert len(stocked.runs(kind="lottery").items) == 3
    assert stocked.runs(kind="erasure").items == ()
    assert stocked.runs(q="alpha", state="cancelled").items == ()


def test_a_renamed_run_is_found_by_its_new_name_only(stocked: Store) -> None:
    stocked.update_run(stocked.runs(q="alpha").items[0].id, name="Gamma", tags=["new"])
    assert _names(stocked, "alpha") == _names(stocked, "work") == []
    assert _names(stocked, "tag:new") == ["Gamma"]


@pytest.mark.parametrize(
    "sort", ["created_at", "-created_at", "name", "-name", "state", "-state", "kind", "finished_at"]
)
def test_pages_hold_every_run_once_in_order(stocked: Store, spec: LotterySpec, sort: str) -> None:
    for name in ("delta", "Delta", "delta"):
        stocked.create_run(spec, name=name)
    whole = stocked.runs(sort=sort)
    assert whole.next is None
    assert len(whole.items) == 6
    ids, cursor = [], None
    for _ in range(3):
        page = stocked.runs(sort=sort, limit=2, cursor=cursor)
        ids += [run.id for run in page.items]
        cursor = page.next
    assert ids == [run.id for run in whole.items]
    assert cursor is None


def test_newest_first_is_the_default(stocked: Store) -> None:
    assert [run.name for run in stocked.runs().items] == ["ÄRGER_x", "beta 100%", "Alpha one"]


def test_new_runs_do_not_shift_the_next_page(store: Store, spec: LotterySpec) -> None:
    made = [store.create_run(spec, name=str(i)).id for i in range(4)]
    page = store.runs(limit=2)
    store.create_run(spec, name="new")
    rest = store.runs(limit=2, cursor=page.next)
    assert [run.id for run in (*page.items, *rest.items)] == made[::-1]


@pytest.mark.parametrize(
    ("field", "query"),
    [
        ("limit", {"limit": 0}),
        ("limit", {"limit": 201}),
        ("sort", {"sort": "size"}),
        ("cursor", {"cursor": "nonsense"}),
        ("cursor", {"cursor": "é"}),
        ("cursor", {"cursor": "bnVsbA"}),
    ],
)
def test_bad_queries_name_their_field(store: Store, field: str, query: dict[str, object]) -> None:
    with pytest.raises(FieldError) as caught:
        store.runs(**query)  # type: ignore[arg-type]
    assert caught.value.field == field


@pytest.mark.parametrize(("value", "run_id"), [("a\0b", "0000000000"), ("a", "0\0")])
def test_a_cursor_with_nul_inside_is_refused(stocked: Store, value: str, run_id: str) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(["name", value, run_id]).encode()).decode()
    with pytest.raises(FieldError) as caught:
        stocked.runs(sort="name", cursor=cursor)
    assert caught.value.field == "cursor"


def test_runs_are_counted_by_state_without_those_in_the_bin(store: Store, spec: LotterySpec) -> None:
    assert store.count_runs() == {}
    made = [store.create_run(spec, name=str(i)).id for i in range(5)]
    store.cancel_run(made[0])
    store.cancel_run(made[1])
    store.bin_run(made[1])
    store.bin_run(made[2])
    assert store.count_runs() == {"queued": 2, "cancelled": 1}


def test_a_cursor_of_another_order_is_refused(stocked: Store) -> None:
    cursor = stocked.runs(limit=1).next
    with pytest.raises(FieldError, match="cursor"):
        stocked.runs(limit=1, sort="name", cursor=cursor)


def test_a_tag_with_a_comma_is_refused_as_a_filter(store: Store) -> None:
    for question in ({"tag": "a,b"}, {"q": 'tag:"a,b"'}):
        with pytest.raises(FieldError, match="comma"):
            store.runs(**question)  # type: ignore[arg-type]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(("field", "names"), [("lr", "abcd"), ("optimizer.lr", "abcd"), ("optimizer", "bcad")])
def test_runs_are_sorted_by_a_field_of_their_specs_and_paged(
    store: Store, spec: LotterySpec, field: str, names: str, *, descending: bool
) -> None:
    for name, kind, lr in (("c", "adam", 0.3), ("a", "sgd", 1e-4), ("b", "adam", 2e-3), ("d", "sgd", 2.0)):
        changes = {"optimizer": {"kind": kind, "lr": lr}}
        store.create_run(LotterySpec.model_validate({**spec.model_dump(mode="json"), **changes}), name=name)
    store.import_run(ImportedSpec(kind="imported", files=("a",), layers=1, levels=0), [[]], {}, name="none")
    sort = f"-{field}" if descending else field
    found, cursor = "", None
    while True:
        page = store.runs(sort=sort, limit=2, cursor=cursor)
        found += "".join(run.name[0] for run in page.items)
        cursor = page.next
        if cursor is None:
            break
    assert found[-1] == "n", "a run without the field comes last"
    if field == "optimizer":
        assert sorted(found[:2]) == (["a", "d"] if descending else ["b", "c"])
    else:
        assert found[:4] == (names[::-1] if descending else names)


def test_an_unknown_order_is_refused(store: Store) -> None:
    with pytest.raises(FieldError, match="a field of a spec or a measure"):
        store.runs(sort="speed_of_light")
    with pytest.raises(FieldError, match="cursor"):
        store.runs(sort="lr", cursor=base64.urlsafe_b64encode(json.dumps(["lr", "x", "r"]).encode()).decode())
