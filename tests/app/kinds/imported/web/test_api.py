"""Masks from elsewhere become a run that every reader of masks reads, or nothing at all."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from safetensors.numpy import load

from app.atlas.reader import Reader
from app.atlas.values import Values
from app.contract.tickets import TicketRef
from app.imports.limits import MAX_BYTES, MAX_FILES
from app.masks import codec
from app.settings import Settings
from app.store import Store
from app.web.core.body import MAX_BODY_BYTES, STREAMED
from tests.app.conftest import Web
from tests.app.imports.files import Network, one, typed

IMPORTS = "/api/v1/imports"
RUNS = "/api/v1/runs"


def send(client: httpx.Client, *contents: bytes, names: list[str] | None = None, **fields: Any) -> httpx.Response:
    called = names or [f"l{i}.safetensors" for i in range(len(contents))]
    return client.post(IMPORTS, files=[("files", part) for part in zip(called, contents, strict=True)], data=fields)


@pytest.fixture
def nothing_stored(store: Store, settings: Settings) -> Iterator[None]:
    """Whatever the test did, no run, no bytes and no temporary file are left."""
    yield
    assert store.runs().items == ()
    assert [path for path in settings.data_dir.rglob("*") if path.is_file() and "db" not in path.name] == []


@pytest.mark.parametrize("nested", [True, False])
def test_a_sequence_of_tickets_is_a_finished_run(client: httpx.Client, store: Store, nested: bool) -> None:
    network = Network(3, nested=nested)
    answer = send(client, *(network.ticket(i) for i in range(3)), name="mine", tags=["a", "b", "c"], notes="x\r\ny")
    run = answer.json()
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{RUNS}/{run['id']}"
    assert client.get(answer.headers["location"]).json() == run
    assert (run["name"], run["tags"], run["notes"], run["state"]) == ("mine", ["a", "b", "c"], "x\ny", "finished")
    assert run["spec"] == {
        "kind": "imported", "files": [f"l{i}.safetensors" for i in range(3)], "layers": 3, "levels": 2, "replicates": 1,
        "places": [], "one_means": "", "roles": {}, "accuracies": [],
            "architecture_of": "", "architecture_layers": {},
    }  # fmt: skip
    layers = [{"name": name, "shape": list(shape)} for name, shape in network.SHAPES.items()]
    assert run["provenance"]["layers"] == layers
    assert run["provenance"]["format"] == "masks, weights, initial weights"

    reader = Reader(store)
    for level in range(3):
        ref = TicketRef(run["id"], 0, level)
        for number, (name, shape) in enumerate(network.SHAPES.items()):
            rows, columns = codec.size_of(shape)
            mask = network.masks[level][name].reshape(rows, columns)
            assert np.array_equal(codec.unpack(reader.bits(ref, number), columns), mask)
            with Values(reader, ref, number) as values:
                for found, truth in (
                    (values.start(0, rows), network.initial[name]),
                    (values.end(0, rows), network.trained[level][name]),
                ):
                    assert np.array_equal(found[mask == 1], truth.reshape(rows, columns)[mask == 1])
                    assert np.isnan(found[mask == 0]).all()


def test_a_download_of_an_import_is_imported_again_as_it_was(client: httpx.Client) -> None:
    network = Network(2)
    first = send(client, *(network.ticket(level) for level in range(2))).json()["id"]
    files = [client.get(f"{RUNS}/{first}/tickets/0/{level}").content for level in range(2)]
    for name in network.SHAPES:
        tensors = load(files[1])
        mask = network.masks[1][name]
        assert np.array_equal(tensors[f"{name}.weight_mask"], mask)
        assert np.array_equal(tensors[f"{name}.weight_orig"], network.initial[name])
        assert np.array_equal(tensors[f"{name}.weight_trained"], network.trained[1][name] * mask)
    second = send(client, *files).json()["id"]
    ids = [[(ref["name"], ref["id"]) for ref in client.get(f"{RUNS}/{run}/artifacts").json()["items"]]
           for run in (first, second)]  # fmt: skip
    assert ids[0] == ids[1]


@pytest.mark.parametrize("form", ["ticket", "pruned", "masks_alone", "weights_alone"])
def test_every_page_and_answer_about_an_import_is_there(client: httpx.Client, form: str) -> None:
    network = Network(2)
    run = send(client, *(getattr(network, form)(level) for level in range(2))).json()
    assert run["name"] == "Imported masks: l0.safetensors and 1 more"
    for tab in ("", "curves", "training", "masks", "overlap", "movement", "spec", "log"):
        page = client.get(f"/runs/{run['id']}", params={"tab": tab} if tab else None)
        assert page.status_code == 200, tab
    text = client.get(f"/runs/{run['id']}", params={"tab": "spec"}).text
    assert "-- ./l0.safetensors ./l1.safetensors" in text
    assert f"/api/v1/runs/{run['id']}/tickets/0/1" in text
    assert "2 files" in client.get("/").text
    assert "2 of 2 masks" in client.get(f"/runs/{run['id']}").text
    catalog = client.get("/api/v1/catalog").json()
    for figure in (item["name"] for item in catalog["figures"] if "imported" in item["kinds"]):
        assert client.get(f"{RUNS}/{run['id']}/figures/{figure}").status_code == 200, figure
    for path in ("comparison", "events", "artifacts", "series?name=layers", "tickets/0/1"):
        assert client.get(f"{RUNS}/{run['id']}/{path}").status_code == 200, path


def test_an_import_is_not_submitted_cloned_or_extended(client: httpx.Client, store: Store) -> None:
    run = send(client, Network(1).ticket(0)).json()
    again = "import the files again"
    for answer in (
        client.post(f"{RUNS}/{run['id']}/clone"),
        client.get("/new", params={"clone": run["id"]}),
        client.get("/new", params={"extend": run["id"]}),
        client.post("/new", data={"kind": "lottery", "extend": run["id"]}),
    ):
        assert (answer.status_code, again in answer.text) == (409, True)
    lottery = client.get("/api/v1/presets").json()["items"][0]["spec"]
    extended = client.post(f"{RUNS}/{run['id']}/extend", json={"spec": lottery})
    assert (extended.status_code, again in extended.text) == (409, True)
    for path in (RUNS, f"{RUNS}/{run['id']}/extend"):
        submitted = client.post(path, json={"spec": run["spec"]})
        assert (submitted.status_code, IMPORTS in submitted.text) == (422, True)
    assert len(store.runs().items) == 1
    page = client.get(f"/runs/{run['id']}").text
    assert "/new?clone=" not in page
    assert "/new?extend=" not in page


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(
    ("contents", "status", "words"),
    [
        ([one(shape=[10**6, 10**6])], 413, "l0.safetensors, tensor 'fc1.weight', shape"),
        ([one("../x")], 422, "must not be a path"),
        ([Network(1).ticket(0)[:-1]], 422, "past the end"),
        ([b"\x80\x04\x95" + bytes(60)], 422, "safetensors.torch.save_file"),
        ([typed({"fc.weight_mask": (np.full((2, 2), 2), "F32")})], 422, "tensor 'fc.weight_mask', values"),
        ([typed({"fc.weight": (np.full((2, 2), np.nan), "F32")})], 422, "tensor 'fc.weight', values"),
        ([Network(1).ticket(0), one()], 422, "l1.safetensors, tensor"),
        ([Network(1).ticket(0), typed({"fc.weight": (np.full((2, 2), np.nan), "F32")})], 422, "l1.safetensors"),
        ([b""], 422, "does not begin with"),
        ([Network(1).masks_alone(0)] * (MAX_FILES + 1), 400, "Too many files. Maximum number of files is 61."),
    ],
)  # fmt: skip
def test_a_bad_file_is_named_and_nothing_is_stored(
    client: httpx.Client, contents: list[bytes], status: int, words: str
) -> None:
    answer = send(client, *contents)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert words in answer.json()["detail"]


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"name": "x" * 201}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"tags": "y" * 41}, "tags"),
        ({"tags": "a, b"}, "tags"),
        ({"notes": "z" * 10_001}, "notes"),
        ({"seed": "1"}, "seed"),
        ({"files": "no file"}, "files"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_stored(client: httpx.Client, fields: dict[str, str], path: str) -> None:
    answer = send(client, Network(1).ticket(0), names=None, **fields)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, path)


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"", {}, 422),
        (b"{}", {"Content-Type": "application/json"}, 422),
        (b"x", {"Content-Type": "multipart/form-data"}, 400),
        (b"x", {"Content-Type": "multipart/form-data; boundary=b"}, 400),
        (b"--b--\r\n", {"Content-Type": "multipart/form-data; boundary=b"}, 422),
        (b'--b\r\nContent-Disposition: form-data; name="files"; filename=""\r\n\r\n\r\n--b--\r\n',
         {"Content-Type": "multipart/form-data; boundary=b"}, 422),
        (b'--b\r\nContent-Disposition: form-data; name="other"; filename="x"\r\n\r\nx\r\n--b--\r\n',
         {"Content-Type": "multipart/form-data; boundary=b"}, 422),
        (b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nx\r\n--b--\r\n',
         {"Content-Type": "multipart/form-data; boundary=b; charset=punycode"}, 400),
    ],
)  # fmt: skip
def test_what_is_no_upload_is_refused(
    client: httpx.Client, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = client.post(IMPORTS, content=content, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


@pytest.mark.usefixtures("nothing_stored")
def test_another_site_cannot_import(client: httpx.Client) -> None:
    files = {"files": ("a.safetensors", Network(1).ticket(0))}
    assert client.post(IMPORTS, files=files, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("C:\\masks\\a.safetensors", "a.safetensors"),
        ("../../etc/passwd", "etc/passwd"),
        ("/etc//./passwd", "etc/passwd"),
        ("level_3/main/mask.safetensors", "level_3/main/mask.safetensors"),
        ("<b>é</b>.safetensors", "<b>é</b>.safetensors"),
        ("x" * 500, "…" + "x" * 299),
        ("masks/", "level-0.safetensors"),
    ],
)
def test_a_file_keeps_its_folders_and_nothing_leads_out_of_them(client: httpx.Client, given: str, kept: str) -> None:
    run = send(client, Network(1).ticket(0), names=[given]).json()
    assert run["spec"]["files"] == [kept]
    assert client.get(f"/runs/{run['id']}").status_code == 200


@pytest.mark.usefixtures("nothing_stored")
def test_an_announced_upload_over_the_limit_is_refused_before_it_is_sent(web: Web) -> None:
    connection = http.client.HTTPConnection(web.url.removeprefix("http://"), timeout=10)
    connection.putrequest("POST", IMPORTS)
    connection.putheader("Content-Type", "multipart/form-data; boundary=b")
    connection.putheader("Content-Length", str(2 * 2**30))
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("content-type")) == (413, "application/problem+json")
    assert f"{MAX_BYTES + MAX_BODY_BYTES:,}" in json.load(answer)["detail"]
    connection.close()


@pytest.mark.usefixtures("nothing_stored")
def test_a_chunked_upload_over_the_limit_is_refused_on_the_way(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STREAMED, IMPORTS, 2_000_000)
    connection = http.client.HTTPConnection(web.url.removeprefix("http://"), timeout=10)
    connection.putrequest("POST", IMPORTS)
    connection.putheader("Content-Type", "multipart/form-data; boundary=b")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="x"\r\n\r\n'
    for chunk in (head, *[bytes(100_000)] * 20):
        connection.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("content-type")) == (413, "application/problem+json")
    assert "2,000,000" in json.load(answer)["detail"]
    connection.close()


def test_an_upload_may_be_larger_than_other_bodies_and_leaves_no_temporary_file(
    client: httpx.Client, settings: Settings
) -> None:
    weights = np.random.default_rng(0).normal(size=(700, 600)).astype(np.float32)
    content = typed({"fc.weight": (weights, "F32")})
    assert len(content) > MAX_BODY_BYTES
    assert send(client, content).status_code == 201
    assert list((settings.data_dir / "imports").iterdir()) == []


@pytest.mark.usefixtures("nothing_stored")
def test_an_upload_that_breaks_off_leaves_nothing(web: Web, store: Store, tmp_path: Path) -> None:
    for cut in (50, 90, 500):
        connection = http.client.HTTPConnection(web.url.removeprefix("http://"), timeout=10)
        connection.putrequest("POST", IMPORTS)
        connection.putheader("Content-Type", "multipart/form-data; boundary=b")
        connection.putheader("Content-Length", "100000")
        connection.endheaders()
        head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="x"\r\n\r\n'
        connection.send((head + bytes(1000))[:cut])
        connection.close()
    assert web.client.get("/healthz").status_code == 200
