"""A browser that has a page gets its live parts again, and of them only those that have changed."""

import re

import httpx
import pytest

from app.store import Store
from app.web.core.live_parts import changed
from tests.app.conftest import Hand
from tests.app.masked_run import write_run

SHAPES = {"fc1": (8, 6), "fc2": (4, 8)}
TABS = ("curves", "training", "masks", "overlap", "movement", "spec")


def refreshed(client: httpx.Client, path: str, *known: str) -> dict[str, str]:
    """The parts that come, by id."""
    text = client.get(path, headers={"X-Live": " ".join(("unasked", *known))}).text
    parts = re.findall(r'<div data-tag="(\w+)">(.*?)</div>\n(?=<div data-tag|$)', text, re.DOTALL)
    assert "".join(f'<div data-tag="{tag}">{part}</div>\n' for tag, part in parts) == text
    return {found[1]: part for _, part in parts if (found := re.match(r'<\w+ [^>]*?\bid="([\w-]+)"', part))}


def tags(client: httpx.Client, path: str) -> list[str]:
    return re.findall(r'<div data-tag="(\w+)">', client.get(path, headers={"X-Live": "unasked"}).text)


def test_parts_are_whole_elements() -> None:
    page = '<p id="a" data-live>x<br></p><div class="b"><div id="c" data-live><div>y</div><p>z</p></div>w</div>'
    parts = re.sub(r' data-tag="\w{12}"', "", changed(page, ()))
    assert (
        parts
        == '<div><p id="a" data-live>x<br></p></div>\n<div><div id="c" data-live><div>y</div><p>z</p></div></div>\n'
    )


@pytest.mark.parametrize("tab", TABS)
def test_every_live_part_comes_as_it_is_in_the_page(client: httpx.Client, store: Store, tab: str) -> None:
    run = write_run(store, SHAPES, replicates=2, finish=False)
    path = f"/runs/{run.id}?tab={tab}"
    page = client.get(path).text
    parts = refreshed(client, path)
    live = re.findall(r'<[^>]* id="([\w-]+)"[^>]* data-live(?!="asked")', page)
    assert sorted(parts) == sorted(live)
    assert {"state", "progress", "acts"} <= set(parts)
    for part in parts.values():
        assert part in page


def test_what_has_not_changed_is_not_sent_again(client: httpx.Client, hand: Hand, store: Store) -> None:
    path = f"/runs/{hand.run().id}"
    known = tags(client, path)
    assert client.get(path, headers={"X-Live": " ".join(known)}).content == b""
    store.update_run(hand.claim.run_id, name="another name")
    assert list(refreshed(client, path, *known)) == ["name"]
    hand.outcome(0, 1.0, 0.9)
    hand.outcome(1, 0.8, 0.8)
    assert set(refreshed(client, path, *known)) == {"name", "verdict-say", "verdict"}


def test_the_log_is_sent_only_to_a_reader_who_asks(client: httpx.Client, hand: Hand) -> None:
    path = f"/runs/{hand.run().id}?tab=log"
    assert "log" not in refreshed(client, path)
    assert 'id="log"' in client.get(path, headers={"X-Live": "asked"}).text


@pytest.mark.parametrize("path", ["/", "/workers"])
def test_a_table_is_sent_alone(client: httpx.Client, hand: Hand, path: str) -> None:
    hand.run()
    assert list(refreshed(client, path)) == ["live"]
