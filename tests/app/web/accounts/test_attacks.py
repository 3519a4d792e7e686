"""What somebody with ill intent sends: forms of other sites, markup in every field, ids of others, and bad moments."""

import json
import re
from html import unescape

import pytest
from sqlalchemy import text

from app.web.accounts import cookie
from app.web.accounts.rules import NEEDS
from tests.app.conftest import Hand
from tests.app.in_process import in_process
from tests.app.web.accounts.conftest import PASSWORD, Lab
from tests.app.web.sound import HTML

UNSAFE = sorted((method, path) for (method, path), need in NEEDS.items() if method != "GET" and need != "anyone")
XSS = "<img src=x onerror=alert(1)>\"'"
BAD = "<img src=x"


def filled(path: str, **parts: str) -> str:
    """A path with its parts, unknown ones as `no`."""
    return re.sub(r"{(\w+)}", lambda part: parts.get(part[1], "no"), path)


@pytest.mark.parametrize("sent", ["nothing", "of another session", "in the query"])
def test_no_route_that_changes_something_takes_a_form_of_another_site(lab: Lab, hand: Hand, sent: str) -> None:
    """Each row of the table of routes, with the session of an admin, who may do everything."""
    run = hand.run(start=False).id
    lab.give(run, "ada")
    sweep = lab.sweep("ada")
    client = lab.client("ada")
    own = client.headers.pop("X-CSRF-Token")
    data = {"csrf_token": cookie.csrf_of(lab.sessions["mia"])} if sent == "of another session" else {}
    params = {"csrf_token": own} if sent == "in the query" else {}
    before = lab.state(), lab.store.audit()
    assert len(UNSAFE) > 70
    for method, path in UNSAFE:
        address = filled(path, run_id=run, sweep_id=sweep, user_id=lab.ids["mia"])
        answer = client.request(method, address, data=data, params=params)
        assert answer.status_code == 403, (method, path)
    assert (lab.state(), lab.store.audit()) == before
    assert {person.role for person in lab.store.people_page("", "", 9)} == {"admin", "member", "viewer"}


