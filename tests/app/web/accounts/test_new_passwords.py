"""What a new password ends, and how pages hand over what they show once."""

import re
from html import unescape

import pytest

from tests.app.web.accounts.conftest import PASSWORD, Lab
from tests.app.web.accounts.test_people import HTML, shown

NEW = {"password": "a new password", "again": "a new password"}


@pytest.mark.parametrize("end", [False, True])
def test_a_new_password_ends_tokens_only_where_it_is_asked_to(lab: Lab, end: bool) -> None:
    mia, chosen = lab.client("mia"), {"tokens": "end"} if end else {}
    assert "your tokens of the API go on unless you end them" in mia.get("/account").text
    answer = mia.post("/account/password", data={"now": PASSWORD, **NEW, **chosen})
    assert answer.headers["location"] == f"/account?changed={'tokens' if end else '1'}"
    assert {lab.client(who).get("/api/v1/runs").status_code for who in ("read", "write")} == {401 if end else 200}
    entry = lab.store.audit(action="change the password")[0]
    assert entry.detail == ("and end all tokens" if end else "")


@pytest.mark.parametrize("end", [False, True])
def test_so_does_a_link_that_sets_one(lab: Lab, end: bool) -> None:
    link = shown(lab.client("ada").post(f"/people/{lab.ids['mia']}/link")).partition("link=")[2]
    nobody, chosen = lab.client("nobody"), {"tokens": "end"} if end else {}
    assert "Tokens of the API go on unless you end them" in nobody.get("/join", params={"link": link}).text
    assert nobody.post("/join", data={"link": link, **NEW, **chosen}).status_code == 303
    assert lab.client("read").get("/api/v1/runs").status_code == (401 if end else 200)


def test_a_new_account_is_asked_nothing_of_tokens(lab: Lab) -> None:
    link = shown(lab.client("ada").post("/people/invite", data={"role": "viewer"}))
    assert "okens" not in lab.client("nobody").get(link).text.partition("<main")[2]
    assert "Password now" in (page := lab.client("max").get("/account").text)
    assert 'name="tokens"' not in page


def test_what_is_shown_once_has_a_button_that_copies_it(lab: Lab) -> None:
    for answer in (
        lab.client("ada").post("/people/invite", data={"role": "viewer"}),
        lab.client("ada").post(f"/people/{lab.ids['mia']}/link"),
        lab.client("mia").post("/account/tokens", data={"name": "n", "scope": "read", "days": "7"}),
    ):
        (copied,) = re.findall(r'data-copy="([^"]+)"', answer.text)
        assert unescape(copied) == shown(answer)


def test_the_role_of_the_last_invitation_stays_chosen(lab: Lab) -> None:
    for role in ("viewer", "admin"):
        page = lab.client("ada").post("/people/invite", data={"role": role}).text
        (form,) = re.findall(r'<select id="invite-role".*?</select>', page, re.DOTALL)
        assert re.findall(r"selected>(\w+)", form) == [role]


def test_navigation_marks_the_page_after_a_form_too(lab: Lab) -> None:
    ada = lab.client("ada")
    for page in (
        ada.get("/people"),
        ada.get("/audit"),
        ada.post("/people/invite", data={"role": "viewer"}),
        ada.post(f"/people/{lab.ids['mia']}/link"),
        ada.post(f"/people/{lab.ids['mia']}/role", data={"role": "king"}, headers=HTML),
    ):
        assert re.findall(r'<a href="/people" aria-current="\w+">', page.text), page.url
    assert not re.findall(r'<a href="/people" aria-current', ada.get("/").text)
