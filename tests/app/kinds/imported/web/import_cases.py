"""Imports of the shared cases."""

from pathlib import Path
from typing import Any

import httpx

from app.store import Store

CASES = Path(__file__).parents[6] / "shared" / "cases" / "imports"

IMPORTS = "/api/v1/imports"

THREE = {"fc1": (55, 128), "fc2": (21, 48), "fc3": (11, 24)}


def send(client: httpx.Client, *names: str, dry: bool = False, **fields: Any) -> httpx.Response:
    parts = [("files", (name, (CASES / name).read_bytes())) for name in names]
    return client.post(IMPORTS, params={"dry_run": "true"} if dry else {}, files=parts, data=fields)


def preview(client: httpx.Client, *names: str, **fields: Any) -> dict[str, Any]:
    answer = send(client, *names, dry=True, **fields)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def kept(found: dict[str, Any], network: int = 0) -> dict[str, tuple[int, int]]:
    """Kept weights and weights of each layer, as the table tells them."""
    return {
        line["layer"]: (line["kept"][line["files"].index(network)], line["total"])
        for line in found["tensors"]
        if line["kept"] is not None
    }


def stored(store: Store, run: str, column: str) -> list[int]:
    return [int(value) for value in store.series(run, "layers")[column]]