def test_no_route_takes_a_request_that_another_site_began(lab: Lab) -> None:
    rows = [row for row in NEEDS if row[0] != "GET"]
    for method, path in rows:
        answer = lab.client("ada").request(method, filled(path), headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403, (method, path)


def test_markup_that_people_write_is_text_on_every_page(lab: Lab, hand: Hand) -> None:
    mia, store = lab.client("mia"), lab.store
    runs = [hand.run(start=False).id for _ in range(2)]
    sweep = lab.sweep("mia")
    for run in runs:
        lab.give(run, "mia")
        store.update_run(run, name=f"run {XSS}", tags=[XSS.replace(",", "")[:40]], notes=XSS)
    store.update_sweep(sweep, name=f"sweep {XSS}", tags=[XSS[:40]], notes=XSS)
    project = mia.post("/projects", data={"name": "p <img src=x onerror=alert(1)>"}).headers["location"]
    assert mia.post("/views", data={"name": XSS, "query": "q=x"}).status_code == 303
    made = mia.post("/account/tokens", data={"name": XSS, "scope": "read", "days": "7"})
    moved = mia.post("/bulk/project", data={"run": runs, "project": project.rpartition("/")[2]})
    published = mia.post("/publish", data={"what": "comparison", "runs": ",".join(runs), "days": ""})
    (link,) = re.findall(r"<code>http://[^/]*(/published/[\w-]+)</code>", published.text)
    preview = mia.post("/bulk", data={"run": runs, "action": "tag", "tag": XSS})
    pages = [made, moved, published, preview]
    paths = ("/", f"/runs/{runs[0]}", f"/runs/{runs[0]}?tab=spec", f"/runs/{runs[0]}?tab=log", "/sweeps",
                 f"/sweeps/{sweep}", f"/compare?runs={','.join(runs)}", "/projects", project, "/account", "/bin",
                 f"/publish?what=run&runs={runs[0]}", f"/new?clone={runs[0]}", "/hardware", "/erasure")  # fmt: skip
    pages += [mia.get(path, headers=HTML) for path in paths]
    pages += [lab.client("ada").get("/audit"), lab.client("nobody").get(link, headers=HTML)]
    shown = 0
    for page in pages:
        assert page.status_code == 200, page.url
        assert BAD not in page.text, page.url
        shown += "&lt;img src=x" in page.text
    assert shown > 12


REFLECTED = {
    "/": ("q", "state", "tag", "sort", "cursor", "columns", "rows", "binned", "unsaved", "group", "unfold"),
    "/compare": ("runs", "q", "group", "columns", "baseline", "pairing", "pair", "x", "y"),
    "/runs/RUN": ("tab", "level", "layer", "before", "all", "replicate", "tickets", "pair", "bound", "intervals"),
    "/sweeps": ("cursor", "binned"),
    "/new": ("kind", "preset", "clone", "extend", "ticket"),
    "/people": ("q", "after"), "/audit": ("person", "action", "key", "before"), "/projects": ("q", "after"),
    "/publish": ("what", "runs", "view"), "/login": ("next", "out"), "/login/oidc": ("next", "link"),
    "/login/oidc/done": ("state", "code"), "/join": ("link",), "/account": ("changed",), "/presets": ("q",),
    "/published/x": ("tab", "q"), "/workers": ("q",), "/bin": ("q", "purged"), "/import": ("q",), "/erasure": ("q",),
    "/costs": ("group", "sort"),
}  # fmt: skip


@pytest.mark.parametrize("path", REFLECTED)
def test_markup_in_an_address_is_text_on_its_page(lab: Lab, hand: Hand, path: str) -> None:
    run = hand.run(start=False).id
    for who in ("ada", "nobody"):
        client = lab.client(who)
        for name in (*REFLECTED[path], XSS):
            answer = client.get(path.replace("RUN", run), params={name: XSS}, headers=HTML)
            assert answer.status_code < 500, (who, name)
            assert BAD not in answer.text, (who, name)
        assert BAD not in client.get(f"{path.replace('RUN', run)}/{XSS}", headers=HTML).text


def test_an_undo_of_another_person_undoes_nothing(lab: Lab, hand: Hand) -> None:
    """Who has found the form of an undo, or guesses its fields, changes their own runs by it and no others."""
    run = hand.run(start=False).id
    lab.give(run, "mia")
    done = lab.client("mia").post("/bulk/done", data={"action": "tag", "runs": run, "tag": "mine"}).text
    fields = {
        name: unescape(value) for name, value in re.findall(r'name="(action|runs|tags_of)" value="([^"]*)"', done)
    }
    assert fields["action"] == "untag"
    assert json.loads(fields["tags_of"]) == {run: ["mine"]}
    for who, action in (("max", fields), ("max", {"action": "bin", "runs": run}), ("vic", fields)):
        answer = lab.client(who).post("/bulk/done", data=action)
        assert answer.status_code == (403 if who == "vic" else 200)
        assert "of another person" in answer.text or who == "vic"
    assert lab.store.run(run).tags == ("mine",)
    assert lab.store.run(run).deleted_at is None
    lab.client("mia").post("/bulk/done", data=fields)
    assert lab.store.run(run).tags == ()


def test_ids_of_others_are_answered_as_ids_of_nothing(lab: Lab, hand: Hand) -> None:
    run = hand.run(start=False).id
    lab.give(run, "ada")
    lab.client("ada").post("/publish", data={"what": "run", "runs": run, "days": ""})
    (link,) = [each.id for each in lab.store.links_of(lab.ids["ada"])]
    token = lab.store.tokens_of(lab.ids["mia"])[0].id
    other = lab.client("max")
    for path, known in (("/account/tokens/{}/revoke", token), ("/publish/{}/revoke", link)):
        answers = [other.post(path.format(key)) for key in (known, "0" * 10)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].json()["detail"] == answers[1].json()["detail"]
    assert len(lab.store.tokens_of(lab.ids["mia"])) == 2


@pytest.mark.parametrize("table", ["sessions", "logins", "audit"])
def test_a_database_that_fails_in_the_middle_of_a_login_begins_no_session(
    lab: Lab, table: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = in_process(lab.app)
    form = {"name": "mia", "password": PASSWORD}
    with lab.store._db.write() as conn:
        conn.execute(text(f"ALTER TABLE {table} RENAME TO gone"))
    answer = client.post("/login", data=form, headers=HTML)
    assert answer.status_code == 503
    assert "set-cookie" not in answer.headers
    assert PASSWORD not in answer.text
    with lab.store._db.write() as conn:
        conn.execute(text(f"ALTER TABLE gone RENAME TO {table}"))
        assert conn.scalar(text("SELECT count(*) FROM audit WHERE action = 'log in'")) == 0
        assert conn.scalar(text("SELECT count(*) FROM sessions")) == len(lab.sessions)
        hashed = conn.scalar(text("SELECT password FROM users WHERE name = 'mia'"))
    assert caplog.text
    assert PASSWORD not in caplog.text
    assert hashed not in caplog.text
    assert client.post("/login", data=form).status_code == 303


def test_a_database_that_fails_when_an_account_is_made_logs_no_password(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    link = lab.store.invite("viewer", lab.ids["ada"])
    form = {"link": link, "name": "new", "password": "another horse", "again": "another horse"}
    with lab.store._db.write() as conn:
        conn.execute(text("ALTER TABLE users RENAME COLUMN password TO gone"))
    assert in_process(lab.app).post("/join", data=form).status_code == 503
    for secret in ("argon2id", "another horse", link):
        assert secret not in caplog.text
