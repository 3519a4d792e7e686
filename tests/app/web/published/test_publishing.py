"""Links that show one thing to who has no account: what they show, what they do not, and how they end."""

import html
import re

import httpx
import pytest
from sqlalchemy import select, text

from app.kinds.presets import PRESETS
from app.store.published_tables import published
from app.web.published import page
from tests.app.conftest import Hand, Serve
from tests.app.web.accounts.conftest import Lab
from tests.app.web.sound import HTML


def run_of(lab: Lab, hand: Hand, who: str = "mia", name: str = "a published run") -> str:
    """A run with an outcome, somebody's, with words that nobody else is to read."""
    run = hand.run()
    hand.outcome(0, 1.0, 0.93)
    hand.outcome(1, 0.5, 0.92)
    lab.store.update_run(run.id, name=name, tags=["secret-tag"], notes="secret notes")
    lab.give(run.id, who)
    return run.id


def publish(lab: Lab, runs: list[str], who: str = "mia", **fields: str) -> str:
    """The path of a new link."""
    what = "run" if len(runs) == 1 else "comparison"
    answer = lab.client(who).post("/publish", data={"what": what, "runs": ",".join(runs), "days": "", **fields})
    assert answer.status_code == 200, answer.text
    (link,) = re.findall(r"<code>http://[^/]*(/published/[\w-]{43})</code>", answer.text)
    return str(link)


def addresses(page: str) -> set[str]:
    return {html.unescape(found) for found in re.findall(r'(?:href|action|data-src|data-address)="(/[^"#]*)"', page)}


def test_a_run_is_read_by_its_link_without_an_account(lab: Lab, hand: Hand) -> None:
    run = run_of(lab, hand)
    link = publish(lab, [run])
    nobody = lab.client("nobody")
    answer = nobody.get(link, headers=HTML)
    assert answer.status_code == 200
    assert "a published run" in answer.text
    assert not re.findall("secret-tag|secret notes|>mia<|hand", answer.text.partition("<main")[2])
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert '<meta name="robots" content="noindex, nofollow">' in answer.text
    # It leads nowhere but to itself: the files of the page, the theme, and the way in of who has an account.
    own = {found for found in addresses(answer.text) if not found.startswith("/static/")} - {"/", "/theme"}
    assert own
    assert [found for found in own if not found.startswith(link)] == []
    for found in own:
        if not found.endswith("/live"):
            assert nobody.get(found).status_code == 200, found
    figure = nobody.get(f"{link}/figures/accuracy_vs_density").json()
    assert figure["data"]
    csv = nobody.get(f"{link}/figures/accuracy_vs_density?format=csv")
    assert (csv.status_code, csv.headers["content-type"][:8]) == (200, "text/csv")
    assert link.rpartition("/")[2] not in csv.headers["Content-Disposition"]
    etag = {"If-None-Match": nobody.get(f"{link}/figures/accuracy_vs_density").headers["ETag"]}
    assert nobody.get(f"{link}/figures/accuracy_vs_density", headers=etag).status_code == 304


def test_a_link_shows_the_view_that_was_published_and_others_of_its_run(lab: Lab, hand: Hand) -> None:
    link = publish(lab, [run_of(lab, hand)], view="tab=training")
    shown = {
        view: re.findall(r'data-tab="(\w+)" aria-current', lab.client("nobody").get(link + view, headers=HTML).text)
        for view in ("", "?tab=curves", "?tab=overlap", "?tab=log", "?tab=spec")
    }
    assert shown == {
        "": ["training"],
        "?tab=curves": ["curves"],
        "?tab=overlap": ["curves"],
        "?tab=log": ["curves"],
        "?tab=spec": ["curves"],
    }


