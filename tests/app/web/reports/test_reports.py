"""Reports: texts with figures at the view that their links name, and whose they are."""

import re

import httpx
import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from app.settings import Settings
from app.store import Store
from tests.app.conftest import Hand
from tests.app.web.accounts.conftest import Lab
from tests.app.web.writing.test_hostile_texts import ATTACKS, safe

FIGURE = "accuracy_vs_density"


def measured(hand: Hand) -> str:
    run = hand.run()
    hand.outcome(0, 1.0, 0.95)
    hand.outcome(1, 0.5, 0.94)
    return run.id


def test_a_report_is_written_previewed_edited_deleted_and_put_back(client: httpx.Client, store: Store) -> None:
    assert "No report yet" in client.get("/reports").text
    shown = client.post("/reports/new", data={"name": "", "text": "# Hm\n**so**", "act": "preview"})
    assert (shown.status_code, store.reports()) == (200, [])
    assert "<h2>Hm</h2>" in shown.text
    assert "# Hm\n**so**</textarea>" in shown.text
    refused = client.post("/reports/new", data={"name": " ", "text": "kept & shown"})
    assert refused.status_code == 422
    assert "Name must not be empty" in refused.text
    assert "kept &amp; shown</textarea>" in refused.text
    done = client.post("/reports/new", data={"name": "First", "text": "one\r\ntwo"})
    [report] = store.reports()
    assert (done.status_code, done.headers["location"]) == (303, f"/reports/{report.id}")
    assert "one<br>\ntwo" in client.get(f"/reports/{report.id}").text
    client.post(f"/reports/{report.id}/edit", data={"name": "Second", "text": "three"})
    assert "Second" in client.get("/reports").text
    gone = client.post(f"/reports/{report.id}/delete")
    assert f'action="/reports/{report.id}/restore"' in client.get(gone.headers["location"]).text
    assert client.get(f"/reports/{report.id}").status_code == 404
    client.post(f"/reports/{report.id}/restore")
    assert "three" in client.get(f"/reports/{report.id}").text
    assert client.get("/reports/no").status_code == 404


def test_two_who_edit_at_once_do_not_overwrite_each_other(client: httpx.Client, store: Store) -> None:
    report = store.add_report("Ours", "one")
    edit = f"/reports/{report.id}/edit"
    (version,) = re.findall(r'name="version" value="(\w+)"', client.get(edit).text)
    mine = client.post(edit, data={"name": "Ours", "text": "mine", "version": version, "act": "preview"})
    assert f'name="version" value="{version}"' in mine.text
    assert client.post(edit, data={"name": "Ours", "text": "mine", "version": version}).status_code == 303
    late = client.post(edit, data={"name": "Ours", "text": "theirs & kept", "version": version})
    assert (late.status_code, store.report(report.id).text) == (422, "mine")
    assert "Text was changed by another person after you began" in late.text
    assert "theirs &amp; kept</textarea>" in late.text
    (version,) = re.findall(r'name="version" value="(\w+)"', late.text)
    assert client.post(edit, data={"name": "Ours", "text": "both", "version": version}).status_code == 303
    assert store.report(report.id).text == "both"


def test_a_figure_is_pinned_at_the_view_of_its_link(client: httpx.Client, store: Store, hand: Hand) -> None:
    run = measured(hand)
    [option] = re.findall(rf'id="figure-{FIGURE}".*?</section>', client.get(f"/runs/{run}").text, re.DOTALL)
    finding = re.search(r'id="find-[^>]*>(.*?)</p>', option, re.DOTALL)
    assert finding is not None
    link = f"http://127.0.0.1:8000/runs/{run}?tab=curves&log_y=true#figure-{FIGURE}"
    report = store.add_report("With a figure", f"before\n\n{link}\n\nafter\n\n```\n{link}\n```\n\nin a line {link}")
    page = client.get(f"/reports/{report.id}").text
    assert page.count("<figure") == 1
    assert page.index("before") < page.index("<figure") < page.index("after")
    assert f'data-src="/api/v1/runs/{run}/figures/{FIGURE}"' in page
    assert finding[1] in page  # the same words, from the same source
    assert f'href="/runs/{run}?tab=curves&amp;log_y=true#figure-{FIGURE}"' in page


