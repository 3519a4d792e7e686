"""What the login of the lab does not accept: each with a real provider whose answers are tampered with."""

import base64
import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from app.web.accounts import cookie, oidc
from app.web.accounts.oidc_page import COOKIE
from tests.app.web.accounts.conftest import Lab
from tests.app.web.accounts.lab_login import OF_THE_PROVIDER, SECRET, Change, Login, browser, came_back, running, use

pytestmark = pytest.mark.filterwarnings(OF_THE_PROVIDER)
EVE = ("eve-1", {"preferred_username": "eve"})
OTHER_KEY = RSAKey.generate_key(2048)


@pytest.fixture
def login(lab: Lab) -> Iterator[Login]:
    with running(lab, [EVE], oidc_new="viewer") as login:
        yield login


def refused(lab: Lab, answer: Any, status: int = 422) -> None:
    assert answer.status_code == status, answer.text
    assert cookie.NAME not in answer.headers.get("set-cookie", "")
    assert [person.name for person in lab.store.people_page("eve", "", 9)] == []


def _claims(**changed: object) -> Change:
    def change(_: dict[str, Any], claims: dict[str, Any]) -> None:
        claims |= {name: value for name, value in changed.items() if value is not None}
        for name in [name for name, value in changed.items() if value is None]:
            claims.pop(name, None)

    return change


def _unsigned(_: dict[str, Any], claims: dict[str, Any]) -> str:
    header, body = (base64.urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=") for part in ({"alg": "none"}, claims))
    return f"{header.decode()}.{body.decode()}."


def _by_the_secret(_: dict[str, Any], claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET), algorithms=["HS256"])


def _by_another_key(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return jwt.encode(header, claims, OTHER_KEY)


TAMPERED: dict[str, Change] = {
    "another issuer": _claims(iss="https://evil.example"),
    "no issuer": _claims(iss=None),
    "another audience": _claims(aud="another"),
    "another audience and ours for another party": _claims(aud=["ticketscope", "another"], azp="another"),
    "no audience": _claims(aud=None),
    "another nonce": _claims(nonce="x" * 64),
    "no nonce": _claims(nonce=None),
    "expired": _claims(exp=int(time.time()) - 3_600),
    "no end": _claims(exp=None),
    "of the future": _claims(iat=int(time.time()) + 3_600, nbf=int(time.time()) + 3_600),
    "nobody": _claims(sub=None),
    "no text": _claims(sub=["eve-1"]),
    "not signed": _unsigned,
    "signed by the shared secret": _by_the_secret,
    "signed by another key": _by_another_key,
    "no token": lambda *_: "x",
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_token_that_proves_nothing_is_refused(lab: Lab, login: Login, how: str) -> None:
    login.change = TAMPERED[how]
    refused(lab, came_back(lab, login, "eve-1"))


def test_a_token_within_the_leeway_of_clocks_is_accepted(lab: Lab, login: Login) -> None:
    login.change = _claims(exp=int(time.time()) - 30)
    assert came_back(lab, login, "eve-1").status_code == 303


def test_a_state_of_another_browser_or_of_none_is_refused(lab: Lab, login: Login) -> None:
    """An attacker's login, sent to somebody else's browser, does not make that browser the attacker's."""
    client, victim = browser(lab), browser(lab)
    back = login.go(client.get("/login/oidc").headers["location"], "eve-1")
    refused(lab, victim.get(back))
    victim.get("/login/oidc")
    refused(lab, victim.get(back))
    for cookies in ("x", "....", "e30.e30.e30.e30", "\u00e9"):
        refused(lab, browser(lab).get(back, headers=[(b"Cookie", f"{COOKIE}={cookies}".encode())]))
    refused(lab, client.get(back.replace("state=", "state=x")))
    assert login.asked == []  # the code was brought to nobody
    assert client.get(back).status_code == 303


def test_a_code_works_once(lab: Lab, login: Login) -> None:
    client = browser(lab)
    address = client.get("/login/oidc").headers["location"]
    back, began = login.go(address, "eve-1"), client.cookies[COOKIE]
    assert client.get(back).status_code == 303
    assert COOKIE not in client.cookies
    again = browser(lab).get(back, headers={"Cookie": f"{COOKIE}={began}"})
    assert again.status_code == 422
    assert cookie.NAME not in again.headers.get("set-cookie", "")


def test_a_person_who_says_no_comes_back_to_the_login(lab: Lab, login: Login) -> None:
    client = browser(lab)
    client.get("/login/oidc")
    refused(lab, client.get("/login/oidc/done?error=access_denied&state=x"))


@pytest.mark.parametrize("to", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_it_leads_to_no_other_site(lab: Lab, login: Login, to: str) -> None:
    client = browser(lab)
    address = client.get("/login/oidc", params={"next": to}).headers["location"]
    assert client.get(login.go(address, "eve-1")).headers["location"] == "/"


def test_a_session_that_was_planted_is_not_the_one_after_it(lab: Lab, login: Login) -> None:
    planted = lab.store.log_in(lab.ids["max"], "max", "", "")
    client = browser(lab)
    client.cookies.set(cookie.NAME, planted)
    came_back(lab, login, "eve-1", client=client)
    assert lab.store.visitor(planted) is None


def test_no_browser_has_it_ask_the_provider_without_an_end(lab: Lab, login: Login) -> None:
    login.change = TAMPERED["another nonce"]
    answers = [came_back(lab, login, "eve-1").status_code for _ in range(12)]
    assert answers == [422] * 10 + [429] * 2
    assert len(login.asked) == 10


def test_an_issuer_that_calls_itself_otherwise_is_not_asked_for_anything(lab: Lab, login: Login) -> None:
    use(lab, login.issuer.replace("127.0.0.1", "localhost") + "/")
    answer = browser(lab).get("/login/oidc")
    assert answer.status_code == 503


def test_addresses_that_others_could_read_are_not_used(lab: Lab, login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    real = oidc._fetched
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        for address in ("http://evil.example/x", "file:///etc/passwd", "", None, "https://evil.example"):
            monkeypatch.setattr(oidc, "_fetched", lambda at, name=name, to=address: {**real(at), name: to})
            use(lab, login.issuer)
            assert browser(lab).get("/login/oidc").status_code == 503, (name, address)


def test_new_keys_are_learned_and_no_secret_is_logged(
    lab: Lab, login: Login, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("DEBUG")
    came_back(lab, login, "eve-1")
    monkeypatch.setattr(oidc, "RENEWED_S", 0.0)
    monkeypatch.setattr(lab.app.state.oidc, "_keys", (time.monotonic() - 1, _keys_of(OTHER_KEY)))
    client = browser(lab)
    address = client.get("/login/oidc").headers["location"]
    back = login.go(address, "eve-1")
    assert client.get(back).status_code == 303
    login.change = TAMPERED["another nonce"]
    came_back(lab, login, "eve-1")
    code = back.partition("code=")[2].partition("&")[0]
    others = ("werkzeug", "oidc_provider_mock", "httpx", "httpcore", "authlib")  # of the provider and this browser
    own = [record.getMessage() for record in caplog.records if not record.name.startswith(others)]
    assert any("the ID token" in line for line in own)
    assert [line for line in own if code in line or SECRET in line or "eve-1" in line] == []


def _keys_of(key: RSAKey) -> Any:
    from joserfc.jwk import KeySet

    return KeySet([key])
