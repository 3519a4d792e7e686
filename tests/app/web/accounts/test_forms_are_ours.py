"""A form counts only with the token of its session: another site, or another session, has none."""

import asyncio
import re

import httpx
import pytest
from jinja2 import Environment
from starlette.datastructures import Headers
from starlette.types import Message

from app.files import TEMPLATES
from app.web.accounts import cookie
from app.web.core import tokens
from app.web.core.body import MAX_BODY_BYTES, STREAMED
from app.web.core.tokens import FIELD, TokenInForms
from tests.app.conftest import Hand
from tests.app.web.accounts.conftest import Lab

URLENCODED = "application/x-www-form-urlencoded"


def browser(lab: Lab) -> httpx.Client:
    """A browser of mia's without the header that scripts send."""
    client = lab.client("mia")
    del client.headers["X-CSRF-Token"]
    return client


def token(lab: Lab, who: str = "mia") -> str:
    return cookie.csrf_of(lab.sessions[who])


@pytest.mark.parametrize("sent", ["nothing", "empty", "of another", "in a query", "as JSON"])
def test_a_request_without_the_token_is_refused(lab: Lab, hand: Hand, sent: str) -> None:
    run = hand.run(start=False)
    lab.give(run.id, "mia")
    client, path = browser(lab), f"/runs/{run.id}/cancel"
    answer = {
        "nothing": lambda: client.post(path),
        "empty": lambda: client.post(path, data={FIELD: ""}),
        "of another": lambda: client.post(path, data={FIELD: token(lab, "max")}),
        "in a query": lambda: client.post(path, params={FIELD: token(lab)}),
        "as JSON": lambda: client.post(path, json={FIELD: token(lab)}),
    }[sent]()
    assert answer.status_code == 403
    assert lab.store.run(run.id).state == "queued"
    assert client.post(path, data={FIELD: token(lab)}).status_code == 303
    assert lab.store.run(run.id).state == "cancelled"


def test_the_token_reaches_no_route_and_the_fields_do(lab: Lab, hand: Hand) -> None:
    run = hand.run(start=False)
    lab.give(run.id, "mia")
    for body in (f"{FIELD}={token(lab)}&name=one&tags=a&notes=", f"name=two&tags=a&{FIELD}={token(lab)}&notes=n"):
        answer = browser(lab).post(f"/runs/{run.id}/edit", content=body, headers={"Content-Type": URLENCODED})
        assert answer.status_code == 303, answer.text
    assert (lab.store.run(run.id).name, lab.store.run(run.id).notes) == ("two", "n")


@pytest.mark.parametrize("path", ["/import", "/archives"])
def test_an_upload_carries_the_token_in_its_first_field(lab: Lab, path: str) -> None:
    file = {"file" if path == "/archives" else "files": ("x", b"no archive" * 2_000)}
    answers = [
        browser(lab).post(path, data=fields, files=file).status_code
        for fields in ({}, {FIELD: token(lab, "max")}, {FIELD: token(lab)})
    ]
    assert answers[:2] == [403, 403]
    assert answers[2] in (400, 422)


def test_another_site_is_refused_even_with_the_token(lab: Lab) -> None:
    for header in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert browser(lab).post("/logout", data={FIELD: token(lab)}, headers=header).status_code == 403
        assert browser(lab).post("/login", data={"name": "eve", "password": ""}, headers=header).status_code == 403
    assert lab.store.visitor(lab.sessions["mia"]) is not None


def test_a_script_with_a_token_of_the_api_needs_none(lab: Lab) -> None:
    assert lab.client("write").post("/api/v1/runs", json={"preset": "digits-tickets"}).status_code == 201


def test_every_form_that_a_template_posts_gets_the_field() -> None:
    extension = TokenInForms(Environment(autoescape=True))
    n = 0
    for file in TEMPLATES.rglob("*.html"):
        source = file.read_text()
        forms = len(re.findall(r"<form\b(?=[^<]*method=\"post\")", source, re.IGNORECASE))
        assert extension.preprocess(source, file.name).count("{{ csrf_field }}") == forms, file
        n += forms
    assert n > 25


def test_every_form_of_a_page_carries_the_token(lab: Lab, hand: Hand) -> None:
    run = hand.run(start=False)
    field = f'<input type="hidden" name="{FIELD}" value="{token(lab)}">'
    for path in ("/", "/new", "/presets", "/bin", "/import", "/archives", f"/runs/{run.id}", "/hardware", "/sweeps"):
        page = browser(lab).get(path).text
        forms = re.findall(r'<form\b[^>]*method="post"[^>]*>(.{0,200})', page, re.DOTALL)
        assert forms, path
        assert [form for form in forms if not form.startswith(field)] == [], path


def test_a_body_that_is_too_long_is_refused_before_its_token_was_read(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(STREAMED, "/import", 1_000)
    for kind in (URLENCODED, "multipart/form-data; boundary=b"):
        headers = {"Content-Type": kind, "Content-Length": "900"}  # more comes than was announced
        answer = browser(lab).post("/import", content=b"x" * 8_100, headers=headers)
        assert (answer.status_code, "1,000 bytes" in answer.text) == (413, True)


@pytest.mark.parametrize("kind", [URLENCODED, "multipart/form-data; boundary=b"])
def test_no_more_of_an_upload_is_kept_than_a_form_may_have(kind: str) -> None:
    part, n = b"x" * 2**16, 0

    async def receive() -> Message:
        nonlocal n
        n += 1
        return {"type": "http.request", "body": part, "more_body": n < 1_000}

    assert asyncio.run(tokens.carried(Headers({"Content-Type": kind}), receive, "token")) is None
    assert n * len(part) <= MAX_BODY_BYTES + len(part)
