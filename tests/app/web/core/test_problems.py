"""Errors: problem+json that names each bad field, or a page for a browser."""

from http import HTTPStatus
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter, ValidationError

from app.kinds.presets import PRESETS
from app.kinds.specs import Spec
from app.main import create_app
from app.queue import Queue
from app.settings import Settings
from app.store import Store
from app.web.core.headers import CONTENT_SECURITY_POLICY
from app.web.core.problems import bad_fields
from tests.app.conftest import Serve

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def spec(**changed: Any) -> dict[str, Any]:
    return {**PRESETS["digits-tickets"].spec.model_dump(mode="json"), **changed}


@pytest.mark.parametrize(
    ("changed", "paths"),
    [
        ({"optimizer": {"kind": "adam", "lr": -1}}, ["optimizer.lr"]),
        ({"optimizer": {"kind": "adam", "betas": [0.9, 2]}}, ["optimizer.betas.1"]),
        ({"optimizer": {"lr": 1}}, ["optimizer.kind"]),
        ({"optimizer": {"kind": "tiger"}}, ["optimizer.kind"]),
        ({"branches": [{"kind": "reinit", "draws": 99}]}, ["branches.0.draws"]),
        ({"branches": [{"kind": "reinit"}, {"kind": "reinit"}]}, ["branches"]),
        ({"dataset": {"kind": "digits", "size": 1}}, ["dataset.size"]),
        ({"rewind_step": 10**6}, ["rewind_step"]),
        ({"steps": 10**7, "bogus": 1}, ["steps", "bogus"]),
        ({"steps": float(10**6), "replicates": 100}, ["steps"]),
    ],
)
def test_a_bad_field_is_named_without_the_tags_of_unions(changed: dict[str, Any], paths: list[str]) -> None:
    value = spec(**changed)
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Spec).validate_python(value)
    assert [field.path for field in bad_fields(caught.value.errors(), value)] == paths


def test_a_refused_run_names_each_bad_field_and_stores_nothing(client: httpx.Client) -> None:
    body = {"spec": spec(optimizer={"kind": "adam", "lr": -1}, bogus=1), "name": "x" * 10_000, "tags": "a"}
    answer = client.post("/api/v1/runs", json=body)
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem["status"], problem["title"]) == (422, HTTPStatus(422).phrase)
    assert {error["path"] for error in problem["errors"]} == {"optimizer.lr", "bogus", "name", "tags"}
    assert client.get("/api/v1/runs").json()["items"] == []


def test_of_very_many_bad_fields_the_first_are_named_and_the_rest_counted(client: httpx.Client) -> None:
    body = {"preset": "digits-tickets", **{f"x{number}": 1 for number in range(70_000)}}
    answer = client.post("/api/v1/runs", json=body)
    problem = answer.json()
    assert answer.status_code == 422
    assert [error["path"] for error in problem["errors"]] == [f"x{number}" for number in range(50)]
    assert problem["detail"].endswith("; and 69,950 more")
    assert len(answer.content) < 20_000


@pytest.mark.parametrize("n", [50, 51])
def test_nothing_is_left_out_unsaid(client: httpx.Client, n: int) -> None:
    body = {"preset": "digits-tickets", **{f"x{number}": 1 for number in range(n)}}
    problem = client.post("/api/v1/runs", json=body).json()
    assert len(problem["errors"]) == 50
    assert ("; and 1 more" in problem["detail"]) == (n == 51)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 400),
        (b"\xff", 400),
        (b"[]", 422),
        (b'{"preset": "digits-tickets", "\\ud800": 1}', 422),
        (b'{"preset": "digits-tickets", "name": "\\ud800"}', 422),
        (b'{"preset": "digits-tickets", "name": "a\\u0000b"}', 422),
        (b'{"preset": "nowhere"}', 422),
        (b"{}", 422),
        (b"[" * 100_000, 400),
        (b'{"spec": {"steps": 1e999}}', 422),
        (b'{"preset": 1' + b"0" * 5000 + b"}", 400),
    ],
)
def test_no_body_breaks_the_server(client: httpx.Client, content: bytes, status: int) -> None:
    answer = client.post("/api/v1/runs", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_what_is_not_there_is_a_problem_for_scripts_and_a_page_for_browsers(client: httpx.Client) -> None:
    script = client.get("/api/v1/runs/0000000000", headers=BROWSER)
    assert (script.status_code, script.headers["content-type"]) == (404, "application/problem+json")
    for path in ("/runs/0000000000", "/nowhere"):
        page = client.get(path, headers=BROWSER)
        assert page.status_code == 404
        assert page.headers["content-type"].startswith("text/html")
        assert "<h1>" in page.text
    assert client.get("/nowhere").headers["content-type"] == "application/problem+json"


def test_a_page_shows_what_was_asked_for_escaped(client: httpx.Client) -> None:
    page = client.get("/runs/<script>alert(1)</script>", headers=BROWSER)
    assert page.status_code == 404
    assert "<script>alert" not in page.text


def test_a_method_that_is_not_allowed_says_which_is(client: httpx.Client) -> None:
    answer = client.delete("/api/v1/catalog")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


def test_a_fault_is_answered_without_its_details(
    settings: Settings, store: Store, no_broker: Queue, serve: Serve
) -> None:
    app = create_app(settings, store, no_broker)

    @app.get("/fault")
    def fault() -> None:
        raise RuntimeError("secret")

    url = serve(app).url + "/fault"
    answer = httpx.get(url, trust_env=False)  # the server closes the connection after a fault
    assert answer.status_code == 500
    assert answer.json()["title"] == "Internal Server Error"
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "secret" not in answer.text
    page = httpx.get(url, headers=BROWSER, trust_env=False)
    assert (page.status_code, "<h1>" in page.text, "secret" in page.text) == (500, True, False)


def test_a_database_that_is_away_is_said(client: httpx.Client, settings: Settings, store: Store) -> None:
    store.close()
    (settings.data_dir / "ticketscope.db").unlink()
    for suffix in ("-wal", "-shm"):
        (settings.data_dir / f"ticketscope.db{suffix}").unlink(missing_ok=True)
    answer = client.get("/api/v1/runs")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
