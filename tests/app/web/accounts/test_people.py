"""The page of people and one's own page: links and tokens shown once, roles, passwords."""

import re
from html import unescape

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, insert, select

from app.store import Store
from app.store.errors import Conflict
from app.store.people import LAST
from app.store.people_tables import invitations, users
from app.web.accounts import cookie
from app.web.accounts.rules import NEEDS
from tests.app.in_process import in_process
from tests.app.web.accounts.conftest import PASSWORD, Lab

HTML = {"Accept": "text/html"}


def shown(answer: httpx.Response) -> str:
    """The secret of a page that shows one."""
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    (secret,) = re.findall(r'<div class="notice secret".*?<code>(.*?)</code>', answer.text, re.DOTALL)
    return unescape(secret)


@pytest.mark.parametrize("role", ["viewer", "member", "admin"])
def test_an_invited_person_comes_in_with_the_role(lab: Lab, role: str) -> None:
    ada = lab.client("ada")
    link = shown(ada.post("/people/invite", data={"role": role}))
    assert link.startswith("http://127.0.0.1:8000/join?link=")
    assert link not in ada.get("/people").text
    new = in_process(lab.app)
    assert f"As {'an' if role == 'admin' else 'a'} {role}" in new.get(link).text
    data = {"link": link.partition("link=")[2], "name": "new", "password": PASSWORD, "again": PASSWORD}
    assert new.post("/join", data=data).status_code == 303
    assert [each.role for each in lab.store.people_page("", "", 100) if each.name == "new"] == [role]
    assert ("/people" in new.get("/").text) == (role == "admin")
    assert new.get("/people").status_code == (200 if role == "admin" else 403)


def test_a_role_that_there_is_not_is_refused(lab: Lab) -> None:
    for path in ("/people/invite", f"/people/{lab.ids['mia']}/role"):
        assert lab.client("ada").post(path, data={"role": "king"}).status_code == 422
        assert lab.client("ada").post(path).status_code == 422
    assert lab.store.person(lab.ids["mia"]).role == "member"


def test_a_role_is_changed_and_an_account_deactivated_and_back(lab: Lab) -> None:
    ada, mia = lab.client("ada"), lab.ids["mia"]
    assert ada.post(f"/people/{mia}/role", data={"role": "viewer"}).headers["location"] == "/people"
    assert lab.store.person(mia).role == "viewer"
    ada.post(f"/people/{mia}/deactivate")
    assert "deactivated viewer" in ada.get("/people").text
    assert ada.post(f"/people/{mia}/link").status_code == 409
    ada.post(f"/people/{mia}/reactivate")
    assert in_process(lab.app).post("/login", data={"name": "mia", "password": PASSWORD}).status_code == 303
    assert ada.post("/people/none/role", data={"role": "viewer"}).status_code == 404


def test_the_last_admin_cannot_be_removed_by_the_page(lab: Lab) -> None:
    for path, data in (
        (f"/people/{lab.ids['ada']}/role", {"role": "viewer"}),
        (f"/people/{lab.ids['ada']}/deactivate", {}),
    ):
        answer = lab.client("ada").post(path, data=data, headers=HTML)
        assert answer.status_code == 409
        assert LAST in unescape(answer.text)
    with pytest.raises(Conflict):
        lab.store.change_person(lab.ids["ada"], active=False)


def test_a_link_for_a_new_password_is_for_that_person_only(lab: Lab) -> None:
    link = shown(lab.client("ada").post(f"/people/{lab.ids['mia']}/link"))
    browser = in_process(lab.app)
    assert "A new password for mia" in browser.get(link).text
    data = {
        "link": link.partition("link=")[2],
        "name": "ada",
        "password": "another long one",
        "again": "another long one",
    }
    assert browser.post("/join", data=data).status_code == 303
    assert in_process(lab.app).post("/login", data={"name": "mia", "password": "another long one"}).status_code == 303
    assert in_process(lab.app).post("/login", data={"name": "ada", "password": "another long one"}).status_code == 422
    assert lab.client("mia").get("/api/v1/runs").status_code == 401  # the sessions of before


def test_a_token_is_shown_once_and_works_until_it_is_revoked(lab: Lab) -> None:
    mia = lab.client("mia")
    token = shown(mia.post("/account/tokens", data={"name": "<b>my script</b>", "scope": "write", "days": "30"}))
    page = mia.get("/account").text
    assert token not in page
    assert "&lt;b&gt;my script&lt;/b&gt;" in page
    assert "<b>my script</b>" not in page
    script = in_process(lab.app)
    script.headers["Authorization"] = f"Bearer {token}"
    assert script.post("/api/v1/runs", json={"preset": "digits-tickets"}).status_code == 201
    newest = lab.store.tokens_of(lab.ids["mia"])[0]
    assert lab.client("max").post(f"/account/tokens/{newest.id}/revoke").status_code == 404
    assert script.get("/api/v1/runs").status_code == 200
    assert mia.post(f"/account/tokens/{newest.id}/revoke").status_code == 303
    assert script.get("/api/v1/runs").status_code == 401


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", "x" * 81), ("scope", "all"), ("days", "0"), ("days", "999"), ("days", "-1"), ("days", "²"),
     ("days", "9" * 5_000)],
)  # fmt: skip
def test_a_token_that_makes_no_sense_is_refused_with_its_field(lab: Lab, field: str, value: str) -> None:
    n = len(lab.store.tokens_of(lab.ids["mia"]))
    data = {"name": "script", "scope": "read", "days": "30", field: value}
    answer = lab.client("mia").post("/account/tokens", data=data)
    assert answer.status_code == 422
    assert 'class="error"' in answer.text
    assert len(lab.store.tokens_of(lab.ids["mia"])) == n


