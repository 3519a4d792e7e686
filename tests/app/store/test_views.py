"""Views of the board under a name, on both databases."""

from urllib.parse import urlencode

import pytest

from app.contract.experiment import FieldError
from app.store import Conflict, NotFound, Store

QUERY = urlencode({"q": "state:failed lr>0.1", "sort": "-accuracy@5%", "columns": "lr,accuracy", "group": "optimizer"})


def test_views_are_listed_by_name_and_keep_what_a_view_is(store: Store) -> None:
    failed = store.save_view("  Failed today ", f"?{QUERY}&cursor=x&unsaved=1&binned=2")
    assert (failed.name, failed.query) == ("Failed today", QUERY)
    store.save_view("all", "")
    assert [view.name for view in store.views()] == ["all", "Failed today"]


def test_a_view_of_the_same_name_is_replaced(store: Store) -> None:
    first = store.save_view("mine", "state=failed")
    second = store.save_view("mine", QUERY)
    assert (first.id, second.query) == (second.id, QUERY)
    assert store.views() == [second]


def test_a_deleted_view_can_be_restored_unless_its_name_is_taken(store: Store) -> None:
    view = store.save_view("mine", QUERY)
    assert store.discard_view(view.id) == view
    assert store.views() == []
    assert store.restore_view(view.id) == view
    assert store.views() == [view]
    store.discard_view(view.id)
    store.save_view("mine", "state=failed")
    with pytest.raises(Conflict, match="another view “mine”"):
        store.restore_view(view.id)
    for act in (store.discard_view, store.restore_view):
        with pytest.raises(NotFound, match="no view nothing"):
            act("nothing")


@pytest.mark.parametrize(
    ("name", "query", "field", "words"),
    [
        ("", "", "name", "must not be empty"),
        ("x" * 81, "", "name", "at most 80"),
        ("a\nb", "", "name", "line|control"),
        ("mine", "q=" + "x" * 5_000, "query", "at most 4,000"),
        ("mine", "q=(open", "query", "cannot be read: at character 1"),
        ("mine", "q=a%00b", "query", "control character"),
    ],
)
def test_bad_names_and_queries_are_refused_by_field(
    store: Store, name: str, query: str, field: str, words: str
) -> None:
    with pytest.raises(FieldError, match=words) as error:
        store.save_view(name, query)
    assert error.value.field == field
    assert store.views() == []


def test_there_are_at_most_so_many(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.store.views.MOST", 1)
    view = store.save_view("one", "")
    store.save_view("one", QUERY)
    with pytest.raises(Conflict, match="delete one first"):
        store.save_view("two", "")
    assert [each.id for each in store.views()] == [view.id]
