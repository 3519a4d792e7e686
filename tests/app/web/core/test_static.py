"""Versioned files are kept for ever, plain ones asked for again; nothing outside the folder is served."""

from pathlib import Path

import httpx
import pytest

from app.web.core.static import ASK, FOREVER, Static
from tests.app.conftest import Web

BUNDLE = "vendor/swagger/swagger-ui.css"


def test_a_versioned_address_may_be_kept_for_ever(client: httpx.Client) -> None:
    url = Static(Path("static")).url(BUNDLE)
    answer = client.get(url, headers={"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, FOREVER)
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.text == client.get(f"/static/{BUNDLE}").text


def test_a_plain_or_outdated_address_is_asked_for_again(client: httpx.Client) -> None:
    for url in (f"/static/{BUNDLE}", f"/static/v-000000000000/{BUNDLE}"):
        first = client.get(url)
        assert (first.status_code, first.headers["cache-control"]) == (200, ASK)
        again = client.get(url, headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code == 304


@pytest.mark.parametrize(
    "path", ["../pyproject.toml", "%2e%2e/pyproject.toml", "v-000000000000/../../pyproject.toml", ""]
)
def test_nothing_else_is_served(client: httpx.Client, path: str) -> None:
    assert client.get(f"/static/{path}").status_code == 404


def test_the_version_changes_with_any_file(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("1")
    before = Static(tmp_path).version
    assert Static(tmp_path).version == before
    (tmp_path / "a.js").write_text("22")
    assert Static(tmp_path).version != before


def test_large_scripts_are_compressed_ahead_and_say_the_same(web: Web) -> None:
    static: Static = web.app.state.static
    client = web.client
    static.pack()
    path = "vendor/plotly/plotly-cartesian.min.js"
    plain = client.get(static.url(path), headers={"Accept-Encoding": "identity"})
    packed = client.get(static.url(path), headers={"Accept-Encoding": "gzip"})
    assert (packed.headers["content-encoding"], packed.headers["cache-control"]) == ("gzip", FOREVER)
    assert packed.headers["content-type"] == plain.headers["content-type"]
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    assert packed.content == plain.content == Path(f"static/{path}").read_bytes()
    again = client.get(static.url(path), headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["etag"]})
    assert again.status_code == 304
