"""The page of an import works as a plain form: it leads to the run, or comes back with what was typed."""

import re
from typing import Any

import httpx
import pytest

from app.imports.limits import MAX_BYTES, MAX_FILES
from app.store import Store
from tests.app.imports.files import Network, one

HTML = {"Accept": "text/html"}


def send(client: httpx.Client, *contents: bytes, **fields: Any) -> httpx.Response:
    """What a browser sends of the form: every field, and a nameless empty file where none was chosen."""
    files = [(f"l{i}.safetensors", content) for i, content in enumerate(contents)] or [("", b"")]
    body = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value.encode())
        for name, value in {"name": "", "tags": "", "notes": "", **fields}.items()
    )
    for name, content in files:
        head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="%s"\r\n\r\n' % name.encode()
        body += head + content + b"\r\n"
    headers = {**HTML, "Content-Type": "multipart/form-data; boundary=b"}
    return client.post("/import", content=body + b"--b--\r\n", headers=headers)


def test_the_form_leads_to_the_run(client: httpx.Client, store: Store) -> None:
    network = Network(2)
    answer = send(client, network.ticket(0), network.ticket(1), name=" mine ", tags="a, b,,a", notes="x\r\ny")
    assert answer.status_code == 303
    run = store.run(answer.headers["location"].rsplit("/", 1)[-1])
    assert (run.kind, run.name, run.tags, run.notes) == ("imported", "mine", ("a", "b"), "x\ny")


@pytest.mark.parametrize(
    ("contents", "fields", "status", "anchor", "words"),
    [
        ([], {}, 422, "f-files-error", "needs at least one .safetensors file"),
        ([b"\x80\x04\x95"], {}, 422, "f-files-error", "a pickle, which can run code"),
        ([one(shape=[10**6, 10**6])], {}, 413, "f-files-error", "shape: has more elements"),
        ([Network(1).ticket(0)], {"name": "x" * 201}, 422, "f-name-error", "Name has 201 characters"),
        ([Network(1).ticket(0)], {"tags": "y" * 41}, 422, "f-tags-error", "Tags has 41 characters"),
    ],
)
def test_a_mistake_comes_back_at_its_field_with_nothing_stored(
    client: httpx.Client,
    store: Store,
    contents: list[bytes],
    fields: dict[str, str],
    status: int,
    anchor: str,
    words: str,
) -> None:
    answer = send(client, *contents, **{"notes": "kept <as> typed", **fields})
    assert answer.status_code == status
    said = re.search(rf'<p class="error" id="{anchor}"[^>]*>([^<]*)</p>', answer.text)
    assert said is not None
    assert words in said[1]
    assert "kept &lt;as&gt; typed" in answer.text
    assert store.runs().items == ()


def test_the_page_says_what_is_read_and_how_to_convert(client: httpx.Client) -> None:
    text = client.get("/import", headers=HTML).text
    assert 'enctype="multipart/form-data"' in text
    assert f'data-max-bytes="{MAX_BYTES}"' in text
    assert f"{MAX_FILES} files, 1 GiB together; 400 layers of 67 million weights" in text
    for words in ("X_orig, X_mask, X_trained", "torch.nn.utils.prune", "weights_only=True", "none is ever loaded here"):
        assert words in text
    assert "f-files-error" in text
    assert "aria-invalid" not in text


@pytest.mark.parametrize(
    ("levels", "initial", "shown"),
    [(1, False, set()), (1, True, {"weight_survival"}), (2, False, {"weight_survival", "mask_distance"})],
)
def test_an_import_has_no_figure_that_would_be_empty(
    client: httpx.Client, levels: int, initial: bool, shown: set[str]
) -> None:
    network = Network(levels)
    contents = [network.ticket(level) if initial else network.masks_alone(level) for level in range(levels)]
    page = client.get(send(client, *contents).headers["location"], params={"tab": "masks"}, headers=HTML).text
    assert {"weight_survival", "mask_distance"} & set(re.findall(r'id="figure-(\w+)"', page)) == shown
