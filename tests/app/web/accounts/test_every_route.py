"""Every route for everybody: who is let through and who is not, in one table."""

from typing import Any

import pytest
from fastapi import FastAPI

from app.web.accounts.rules import NEEDS, match
from tests.app.conftest import Hand
from tests.app.web.accounts.conftest import Lab

RUN, SWEEP, API = "/runs/{run_id}", "/sweeps/{sweep_id}", "/api/v1"
# Who is let through, in the order of WHO: x where they are. Run, sweep and tokens are those of mia.
WHO = ("nobody", "vic", "mia", "max", "ada", "read", "write")
ALL, LOOK, SUBMIT, OWN, ADMIN, SELF = "xxxxxxx", "-xxxxxx", "--xxx-x", "--x-x-x", "----x--", "-xxxx--"
TABLE = {
    ALL: """
        GET /healthz | GET /readyz | GET /login | POST /login | GET /join | POST /join | POST /theme
        GET /static/icon.svg
        GET /login/oidc | GET /login/oidc/done | GET /login/oidc/out
        GET /published/{link} | GET /published/{link}/figures/{name} | GET /published/{link}/live
    """,
    LOOK: f"""
        GET /queue | GET /costs | GET {API}/costs
        GET /notifications | GET /reports | GET /reports/{{report_id}}
        GET /reports/{{report_id}}/embed
        GET / | GET /new | GET /presets | GET /workers | GET /bin | GET /protocol | GET /glossary | GET /compare
        GET /projects | GET /projects/{{project_id}} | GET /sweeps | GET {SWEEP}
        GET /archives | GET /erasure | GET /hardware | GET /import
        GET {RUN} | GET {RUN}/edit | POST /new/estimate | POST /export
        GET /docs | GET /openapi.json | GET /metrics | GET /live
        GET {API}/runs | GET {API}/runs/groups | GET {API}/views | GET {API}/archive | GET {API}/sweeps
        GET {API}/catalog | GET {API}/presets | GET {API}/workers | GET {API}/queue | GET {API}/maintenance
        GET {API}/compare | GET {API}/compare/figures/{{name}} | GET {API}/compare/figures/{{name}}/table
        GET {API}/artifacts/{{artifact_id}} | GET {API}/pictures/samples/{{name}}
        POST {API}/pictures | POST {API}/pictures/preview | POST {API}/sweeps/preview
        GET {API}{SWEEP} | GET {API}{SWEEP}/archive | GET {API}{SWEEP}/members | GET {API}{SWEEP}/figures/{{name}}
        GET {API}{RUN}/comments | GET {API}{SWEEP}/comments
        GET {API}/notifications | GET {API}/reports | GET {API}/reports/{{report_id}}
        GET {API}{RUN} | GET {API}{RUN}/archive | GET {API}{RUN}/repetition | GET {API}{RUN}/events
        GET {API}{RUN}/series | GET {API}{RUN}/spec | GET {API}{RUN}/comparison | GET {API}{RUN}/figures/{{name}}
        GET {API}{RUN}/artifacts | GET {API}{RUN}/tickets/{{replicate}}/{{level}} | GET {API}{RUN}/masks
        GET {API}{RUN}/masks/{{layer}}/legend | GET {API}{RUN}/masks/{{layer}}/tile
        GET {API}{RUN}/masks/{{layer}}/values | GET {API}{RUN}/masks/{{layer}}/units/{{number}}
        GET {API}{RUN}/masks/{{layer}}/partner | GET {API}{RUN}/film | GET {API}{RUN}/film/frame
        GET {API}{RUN}/film/export | GET {API}{RUN}/film/values
    """,
    SUBMIT: f"""
        POST /new | POST {RUN}/again | POST /bulk | POST /bulk/done | POST /archives | POST /presets/{{name}}/run
        POST /import | POST /views | POST /views/{{view_id}}/delete | POST /views/{{view_id}}/restore
        POST {API}/runs | POST {API}/runs/bulk | POST {API}/archives | POST {API}/imports | POST {API}/sweeps
        POST {API}/views | DELETE {API}/views/{{view_id}} | POST {API}/views/{{view_id}}/restore
        POST {API}{RUN}/clone | POST {API}{RUN}/again
        POST {RUN}/comments | POST {SWEEP}/comments | POST {API}{RUN}/comments | POST {API}{SWEEP}/comments
        POST /comments/{{comment_id}}/edit | POST /comments/{{comment_id}}/delete
        POST /comments/{{comment_id}}/restore
        GET /reports/new | POST /reports/new | GET /reports/{{report_id}}/edit | POST /reports/{{report_id}}/edit
        POST /reports/{{report_id}}/delete | POST /reports/{{report_id}}/restore
        PATCH {API}/comments/{{comment_id}} | DELETE {API}/comments/{{comment_id}}
        POST {API}/comments/{{comment_id}}/restore
        POST {API}/notifications/read | POST {API}/reports | POST {API}/reports/{{report_id}}/restore
        PATCH {API}/reports/{{report_id}} | DELETE {API}/reports/{{report_id}}
        POST /projects | POST /bulk/project | POST /projects/{{project_id}}/rename
        POST /projects/{{project_id}}/members | POST /projects/{{project_id}}/members/{{user_id}}/remove
        GET /publish | POST /publish | POST /publish/{{link_id}}/revoke
    """,
    OWN: f"""
        POST {RUN}/priority
        POST {RUN}/edit | POST {RUN}/cancel | POST {RUN}/resume | POST {RUN}/bin | POST {RUN}/restore | POST {RUN}/purge
        POST {SWEEP}/edit | POST {SWEEP}/cancel | POST {SWEEP}/resume | POST {SWEEP}/bin | POST {SWEEP}/restore
        POST {SWEEP}/purge | POST {SWEEP}/extend | POST {SWEEP}/project
        PATCH {API}{RUN} | DELETE {API}{RUN} | POST {API}{RUN}/restore | POST {API}{RUN}/cancel
        POST {API}{RUN}/resume | POST {API}{RUN}/extend
        PATCH {API}{SWEEP} | DELETE {API}{SWEEP} | POST {API}{SWEEP}/restore | POST {API}{SWEEP}/cancel
        POST {API}{SWEEP}/resume | POST {API}{SWEEP}/extend
    """,
    ADMIN: f"""
        POST /bin/empty | DELETE {API}/bin
        POST /workers/{{worker_id}}/mode | POST {RUN}/move | POST /maintenance
        POST {API}/workers/{{worker_id}}/mode | POST {API}{RUN}/move | POST {API}/maintenance
        GET /audit | GET /people | POST /people/invite | POST /people/{{user_id}}/link | POST /people/{{user_id}}/role
        POST /people/{{user_id}}/deactivate | POST /people/{{user_id}}/reactivate
    """,
    SELF: """
        POST /logout | POST /logout/everywhere | GET /account | POST /account/password | POST /account/tokens
        POST /account/tokens/{token_id}/revoke | POST /account/oidc | POST /account/oidc/remove
        POST /notifications/read | POST /notifications/channels
        POST /notifications/channels/{channel_id}/remove | POST /notifications/channels/{channel_id}/test
    """,
}
ROWS = {
    row.strip(): who
    for who, rows in TABLE.items()
    for line in rows.splitlines()
    for row in line.split("|")
    if row.strip()
}