@pytest.mark.parametrize("name", ["overlap_matrix", "overlap_vs_chance", "no"])
def test_figures_that_read_other_runs_are_not_shown(lab: Lab, hand: Hand, name: str) -> None:
    run, other = run_of(lab, hand), run_of(lab, hand, "max", "of max")
    link = publish(lab, [run])
    for query in ("", f"?other={other}", f"?tickets={other}.0.1,{other}.0.0"):
        answer = lab.client("nobody").get(f"{link}/figures/{name}{query}")
        assert answer.status_code == 404
        assert "of max" not in answer.text


def test_a_comparison_is_read_and_no_other_run_with_it(lab: Lab, hand: Hand) -> None:
    runs = [run_of(lab, hand, name=name) for name in ("first", "second")]
    other = run_of(lab, hand, "max", "of max")
    link, nobody = publish(lab, runs), lab.client("nobody")
    answer = nobody.get(link, headers=HTML)
    assert "2 runs compared" in answer.text
    own = {found for found in addresses(answer.text) if not found.startswith("/static/")} - {"/", "/theme"}
    assert [found for found in own if not found.startswith(link)] == []
    for found in own:
        if not found.endswith("/live"):
            assert nobody.get(found).status_code == 200, found
    names = [*runs, "first", "second"]
    for asked in (f"?runs={other}", "?q=by", f"?baseline={other}", f"?group=seed&runs={other}", f"?run={other}"):
        text = nobody.get(link + asked, headers=HTML).text
        figure = nobody.get(f"{link}/figures/compared_accuracy{asked}").text
        assert "of max" not in text + figure, asked
    assert any(name in nobody.get(f"{link}/figures/compared_accuracy").text for name in names)
    assert nobody.get(f"{link}/figures/compared_accuracy?baseline={other}").status_code in (404, 422)


@pytest.mark.parametrize("end", ["revoked", "expired", "binned", "deactivated", "now a viewer", "purged"])
def test_a_link_ends(lab: Lab, hand: Hand, end: str) -> None:
    run = run_of(lab, hand)
    if end == "purged":  # which it cannot be while a worker has it
        run = hand.run(start=False).id
        lab.give(run, "mia")
    link = publish(lab, [run], days="7")
    nobody = lab.client("nobody")
    assert nobody.get(link).status_code == 200
    if end == "revoked":
        (link_id,) = [each.id for each in lab.store.links_of(lab.ids["mia"])]
        assert lab.client("mia").post(f"/publish/{link_id}/revoke").headers["location"] == "/account#published"
    elif end == "expired":
        with lab.store._db.write() as conn:
            conn.execute(text("UPDATE published SET expires_at = created_at - 1"))
    elif end == "deactivated":
        lab.store.change_person(lab.ids["mia"], active=False)
    elif end == "now a viewer":
        lab.store.change_person(lab.ids["mia"], role="viewer")
    else:
        lab.store.bin_run(run)
        if end == "purged":
            lab.store.purge_run(run)
    answers = [nobody.get(link + part) for part in ("", "/figures/accuracy_vs_density", "/live")]
    assert [answer.status_code for answer in answers] == [404] * 3
    never = nobody.get("/published/" + "x" * 43)
    assert answers[0].json() | {"instance": ""} == never.json() | {"instance": ""}


def test_only_the_owner_and_admins_publish(lab: Lab, hand: Hand) -> None:
    run, other = run_of(lab, hand), run_of(lab, hand, "max")
    for who, runs, status in (
        ("max", run, 403), ("vic", run, 403), ("read", run, 403), ("mia", f"{run},{other}", 403), ("ada", run, 200),
        ("mia", "0" * 10, 404), ("mia", "", 422), ("write", run, 200),
    ):  # fmt: skip
        fields = {"what": "comparison" if "," in runs else "run", "runs": runs}
        assert lab.client(who).post("/publish", data=fields).status_code == status, (who, runs)
        assert lab.client(who).get("/publish", params=fields).status_code == status, (who, runs)
    for bad in ({"days": "0"}, {"days": "367"}, {"days": "x"}, {"what": "report"}, {"view": "x" * 4_001}):
        answer = lab.client("mia").post("/publish", data={"what": "run", "runs": run, **bad})
        assert answer.status_code == 422, bad


