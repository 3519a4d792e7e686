"""What a run may rest on: a ticket of another run is refused, by its field, unless it can be read."""

import httpx
import pytest

from app.store import Store
from tests.app.conftest import Hand


@pytest.fixture
def saved(hand: Hand) -> str:
    """A run of three levels whose level 1 is saved."""
    run = hand.run()
    hand.save("ticket", b"weights", level=1)
    return run.id


def submit(client: httpx.Client, ticket: str) -> httpx.Response:
    return client.post("/api/v1/runs", json={"spec": {"kind": "hardware", "layers": [], "ticket": ticket}})


def test_a_saved_ticket_is_taken(client: httpx.Client, saved: str) -> None:
    answer = submit(client, f"{saved}:0:1")
    assert answer.status_code == 201, answer.text
    assert answer.json()["spec"]["ticket"] == f"{saved}:0:1"
    assert answer.json()["name"] == f"Hardware: ticket {saved}:0:1 on random inputs"
    assert client.post(f"/api/v1/runs/{answer.json()['id']}/clone").status_code == 201


@pytest.mark.parametrize(
    ("ticket", "words"),
    [
        ("nowhere:0:1", "there is no run nowhere"),
        ("{run}:1:1", "has replicates 0 to 0"),
        ("{run}:0:3", "has levels 0 to 2"),
        ("{run}:0:2", "has not saved level 2 of replicate 0"),
        ("{run}", "is not the address of a ticket"),
        ("{other}:0:0", "is of kind hardware"),
    ],
)
def test_another_one_is_refused_by_its_field(
    client: httpx.Client, store: Store, saved: str, ticket: str, words: str
) -> None:
    other = client.post("/api/v1/runs", json={"preset": "hardware-lenet"}).json()["id"]
    before = store.count_runs()
    answer = submit(client, ticket.format(run=saved, other=other))
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["path"]) == (422, "ticket")
    assert words in error["message"]
    assert store.count_runs() == before


def test_the_form_blames_the_ticket_too(client: httpx.Client, saved: str) -> None:
    page = client.post("/new", data={"kind": "hardware", "ticket": f"{saved}:0:2"})
    assert page.status_code == 422
    assert "has not saved level 2 of replicate 0" in page.text
    assert 'id="f-ticket-error"' in page.text
