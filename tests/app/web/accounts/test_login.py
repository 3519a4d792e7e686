"""Login, logout and joining, as people and as attackers do it."""

import logging
import re
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from app.main import create_app
from app.queue import Queue
from app.settings import Settings
from app.store import Store, logins, secret, sessions
from app.store.people_tables import invitations, users
from app.store.people_tables import sessions as session_table
from app.store.sql import Now
from app.web.accounts import cookie, passwords
from app.web.accounts.page import WRONG, inside
from tests.app.conftest import Hand
from tests.app.in_process import in_process
from tests.app.web.accounts.conftest import PASSWORD, Lab


def log_in(lab: Lab, name: str = "mia", password: str = PASSWORD, **more: str) -> httpx.Response:
    return in_process(lab.app).post("/login", data={"name": name, "password": password, **more})


def session_in(answer: httpx.Response) -> str:
    (header,) = answer.headers.get_list("set-cookie")
    assert header.startswith(f"{cookie.NAME}=")
    return header.split(";")[0].partition("=")[2]


def test_without_accounts_there_is_no_login_and_nothing_is_asked(client: httpx.Client, hand: Hand) -> None:
    run = hand.run(start=False)
    assert client.post(f"/runs/{run.id}/edit", data={"name": "new", "tags": "", "notes": ""}).status_code == 303
    page = client.get("/").text
    assert "csrf" not in page
    assert "Log out" not in page
    for answer in (client.get("/login"), client.post("/login", data={}), client.get("/join?link=x")):
        assert answer.status_code == 404


def test_the_link_of_the_terminal_makes_the_first_admin_once(app: FastAPI, store: Store, hand: Hand) -> None:
    before = hand.run(start=False)
    stranger, admin = in_process(app), in_process(app)
    assert stranger.get("/").status_code == 200
    link = store.switch_accounts_on()
    assert link is not None
    app.state.accounts.look()
    assert stranger.get("/api/v1/runs").status_code == 401
    for wrong in ("", "x", link[:-1], f"{link}a"):
        assert stranger.get("/join", params={"link": wrong}).status_code == 409
        data = {"link": wrong, "name": "eve", "password": PASSWORD, "again": PASSWORD}
        assert stranger.post("/join", data=data).status_code == 409
    assert "Make the account" in admin.get("/join", params={"link": link}).text
    data = {"link": link, "name": "ada", "password": PASSWORD, "again": PASSWORD}
    joined = admin.post("/join", data=data)
    assert (joined.status_code, joined.headers["location"]) == (303, "/")
    assert "ada" in admin.get("/").text
    assert stranger.post("/join", data={**data, "name": "eve"}).status_code == 409
    assert [each.name for each in store.people_page("", "", 100)] == ["ada"]
    assert store.owns(store.people_page("", "", 100)[0].id, run_id=before.id)
    assert store.switch_accounts_on() is None


def test_only_the_newest_link_makes_the_first_admin(store: Store) -> None:
    old, new = store.switch_accounts_on(), store.switch_accounts_on()
    assert old is not None
    assert new is not None
    assert store.invitation(old) is None
    assert store.invitation(new) is not None


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "a"), ("name", "<script>alert(1)</script>"), ("name", "a\nb"), ("name", "MIA"), ("name", "x" * 41),
     ("password", "short"), ("password", "x" * 201), ("again", "another one")],
)  # fmt: skip
def test_a_bad_account_is_refused_with_its_field_and_the_link_stays(lab: Lab, field: str, value: str) -> None:
    link = lab.store.invite("viewer", lab.ids["ada"])
    data = {"link": link, "name": "new", "password": PASSWORD, "again": PASSWORD, field: value}
    if field == "password":
        data["again"] = value
    answer = in_process(lab.app).post("/join", data=data)
    assert answer.status_code == 422
    assert re.search(rf'name="{field}"[^>]*aria-invalid="true"', answer.text)
    assert "<script>alert" not in answer.text
    assert lab.store.invitation(link) is not None


@pytest.mark.parametrize("what", ["used", "expired", "of an admin who is none"])
def test_an_invitation_that_is_over_makes_nothing(lab: Lab, what: str, stored_password: str) -> None:
    link = lab.store.invite("admin", lab.ids["ada"])
    if what == "used":
        lab.store.join(link, "new", stored_password)
    elif what == "expired":
        with lab.store._db.write() as conn:
            conn.execute(update(invitations).values(expires_at=Now()))
    else:
        lab.store.change_person(lab.ids["max"], role="admin")
        lab.store.change_person(lab.ids["ada"], role="member")
    n = len(lab.store.people_page("", "", 100))
    data = {"link": link, "name": "newer", "password": PASSWORD, "again": PASSWORD}
    answer = in_process(lab.app).post("/join", data=data, headers={"Accept": "text/html"})
    assert answer.status_code == 409
    assert "used before, has expired or was never valid" in answer.text
    assert len(lab.store.people_page("", "", 100)) == n


