"""The login of the lab, with a real provider: who comes in, under which name and role, and who does not."""

import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from sqlalchemy import select

from app.store.identities import DEACTIVATED, NO_ACCOUNT, TAKEN
from app.store.people_tables import identities, users
from app.web.accounts import cookie
from app.web.accounts.oidc_page import AWAY
from tests.app.web.accounts.conftest import PASSWORD, Lab
from tests.app.web.accounts.lab_login import OF_THE_PROVIDER, browser, came_back, running, use

pytestmark = pytest.mark.filterwarnings(OF_THE_PROVIDER)
EVE = ("eve-1", {"preferred_username": "eve@lab.example", "email": "mia@lab.example", "groups": ["ticketscope-member"]})
SAM = ("sam-1", {"preferred_username": "mia", "groups": ["nothing"]})
TOM = ("tom-1", {"preferred_username": "../<b>", "groups": ["viewer", "admin"]})


def who(lab: Lab, answer: httpx.Response) -> tuple[str, str]:
    """Name and role of the session that an answer begins."""
    (session,) = re.findall(rf"{cookie.NAME}=([^;]+)", answer.headers["set-cookie"])
    visitor = lab.store.visitor(session)
    assert visitor is not None
    return visitor.name, visitor.role


def test_a_new_person_comes_in_with_the_role_of_the_setting_and_stays_the_same(lab: Lab) -> None:
    with running(lab, [EVE], oidc_new="member") as login:
        client = browser(lab)
        assert 'href="/login/oidc?next=/">Log in with the lab</a>' in client.get("/login").text
        answer = came_back(lab, login, "eve-1", "/login/oidc?next=/sweeps", client)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sweeps")
        assert "HttpOnly" in answer.headers["set-cookie"]
        assert who(lab, answer) == ("eve", "member")
        assert client.get("/").status_code == 200
        assert who(lab, came_back(lab, login, "eve-1")) == ("eve", "member")
    with lab.store._db.read() as conn:
        assert [row.issuer for row in conn.execute(select(identities))] == [login.issuer]
        assert "eve-1" not in str(conn.execute(select(identities)).all())
        assert conn.scalar(select(users.c.password).where(users.c.name == "eve")) == ""
    log = [(entry.action, entry.detail) for entry in lab.store.audit(person="eve")]
    assert log == [("log in", f"by {login.issuer[7:]}")] * 2 + [("join", f"member, by {login.issuer[7:]}")]


def test_a_person_without_a_password_gets_in_by_none(lab: Lab) -> None:
    with running(lab, [EVE], oidc_new="member") as login:
        client = browser(lab)
        came_back(lab, login, "eve-1", client=client)
        for password in ("", " ", "eve", PASSWORD):
            answer = browser(lab).post("/login", data={"name": "eve", "password": password})
            assert answer.status_code == 422
        page = client.get("/account").text
        assert "You have none: you log in with the lab." in page
        assert 'action="/account/password"' not in page


def test_the_request_carries_state_nonce_and_a_challenge_that_its_verifier_answers(lab: Lab) -> None:
    with running(lab, [EVE], oidc_new="viewer") as login:
        client = browser(lab)
        address = client.get("/login/oidc").headers["location"]
        sent = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert sent["response_type"] == "code"
        assert sent["scope"] == "openid profile"
        assert sent["code_challenge_method"] == "S256"
        assert sent["redirect_uri"].endswith("/login/oidc/done")
        assert len({sent["state"], sent["nonce"], sent["code_challenge"]}) == 3
        client.get(login.go(address, "eve-1"))
        (asked,) = login.asked
        assert create_s256_code_challenge(asked["code_verifier"][0]) == sent["code_challenge"]
        assert "client_secret" not in asked
    other = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert other["state"] == sent["state"]


def test_without_a_role_for_the_new_an_invitation_is_needed(lab: Lab) -> None:
    with running(lab, [EVE, SAM]) as login:
        answer = came_back(lab, login, "eve-1")
        assert answer.status_code == 409
        assert NO_ACCOUNT in answer.text
        assert cookie.NAME not in answer.headers.get("set-cookie", "")
        link = lab.store.invite("viewer", lab.ids["ada"])
        client = browser(lab)
        (way,) = re.findall(r'href="(/login/oidc\?link=[^"]+)"', client.get("/join", params={"link": link}).text)
        assert who(lab, came_back(lab, login, "eve-1", way, client)) == ("eve", "viewer")
        assert came_back(lab, login, "sam-1", way).status_code == 409  # it works once
        password = lab.store.invite_again("mia", lab.ids["ada"])
        assert came_back(lab, login, "sam-1", f"/login/oidc?link={password}").status_code == 409


def test_nobody_takes_the_account_of_another_by_name_or_address(lab: Lab) -> None:
    """A name that is taken gets a number, and an address of e-mail says nothing."""
    with running(lab, [EVE, SAM, TOM], oidc_new="viewer") as login:
        names = [who(lab, came_back(lab, login, subject)) for subject in ("eve-1", "sam-1", "tom-1")]
    assert names == [("eve", "viewer"), ("mia-2", "viewer"), ("member", "viewer")]
    assert lab.store.person(lab.ids["mia"]).role == "member"