def test_a_password_is_changed_by_who_knows_it(lab: Lab) -> None:
    mia = lab.client("mia")
    other = lab.store.log_in(lab.ids["mia"], "mia", "", "")
    new = {"password": "another long one", "again": "another long one"}
    for wrong in (
        {"now": "wrong"},
        {"now": PASSWORD, "again": "x"},
        {"now": PASSWORD, "password": "short", "again": "short"},
    ):
        answer = mia.post("/account/password", data={**new, **wrong})
        assert (answer.status_code, 'aria-invalid="true"' in answer.text) == (422, True)
    answer = mia.post("/account/password", data={**new, "now": PASSWORD})
    assert answer.status_code == 303
    session = answer.headers["set-cookie"].split(";")[0].partition("=")[2]
    assert answer.headers["set-cookie"].startswith(cookie.NAME)
    assert lab.store.visitor(session) is not None
    assert lab.store.visitor(other) is lab.store.visitor(lab.sessions["mia"]) is None


def test_the_password_of_an_open_browser_cannot_be_guessed(lab: Lab) -> None:
    mia = lab.client("mia")
    answers = [mia.post("/account/password", data={"now": str(number)}).text for number in range(12)]
    assert "is wrong" in answers[0]
    assert "was tried too often" in answers[-1]


def test_pages_of_people_are_gone_without_accounts(client: httpx.Client) -> None:
    for path in ("/people", "/account", "/audit"):
        assert client.get(path).status_code == 404
    for path in ("/people/invite", "/people/x/role", "/people/x/link", "/people/x/deactivate", "/account/password",
                 "/account/tokens", "/account/tokens/x/revoke", "/logout", "/logout/everywhere"):  # fmt: skip
        assert client.post(path, data={"role": "admin"}).status_code == 404, path


def test_a_web_that_has_not_heard_of_accounts_yet_gives_none_away(app: FastAPI, store: Store, lab: Lab) -> None:
    people, links = store.people_page("", "", 100), len(lab.sessions)
    for method, path in [row for row, need in NEEDS.items() if need in ("self", "people")]:
        if path.startswith("/notifications"):  # without accounts they are of the installation
            continue
        app.state.accounts.on = False  # as if another process had switched them on just now
        address = path.replace("{user_id}", lab.ids["mia"]).replace("{token_id}", "x")
        answer = in_process(app).request(method, address, data={"role": "admin"} if method == "POST" else None)
        assert answer.status_code in (303, 401), path
        assert answer.status_code == 401 or answer.headers["location"] == "/login"
    assert store.people_page("", "", 100) == people
    with store._db.read() as conn:
        assert conn.scalar(select(func.count()).select_from(invitations)) == links


def test_many_people_come_in_pages_and_are_found_by_name(lab: Lab, store: Store) -> None:
    rows = [
        {"id": f"u{number:09d}", "name": f"User_{number:03}", "folded": f"user_{number:03}", "password": "",
         "role": "member", "created_at": 1.0}
        for number in range(250)
    ]  # fmt: skip
    with store._db.write() as conn:
        conn.execute(insert(users), rows)
    ada, path = lab.client("ada"), "/people"
    seen: list[str] = []
    while path:
        page = ada.get(path).text
        seen += re.findall(r'<span class="name">(.*?)</span>', page)
        (path,) = re.findall(r'href="(/people[^"]*)" rel="next"', page) or [""]
        path = unescape(path)
    assert seen == ["ada", "max", "mia", *(f"User_{number:03}" for number in range(250)), "vic"]
    found = re.findall(r'<span class="name">(.*?)</span>', ada.get("/people?q=USER_24").text)
    assert found == [f"User_24{number}" for number in range(10)]
    for odd in ("%", "\x01", "'"):
        assert '<span class="name">' not in ada.get("/people", params={"q": odd}).text


def test_a_link_that_a_page_made_ends_with_the_role_of_its_admin(lab: Lab) -> None:
    lab.store.change_person(lab.ids["max"], role="admin")
    lab.log_in_again("max")
    made = lab.client("max").post(f"/people/{lab.ids['ada']}/link").text
    link = re.findall(r"link=([\w-]{20,})", made)[0]
    assert lab.store.invitation(link) is not None
    lab.store.change_person(lab.ids["max"], role="member")
    assert lab.store.invitation(link) is None