def test_a_comparison_is_pinned_to_its_runs(client: httpx.Client, store: Store, hand: Hand) -> None:
    run = measured(hand)
    compared = client.get(f"/compare?runs={run}").text
    name = re.findall(r'id="figure-([\w-]+)"', compared)[0]
    report = store.add_report("Compared", f"/compare?runs={run}#figure-{name}")
    page = client.get(f"/reports/{report.id}").text
    assert 'data-src="/api/v1/compare/figures/' in page
    assert f'<input type="hidden" name="runs" value="{run}">' in page


def test_what_is_wrong_with_a_figure_is_said_in_its_place(client: httpx.Client, store: Store, hand: Hand) -> None:
    run = measured(hand)
    wrong = {
        f"/runs/0000000000#figure-{FIGURE}": "There is no run 0000000000.",
        f"/runs/{run}#figure-nothing": f"Run {run} has no figure &#39;nothing&#39;; there is accuracy_vs_density, ",
        "/compare?runs=0000000000#figure-any": "0000000000",
    }
    text = "\n\n".join(f"{link}\n\nbetween" for link in wrong)
    page = client.get(f"/reports/{store.add_report('Wrong', text).id}").text
    assert page.count("This figure cannot be shown.") == len(wrong)
    assert page.count("between") == len(wrong)
    for said in wrong.values():
        assert said in page


def test_a_report_is_its_authors(lab: Lab) -> None:
    lab.client("mia").post("/reports/new", data={"name": "Of mia", "text": "hello"})
    [report] = lab.store.reports()
    assert report.author == "mia"
    edit = f"/reports/{report.id}/edit"
    assert [edit in lab.client(who).get(f"/reports/{report.id}").text for who in ("mia", "max", "vic", "ada")] == [
        True, False, False, True,
    ]  # fmt: skip
    for act in ("edit", "delete", "restore"):
        sent = lab.client("max").post(f"/reports/{report.id}/{act}", data={"name": "x", "text": "x"})
        assert sent.status_code == 403
    assert lab.store.reports() == [report]
    lab.client("ada").post(edit, data={"name": "By ada", "text": "hello"})
    noted = [f"{entry.name}: {entry.action} {entry.what}" for entry in lab.store.audit(key=report.id)]
    assert noted == ["ada: edit report", "mia: write report"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_texts_of_reports_are_no_markup(client: httpx.Client, store: Store, attack: str) -> None:
    link = f"/runs/0000000000?x={attack.replace(' ', '')}#figure-x"
    report = store.add_report(attack, f"{attack}\n\n{link}\n\n# {attack}")
    for path in ("/reports", f"/reports/{report.id}", f"/reports/{report.id}/edit"):
        safe(client.get(path))
    safe(client.post("/reports/new", data={"name": attack, "text": f"{attack}\n\n{link}", "act": "preview"}))


def test_only_named_sites_may_frame_a_report(app: FastAPI, client: httpx.Client, store: Store, hand: Hand) -> None:
    report = store.add_report("Framed", f"/runs/{measured(hand)}#figure-{FIGURE}")
    alone = client.get(f"/reports/{report.id}/embed")
    assert "<figure" in alone.text
    assert "Keyboard shortcuts" not in alone.text
    assert "frame-ancestors 'self'" in alone.headers["content-security-policy"].split("; ")
    for path in (f"/reports/{report.id}", "/reports", "/"):
        whole = client.get(path).headers
        assert "frame-ancestors 'none'" in whole["content-security-policy"]
        assert whole["x-frame-options"] == "DENY"
    site = "https://wiki.lab.example"
    app.state.settings = app.state.settings.model_copy(update={"embed_in": (site,)})
    policy = client.get(f"/reports/{report.id}/embed").headers["content-security-policy"]
    assert f"frame-ancestors 'self' {site}" in policy.split("; ")


@pytest.mark.parametrize("site", ["*", "https://a.example; script-src *", "wiki.example", "https://*.example"])
def test_a_site_that_would_widen_the_policy_is_refused(site: str) -> None:
    with pytest.raises(ValidationError):
        Settings(embed_in=(site,))