def routes(app: FastAPI) -> set[str]:
    """Every route of the application, files and schema among them."""
    found = {"GET /static/icon.svg"}
    for each in app.routes:
        several: list[Any] = (
            list(each.effective_route_contexts()) if hasattr(each, "effective_route_contexts") else [each]
        )
        found |= {
            f"{method} {route.path}"
            for route in several
            for method in getattr(route, "methods", None) or ()
            if method != "HEAD"
        }
    return found


def test_every_route_has_a_row(wired: FastAPI) -> None:
    assert routes(wired) == set(ROWS)


def test_a_route_without_a_row_is_for_nobody(lab: Lab) -> None:
    async def secret() -> str:
        return "secret"

    path = "/not-in-the-table"
    lab.app.add_api_route(path, secret)
    try:
        assert match("GET", path) is None
        assert [lab.client(who).get(path).status_code for who in WHO] == [404] * len(WHO)
    finally:
        lab.app.router.routes.pop()


@pytest.mark.parametrize("row", ROWS)
def test_who_is_let_through(lab: Lab, hand: Hand, row: str) -> None:
    """Who is refused gets 401 or 403 and changes nothing; what becomes of the rest is for other tests."""
    run = hand.run(start=False)
    lab.give(run.id, "mia")
    sweep = lab.sweep("mia")
    method, path = row.split(" ")
    for name, value in {
        "run_id": run.id,
        "sweep_id": sweep,
        "name": "no",
        "view_id": "no",
        "artifact_id": "0" * 64,
    }.items():
        path = path.replace(f"{{{name}}}", value)
    path = path.replace("{layer}", "fc1").replace("{replicate}", "0").replace("{level}", "0").replace("{number}", "0")
    if path == "/live":  # it never ends: see test_streams
        return
    passed = ""
    # Those first who are refused: what the others do may take the run away.
    for who in sorted(WHO, key=lambda who: ROWS[row][WHO.index(who)]):
        before = lab.state()
        answer = lab.client(who).request(method, path)
        refused = answer.status_code in (401, 403)
        assert (answer.status_code == 401) == (refused and who == "nobody"), (row, who)
        if refused:
            assert lab.state() == before
        assert refused == (ROWS[row][WHO.index(who)] == "-"), (row, who, answer.status_code)
        passed += "x" if not refused else "-"
        if row in ("POST /logout", "POST /logout/everywhere"):
            lab.log_in_again(who)
    assert sorted(passed) == sorted(ROWS[row])


def test_a_token_of_an_admin_makes_no_accounts_and_no_tokens(lab: Lab) -> None:
    """Whoever has found one cannot stay."""
    lab.tokens["admin"] = lab.store.new_token(lab.ids["ada"], "admin", "write", 1)
    client = lab.client("admin")
    refused = [row for row, need in NEEDS.items() if need in ("self", "people")]
    assert len(refused) > 10
    for method, path in refused:
        assert client.request(method, path.replace("{user_id}", lab.ids["mia"])).status_code == 403, path
    assert client.delete("/api/v1/bin").status_code == 200
