"""Whatever people type is shown as text: in every field of every page that shows it, stored or sent back."""

import re
from html.parser import HTMLParser
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import select, update

from app.store import Store
from app.store.project_tables import projects
from app.store.sweeps import Next
from app.store.tables import runs, sweeps
from app.sweeps.plan import Plan
from tests.app.conftest import Hand
from tests.app.web.accounts.conftest import Lab

MARK = "pwned"
ATTACKS = (
    f'"><script src=/{MARK}></script>',
    f"'><img src=/{MARK} onerror={MARK}()>",
    f"</textarea></title></script><svg/onload={MARK}()>",
    f"[x](javascript:{MARK}()) <{MARK}>",
    f"{{{{ {MARK} }}}} <!--{MARK}",
)
_ACTS = re.compile(r"^\s*(?:javascript|vbscript|data)\s*:", re.IGNORECASE)


class Page(HTMLParser):
    """What of a page could act for an attacker."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.acting: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            planted = MARK in (value or "") and (
                name in ("src", "srcset", "style", "formaction", "ping") or tag == "script"
            )
            if (
                name.startswith("on")
                or MARK in name
                or planted
                or (name in ("href", "action") and _ACTS.match(value or ""))
            ):
                self.acting.append(f"<{tag} {name}={value}>")
        if MARK in tag:
            self.acting.append(f"<{tag}>")

    def handle_comment(self, data: str) -> None:
        if MARK in data:
            self.acting.append(f"<!--{data}-->")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def safe(answer: httpx.Response, *, shows: bool = True) -> None:
    page = Page(answer.text)
    assert page.acting == []
    assert not shows or MARK in answer.text
    assert "'unsafe-inline'" not in answer.headers["content-security-policy"]


def test_the_reader_of_pages_would_find_an_attack() -> None:
    for attack in ATTACKS[:3]:
        assert Page(f'<p title="{attack}">{attack}</p>').acting


@pytest.mark.parametrize("attack", ATTACKS)
def test_texts_on_runs_and_sweeps(client: httpx.Client, store: Store, hand: Hand, attack: str) -> None:
    run = hand.run(start=False)
    tag = attack.replace(",", "")[:40]
    store.update_run(run.id, name=attack, tags=[tag], notes=attack)
    store.add_comment(attack, run_id=run.id)
    store.add_comment(f"> * #{run.id} {attack}", run_id=run.id)
    spec = store.run(run.id).spec.model_dump(mode="json")
    plan = Plan.model_validate({"spec": spec, "axes": {"seed": {"values": [0, 1]}}})
    sweep = store.create_sweep(plan, Next([], None), name=attack, tags=[tag], notes=attack)[0].id
    store.add_comment(attack, sweep_id=sweep)
    store.save_view(attack[:80], "")
    for path in (
        "/", f"/runs/{run.id}", f"/runs/{run.id}?tab=spec", f"/runs/{run.id}?tab=log", f"/new?clone={run.id}",
        "/sweeps", f"/sweeps/{sweep}", f"/compare?runs={run.id}",
    ):  # fmt: skip
        safe(client.get(path))
    store.bin_run(run.id)
    safe(client.get("/bin"))


@pytest.mark.parametrize("attack", ATTACKS)
def test_texts_that_are_sent_back(client: httpx.Client, hand: Hand, attack: str) -> None:
    run = hand.run(start=False)
    asked = quote(attack)
    for path in (
        f"/?q={asked}",
        f"/?tag={asked}",
        f"/runs/{run.id}?tab={asked}",
        f"/compare?runs={asked}",
        f"/{asked}",
    ):
        safe(client.get(path, headers={"Accept": "text/html"}), shows=False)
    long = attack * 500
    edit = {"name": long, "tags": attack, "notes": attack}
    safe(client.post(f"/runs/{run.id}/edit", data=edit, headers={"Accept": "text/html"}))
    safe(client.post(f"/runs/{run.id}/comments", data={"text": long}, headers={"Accept": "text/html"}))


@pytest.mark.parametrize("attack", ATTACKS)
def test_names_of_people_are_no_markup(lab: Lab, attack: str) -> None:
    link = lab.store.invite("member")
    refused = lab.client("nobody").post(
        "/join", data={"link": link, "name": attack, "password": "a long password", "again": "a long password"}
    )
    assert refused.status_code == 422
    safe(refused)
    sent = lab.client("nobody").post("/login", data={"name": attack, "password": "x", "next": attack})
    assert sent.status_code == 422
    safe(sent)
    safe(lab.client("ada").get(f"/audit?person={quote(attack[:40])}&key={quote(attack[:40])}"), shows=False)
    safe(lab.client("ada").get(f"/people?q={quote(attack[:40])}"), shows=False)


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_maintenance_message_is_no_markup(client: httpx.Client, hand: Hand, attack: str) -> None:
    run = hand.run(start=False)
    assert client.post("/maintenance", data={"text": attack}).status_code == 303
    for path in ("/", f"/runs/{run.id}", "/workers", "/queue", "/reports/new", "/not-there"):
        answer = client.get(path, headers={"Accept": "text/html"})
        safe(answer)
        assert 'class="notice maintenance"' in answer.text
    assert client.post("/maintenance", data={"text": attack, "begins_at": attack}).status_code == 422
    refused = client.post("/maintenance", data={"text": attack, "begins_at": attack}, headers={"Accept": "text/html"})
    safe(refused, shows=False)


@pytest.mark.parametrize("attack", ATTACKS)
def test_names_of_projects_are_no_markup(lab: Lab, hand: Hand, attack: str) -> None:
    """Most of these signs are refused in a name, and what was typed is sent back; a row that has them is text, too."""
    mia = lab.client("mia")
    project = mia.post("/projects", data={"name": "a project"}).headers["location"]
    safe(mia.post("/projects", data={"name": attack}, headers={"Accept": "text/html"}), shows=False)
    safe(mia.post(f"{project}/rename", data={"name": attack}, headers={"Accept": "text/html"}), shows=False)
    safe(mia.post(f"{project}/members", data={"name": attack}, headers={"Accept": "text/html"}), shows=False)
    with lab.store._db.write() as conn:
        conn.execute(update(projects).values(name=attack[:80]))
        key = conn.execute(select(projects.c.id)).scalars().first()
    run = hand.run(start=False).id
    sweep = lab.sweep("mia")
    with lab.store._db.write() as conn:
        for table in (runs, sweeps):
            conn.execute(update(table).values(project_id=key, owner_id=lab.ids["mia"]))
    for path in ("/projects", project, f"/runs/{run}", "/", f"/sweeps/{sweep}", "/new"):
        safe(mia.get(path, headers={"Accept": "text/html"}))
    safe(mia.get(f"/projects?q={quote(attack[:40])}&after={quote(attack[:40])}"), shows=False)