def test_a_login_begins_a_session_that_no_script_reads_and_no_site_sends(lab: Lab) -> None:
    answer = log_in(lab, next="/bin?cursor=x")
    assert (answer.status_code, answer.headers["location"]) == (303, "/bin?cursor=x")
    header = answer.headers["set-cookie"].lower()
    assert "httponly" in header
    assert "samesite=lax" in header
    assert "path=/" in header
    assert "secure" not in header
    with lab.store._db.read() as conn:
        stored = set(conn.scalars(select(session_table.c.secret)))
    assert session_in(answer) not in stored
    assert secret.hashed(session_in(answer)) in stored
    https = in_process(lab.app)
    https.base_url = httpx.URL("https://127.0.0.1:8000")
    answer = https.post("/login", data={"name": "mia", "password": PASSWORD})
    assert "secure" in answer.headers["set-cookie"].lower()


def test_a_session_that_an_attacker_has_planted_is_not_the_one_after_the_login(lab: Lab) -> None:
    for planted in ("chosen-by-eve", lab.sessions["max"]):
        client = in_process(lab.app)
        client.headers["Cookie"] = f"{cookie.NAME}={planted}"
        answer = client.post("/login", data={"name": "mia", "password": PASSWORD})
        assert session_in(answer) != planted
        assert lab.store.visitor(planted) is None


def test_logout_ends_the_session_and_everywhere_ends_all(lab: Lab) -> None:
    one, two = (session_in(log_in(lab)) for _ in range(2))
    lab.sessions["one"], lab.sessions["two"] = one, two
    assert lab.client("one").post("/logout").headers["location"] == "/login"
    assert lab.store.visitor(one) is None
    assert lab.store.visitor(two) is not None
    lab.client("two").post("/logout/everywhere")
    assert lab.store.visitor(two) is None
    assert lab.store.visitor(lab.sessions["mia"]) is None
    assert lab.store.visitor(lab.sessions["max"]) is not None


@pytest.mark.parametrize(("column", "age_s"), [("seen_at", sessions.IDLE_S), ("created_at", sessions.LASTS_S)])
def test_a_session_ends_when_it_is_idle_or_old(lab: Lab, column: str, age_s: float) -> None:
    for older, there in ((-60.0, True), (60.0, False)):
        with lab.store._db.write() as conn:
            conn.execute(update(session_table).values({column: Now() - age_s - older}))
        assert (lab.store.visitor(lab.sessions["mia"]) is not None) == there


def test_unknown_names_and_wrong_passwords_are_answered_alike(lab: Lab) -> None:
    lab.store.change_person(lab.ids["max"], active=False)
    known = log_in(lab, "mia", "wrong wrong wrong")
    for name, password in (("nobody", PASSWORD), ("max", PASSWORD), ("a\0b", PASSWORD), ("x" * 5_000, PASSWORD)):
        unknown = log_in(lab, name, password)
        assert (unknown.status_code, WRONG in unknown.text) == (known.status_code, True)
    same = [re.sub(r'name="name" value="[^"]*"', "", log_in(lab, name, "no").text) for name in ("mia", "nobody")]
    assert same[0] == same[1]


