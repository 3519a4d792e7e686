"""What happens is sent, once, to a real web server and a real mail server; what fails is tried again."""

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import update

from app.records import Run
from app.sending import mail
from app.sending.addresses import RefusedError
from app.sending.sender import Sender
from app.settings import Settings
from app.store import Store, notifying
from app.store.notice_tables import deliveries
from tests.app.conftest import Hand
from tests.app.sending.servers import Hook, Mailbox, served


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    with served(hook):
        yield hook


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    mailbox = Mailbox()
    with served(mailbox):
        yield mailbox


@pytest.fixture
def sender(store: Store, settings: Settings, mailbox: Mailbox) -> Sender:
    set_ = settings.model_copy(
        update={
            "webhook_allow": ("127.0.0.1",), "url": "https://tickets.example/lab/",
            "smtp_url": type(settings.smtp_url)(mailbox.url), "mail_from": "tickets@lab.example",
        }
    )  # fmt: skip
    return Sender(store, set_)


def failed(store: Store, hand: Hand) -> Run:
    """A run that has failed for good."""
    run = hand.run()
    store.update_run(run.id, name="<!channel> & “co”")
    store.fail(hand.claim.shard_id, hand.claim.token, "out of memory\nand more", "", final=True)
    return run


def due(store: Store) -> None:
    with store._db.write() as conn:
        conn.execute(update(deliveries).where(deliveries.c.due_at.is_not(None)).values(due_at=0.0))


def test_a_failure_is_sent_once_to_each_place(
    store: Store, hand: Hand, sender: Sender, hook: Hook, mailbox: Mailbox
) -> None:
    store.add_channel("webhook", hook.url)
    store.add_channel("email", "ada@lab.example")
    run = failed(store, hand)
    sender.look()
    due(store)
    sender.look()
    [body] = hook.bodies
    assert json.loads(body) == {
        "text": "“&lt;!channel&gt; &amp; “co”” has failed: replicate 0: out of memory\n"
        f"https://tickets.example/lab/runs/{run.id}"
    }
    [(to, sent)] = mailbox.mails
    assert to == ["rcpt TO:<ada@lab.example>"]
    assert "From: tickets@lab.example" in sent
    assert f".{run.id}@ticketscope>" in sent
    assert [notice.kind for notice in store.notices()] == ["failed"]
    assert [channel.error for channel in store.channels()] == ["", ""]


def test_what_fails_is_tried_again_until_the_last_time(store: Store, hand: Hand, sender: Sender, hook: Hook) -> None:
    store.add_channel("webhook", hook.url)
    hook.answers = [(503, "")] * 2
    failed(store, hand)
    sender.look()
    sender.look()  # not due yet
    assert len(hook.bodies) == 1
    assert "answered 503" in store.channels()[0].error
    for _ in range(4):
        due(store)
        sender.look()
    assert len(hook.bodies) == 3
    assert store.channels()[0].error == ""
    hook.answers = [(500, "")] * 20
    store.test_channel(store.channels()[0].id)
    for _ in range(10):
        due(store)
        sender.look()
    assert len(hook.bodies) == 3 + notifying.TRIES


def test_what_was_taken_by_a_process_that_died_is_sent_by_another(
    store: Store, hand: Hand, sender: Sender, hook: Hook
) -> None:
    store.add_channel("webhook", hook.url)
    failed(store, hand)
    assert len(store.due_deliveries()) == 1
    assert store.due_deliveries() == []  # nobody else takes it meanwhile
    sender.look()
    assert hook.bodies == []
    due(store)
    sender.look()
    assert len(hook.bodies) == 1


def test_a_place_inside_is_refused_once_and_says_why(store: Store, settings: Settings, hook: Hook) -> None:
    store.add_channel("webhook", hook.url)
    store.test_channel(store.channels()[0].id)
    strict = Sender(store, settings)
    for _ in range(3):
        strict.look()
        due(store)
    assert "TICKETSCOPE_WEBHOOK_ALLOW" in store.channels()[0].error
    assert hook.bodies == []


def test_a_recipient_that_is_refused_says_why(store: Store, sender: Sender, mailbox: Mailbox) -> None:
    store.add_channel("email", "x@refused.example")
    store.test_channel(store.channels()[0].id)
    sender.look()
    assert "nobody of this name" in store.channels()[0].error
    assert mailbox.mails == []


@pytest.mark.parametrize("to", ["a@b.c\r\nBcc: x@y.z", "a@b.c\nX: y"])
def test_no_header_can_be_added(to: str) -> None:
    with pytest.raises(RefusedError):
        mail.message("me@b.c", to, "text", "<1@x>")
    with pytest.raises(RefusedError):
        mail.message(to, "me@b.c", "text", "<1@x>")
    sent = mail.message("me@b.c", "a@b.c", f"has {to}", "<1@x>").as_string()
    assert "\nBcc:" not in sent.partition("\n\n")[0]
    assert "\nX:" not in sent.partition("\n\n")[0]