def test_links_are_listed_and_revoked_by_who_may(lab: Lab, hand: Hand) -> None:
    run = run_of(lab, hand)
    link = publish(lab, [run], "ada")
    listed = {who: lab.client(who).get("/account").text.count("Revoke the link to") for who in ("ada", "mia", "max")}
    assert listed == {"ada": 1, "mia": 0, "max": 0}
    page = lab.client("mia").get(f"/publish?what=run&runs={run}").text
    assert page.count("Revoke the link to") == 1
    assert "never used" in page
    lab.client("nobody").get(link)
    assert "never used" not in lab.client("mia").get(f"/publish?what=run&runs={run}").text
    (link_id,) = [each.id for each in lab.store.links_of(lab.ids["ada"])]
    assert lab.client("max").post(f"/publish/{link_id}/revoke").status_code == 404
    assert lab.client("nobody").get(link).status_code == 200
    back = lab.client("mia").post(f"/publish/{link_id}/revoke", data={"what": "run", "runs": run})
    assert back.headers["location"] == f"/publish?what=run&runs={run}"
    assert lab.client("nobody").get(link).status_code == 404
    assert lab.client("mia").post(f"/publish/{link_id}/revoke").status_code == 404
    log = lab.client("ada").get("/audit", params={"key": run}).text
    assert "publish a run" in log
    assert "revoke the link to a run" in log


def test_the_store_holds_no_link(lab: Lab, hand: Hand) -> None:
    link = publish(lab, [run_of(lab, hand)]).rpartition("/")[2]
    with lab.store._db.read() as conn:
        rows = [str(tuple(row)) for row in conn.execute(select(published))]
    assert len(rows) == 1
    assert link not in rows[0]


def test_a_fault_under_a_link_is_logged_without_it(
    lab: Lab, hand: Hand, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    link = publish(lab, [run_of(lab, hand)])

    def fault(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(lab.app.state.figures, "at", fault)
    assert lab.client("nobody").get(link).status_code == 500
    assert "/published/…" in caplog.text
    assert link not in caplog.text


def test_a_stream_says_nothing_of_machines_and_ends_when_the_link_is_revoked(
    lab: Lab, hand: Hand, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "CHECK_EVERY_S", 0.1)
    run = run_of(lab, hand)
    link = publish(lab, [run])
    web = serve(lab.app)
    with httpx.Client(base_url=web.url, trust_env=False, timeout=20) as nobody:
        with nobody.stream("GET", f"{link}/live") as stream:
            assert stream.status_code == 200
            lines = stream.iter_lines()
            first = next(line for line in lines if line.startswith("data:"))
            assert run in first
            assert "progress" not in first
            (link_id,) = [each.id for each in lab.store.links_of(lab.ids["mia"])]
            lab.client("mia").post(f"/publish/{link_id}/revoke")
            list(lines)  # it ends
        assert nobody.get(f"{link}/live").status_code == 404


def test_a_run_offers_to_be_published_to_who_may(lab: Lab, hand: Hand) -> None:
    run = run_of(lab, hand)
    offered = {who: 'id="publish"' in lab.client(who).get(f"/runs/{run}").text for who in ("vic", "mia", "max", "ada")}
    assert offered == {"vic": False, "mia": True, "max": False, "ada": True}
    (way,) = re.findall(r'id="publish" href="([^"]+)"', lab.client("mia").get(f"/runs/{run}?tab=training").text)
    page = lab.client("mia").get(html.unescape(way)).text
    assert "tab=training" in html.unescape(page)


def test_other_kinds_of_runs_are_published_too(lab: Lab) -> None:
    for name, preset in PRESETS.items():
        run = lab.store.create_run(preset.spec, name=name)
        lab.give(run.id, "mia")
        assert lab.client("nobody").get(publish(lab, [run.id]), headers=HTML).status_code == 200, name