def test_an_unknown_name_takes_the_work_of_a_known_one(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """One check of argon2 with the same parameters, which is nearly all the time that a login takes."""
    log_in(lab, "nobody")
    verify, work = passwords._ARGON2.verify, []

    def noted(password: str, stored: str) -> bool:
        work.append(stored.split("$")[1:4])
        return verify(password, stored)

    lab.store.change_person(lab.ids["max"], active=False)
    monkeypatch.setattr(passwords._ARGON2, "verify", noted)
    for name in ("mia", "nobody", "max", "a\0b"):
        log_in(lab, name, "wrong wrong wrong")
    assert work == [["argon2id", "v=19", "m=65536,t=3,p=4"]] * 4


def test_logins_are_limited_by_name_and_address_in_the_store(lab: Lab, settings: Settings) -> None:
    other = create_app(settings, lab.store, Queue(""))  # another web
    for number in range(logins.OF_BOTH):
        app = (lab.app, other)[number % 2]
        answer = in_process(app).post("/login", data={"name": "MIA" if number % 3 else "mia", "password": ""})
        assert answer.status_code == 422
    for app in (lab.app, other):
        answer = in_process(app).post("/login", data={"name": "mia", "password": PASSWORD})
        assert answer.status_code == 429
        assert 800 < int(answer.headers["Retry-After"]) <= 900
        assert "set-cookie" not in answer.headers
    assert log_in(lab, "max").status_code == 303
    with lab.store._db.read() as conn:
        assert logins.wait_s(conn, "mia", "192.0.2.1") == 0  # she herself, from elsewhere


def test_a_login_that_succeeds_clears_the_count(lab: Lab) -> None:
    for _ in range(3 * logins.OF_BOTH):
        assert lab.store.try_login("mia", "testclient") == 0 or pytest.fail("limited")
        lab.store.log_in(lab.ids["mia"], "mia", "testclient", "")


@pytest.mark.parametrize(
    "address",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "",
     "/a\r\nSet-Cookie: x=1", "/\t/evil.example", " /", "/" + "x" * 3_000, "evil"],
)  # fmt: skip
def test_a_login_leads_to_no_other_site(lab: Lab, address: str) -> None:
    assert inside(address) == "/"
    answer = log_in(lab, next=address)
    assert answer.status_code == 303
    assert urlsplit(answer.headers["location"])[:3] == ("", "", "/")
    assert len(answer.headers.get_list("set-cookie")) == 1
    page = in_process(lab.app).get("/login", params={"next": address}).text
    assert "evil" not in page


def test_a_reader_is_led_to_the_login_and_back(lab: Lab) -> None:
    client = in_process(lab.app)
    html = {"Accept": "text/html"}
    answer = client.get("/runs/1r5kaaaaaa?tab=masks", headers=html)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Fruns%2F1r5kaaaaaa%3Ftab%3Dmasks")
    assert 'value="/runs/1r5kaaaaaa?tab=masks"' in client.get(answer.headers["location"], headers=html).text
    assert client.get("/", headers={**html, "X-Live": "1"}).status_code == 401
    assert client.post("/new", headers=html).status_code == 401
    assert client.get("/api/v1/runs").headers["www-authenticate"] == "Bearer"
    page = client.get("/login").text
    assert 'aria-label="Pages"' not in page


@pytest.mark.parametrize("end", ["deactivated", "another role", "another password"])
def test_what_an_admin_changes_ends_the_sessions_of_the_person(lab: Lab, end: str, stored_password: str) -> None:
    if end == "deactivated":
        lab.store.change_person(lab.ids["mia"], active=False)
    elif end == "another role":
        lab.store.change_person(lab.ids["mia"], role="viewer")
    else:
        lab.store.set_password(lab.ids["mia"], stored_password)
    assert lab.client("mia").get("/api/v1/runs").status_code == 401
    for scope in ("read", "write"):
        status = lab.client(scope).get("/api/v1/runs").status_code
        assert status == (401 if end == "deactivated" else 200)
    writes = lab.client("write").post("/api/v1/runs", json={"preset": "digits-tickets"}).status_code
    assert writes == {"deactivated": 401, "another role": 403, "another password": 201}[end]
    if end == "deactivated":
        lab.store.change_person(lab.ids["mia"], active=True)
        assert lab.client("read").get("/api/v1/runs").status_code == 401


def test_no_secret_is_logged_or_stored_as_it_is(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    link = lab.store.invite("viewer", lab.ids["ada"])
    with lab.store._db.write() as conn:
        conn.execute(users.update().values(password="no hash"))  # so that a login fails with a fault
    assert log_in(lab).status_code == 500
    lab.client("write").get("/api/v1/runs")
    in_process(lab.app).get("/join", params={"link": link})
    assert caplog.text
    secrets = [PASSWORD, link, *lab.sessions.values(), *lab.tokens.values()]
    assert not [each for each in secrets if each in caplog.text]
    with lab.store._db.read() as conn:
        rows = [str(row) for table in (users, session_table, invitations) for row in conn.execute(select(table))]
    assert not [each for each in secrets for row in rows if each in row]


def test_a_password_is_hashed_with_argon2id_and_a_salt() -> None:
    one, two = passwords.hashed(PASSWORD), passwords.hashed(PASSWORD)
    assert one.startswith("$argon2id$v=19$m=65536,t=3,")
    assert one != two
    assert passwords.fits(PASSWORD, one)
    assert not passwords.fits(PASSWORD + "x", one)
    assert not passwords.fits(PASSWORD, None)