def test_a_claim_says_the_role_at_each_login(lab: Lab) -> None:
    people = [EVE, SAM, TOM]
    with running(lab, people, oidc_role_claim="groups", oidc_new="viewer") as login:
        assert who(lab, came_back(lab, login, "eve-1")) == ("eve", "member")
        assert who(lab, came_back(lab, login, "tom-1")) == ("member", "admin")
        assert came_back(lab, login, "sam-1").status_code == 422  # it says none
        login.change = lambda _, claims: claims.update(groups="viewer")
        assert who(lab, came_back(lab, login, "eve-1")) == ("eve", "viewer")
        # The last admin stays one, whatever it says.
        lab.store.change_person(lab.ids["ada"], role="member")
        assert who(lab, came_back(lab, login, "tom-1")) == ("member", "admin")


def test_a_deactivated_person_does_not_come_back(lab: Lab) -> None:
    with running(lab, [EVE], oidc_new="viewer") as login:
        came_back(lab, login, "eve-1")
        (eve,) = [person.id for person in lab.store.people_page("eve", "", 2)]
        lab.store.change_person(eve, active=False)
        answer = came_back(lab, login, "eve-1")
        assert answer.status_code == 409
        assert DEACTIVATED in answer.text
        assert cookie.NAME not in answer.headers.get("set-cookie", "")


def test_an_account_is_connected_by_its_own_session_only(lab: Lab) -> None:
    with running(lab, [EVE]) as login:
        mia = lab.client("mia")

        def connecting(client: httpx.Client) -> tuple[str, str]:
            answer = client.post("/account/oidc")
            assert answer.status_code == 200
            (cookies,) = re.findall(r"(ticketscope_login=[^;]+)", answer.headers["set-cookie"])
            return answer.headers["refresh"].partition("url=")[2], cookies

        address, began = connecting(mia)
        back = login.go(address, "eve-1")
        for session in ("", f"{cookie.NAME}={lab.sessions['max']}; "):  # another browser, another person
            headers = {"Cookie": f"{session}{began}"}
            assert browser(lab).get(back, headers=headers).status_code == 422
        headers = {"Cookie": f"{cookie.NAME}={lab.sessions['mia']}; {began}"}
        assert browser(lab).get(back, headers=headers).headers["location"] == "/account?changed=connected"
        assert who(lab, came_back(lab, login, "eve-1")) == ("mia", "member")
        # Another person cannot connect the same login; who has a password can disconnect it.
        address, began = connecting(lab.client("max"))
        headers = {"Cookie": f"{cookie.NAME}={lab.sessions['max']}; {began}"}
        answer = browser(lab).get(login.go(address, "eve-1"), headers=headers)
        assert answer.status_code == 409
        assert TAKEN in answer.text
        lab.log_in_again("mia")
        assert "Disconnect it" in lab.client("mia").get("/account").text
        lab.client("mia").post("/account/oidc/remove")
        assert came_back(lab, login, "eve-1").status_code == 409


def test_who_has_no_password_keeps_the_login(lab: Lab) -> None:
    with running(lab, [EVE], oidc_new="viewer") as login:
        client = browser(lab)
        came_back(lab, login, "eve-1", client=client)
        csrf = cookie.csrf_of(client.cookies[cookie.NAME])
        answer = client.post("/account/oidc/remove", headers={"X-CSRF-Token": csrf})
        assert answer.status_code == 409
        assert came_back(lab, login, "eve-1").status_code == 303


def test_logout_ends_the_session_here_and_leads_to_the_logout_there(lab: Lab) -> None:
    with running(lab, [EVE], oidc_new="viewer") as login:
        mia = lab.client("mia")
        assert mia.post("/logout").headers["location"] == "/login?out=1"
        assert lab.store.visitor(lab.sessions["mia"]) is None
        page = browser(lab).get("/login?out=1").text
        assert 'href="/login/oidc/out"' in page
        there = browser(lab).get("/login/oidc/out").headers["location"]
        assert there.startswith(f"{login.issuer}/oauth2/end_session?client_id=ticketscope&post_logout_redirect_uri=")
        assert httpx.get(there, trust_env=False).status_code == 200


def test_without_the_provider_passwords_work_and_the_page_says_so(lab: Lab) -> None:
    use(lab, "http://127.0.0.1:1")
    client = browser(lab)
    assert client.get("/login").status_code == 200
    answer = client.get("/login/oidc")
    assert answer.status_code == 503
    assert AWAY in answer.text
    assert 'name="password"' in answer.text
    assert client.post("/login", data={"name": "mia", "password": PASSWORD}).status_code == 303
    assert client.get("/login/oidc/out").headers["location"] == "/login"


@pytest.mark.parametrize("path", ["/login/oidc", "/login/oidc/done", "/login/oidc/out"])
def test_there_is_none_where_none_is_set(lab: Lab, path: str) -> None:
    assert browser(lab).get(path).status_code == 404
    assert "Log in with" not in browser(lab).get("/login").text
