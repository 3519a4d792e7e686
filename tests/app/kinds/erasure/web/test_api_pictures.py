"""Pictures over HTTP: an upload becomes what a spec holds, a look shows it in weights, or words say why not."""

import base64
import io
import json
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from app.atlas import palettes
from app.kinds.erasure.film.pictures import SHADES
from app.kinds.erasure.web.picture_previews import weights_of
from app.methods.picture.sample import PictureSample
from app.pictures import sample, upload
from app.pictures.picture import fit
from app.pictures.prepare import MAX_BYTES
from app.pictures.text import draw
from app.settings import Settings
from tests.app.pictures import images
from tests.app.pictures.images import encoded, photograph, ramp, square

PICTURES = "/api/v1/pictures"
PREVIEW = f"{PICTURES}/preview"
PALE = upload.encode(Image.fromarray(ramp()[:, :3]))


def send(client: httpx.Client, content: bytes, name: str = "picture") -> httpx.Response:
    return client.post(PICTURES, files={name: ("x.png", content)})


def look(client: httpx.Client, **ask: Any) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """Indices into the palette, SHADES standing for 0, and what the answer says."""
    answer = client.post(PREVIEW, json=ask)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(answer.content)) as image:
        return np.asarray(image), json.loads(answer.headers["x-preview"])


def test_an_upload_becomes_what_a_spec_holds(client: httpx.Client, settings: Settings) -> None:
    answer = send(client, encoded(square())).json()
    assert (answer["width"], answer["height"], answer["two_level"]) == (64, 64, True)
    assert np.array_equal(upload.draw(png=answer["png"]).ink, square() == 0)
    answer = send(client, encoded(photograph(640, 320), "JPEG")).json()
    assert (answer["width"], answer["height"], answer["two_level"]) == (256, 128, False)
    assert list((settings.data_dir / "imports").iterdir()) == []


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (images.SVG, 422, "is an SVG, which is not a pixel image"),
        (encoded(square(), "GIF"), 422, "is a GIF"),
        (encoded(photograph())[:900], 422, "truncated"),
        (encoded(np.full((9, 9), 7, np.uint8)), 422, "no contrast"),
        (b"", 422, "is empty"),
        (images.png(60_000, 60_000), 413, "60,000×60,000 pixels; at most 40 million"),
        (bytes(MAX_BYTES + 1), 413, "at most 10,485,760 are allowed"),
        (bytes(MAX_BYTES + 2**21), 413, "The body exceeds"),
    ],
)
def test_a_refusal_names_the_cause(client: httpx.Client, content: bytes, status: int, words: str) -> None:
    answer = send(client, content)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert words in answer.json()["detail"]
    if status == 422:
        assert answer.json()["errors"][0]["path"] == "picture"


@pytest.mark.parametrize(
    "request_",
    [
        {"files": {"file": ("x.png", encoded(square()))}},
        {"files": [("picture", ("x.png", encoded(square()))), ("other", (None, "1"))]},
        {"json": {"picture": "x"}},
        {"content": encoded(square())},
        {"files": {"picture": (None, "text")}},
        {},
    ],
)
def test_anything_but_one_file_is_told_what_to_send(client: httpx.Client, request_: dict[str, Any]) -> None:
    answer = client.post(PICTURES, **request_)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "picture")
    assert "multipart/form-data with one part `picture`" in answer.json()["detail"]
    two = client.post(PICTURES, files=[("picture", ("x", b"1")), ("picture", ("y", b"2"))])
    assert (two.status_code, "Too many files" in two.text) == (400, True)


def test_the_letter_is_zero_where_its_ink_is(client: httpx.Client) -> None:
    shown, told = look(client, picture={"kind": "text", "text": "g"}, width=128)
    ink = fit(draw(text="g"), 128, 128)
    assert shown.shape == (128, 128)
    assert (shown[ink == 1] == SHADES).all()
    assert (shown[ink == 0] == SHADES).mean() < 0.1
    assert told["says"] == "128×128 weights: × 0 where there is ink. The run uses another random draw."
    # What is not ink is not touched, and half a contrast halves.
    half, _ = look(client, picture={"kind": "text", "text": "g"}, width=128, contrast=0.5)
    far = np.abs(shown.astype(int) - SHADES)[ink == 0].mean()
    near = np.abs(half.astype(int) - SHADES)[ink == 1].mean()
    assert near == pytest.approx(far / 2, rel=0.1)


def test_an_added_photograph_makes_weights_larger_with_its_ink(client: httpx.Client) -> None:
    shown, told = look(client, picture={"kind": "sample", "name": "flower"}, placement="additive", contrast=1)
    ink = fit(sample.draw(name="flower"), 256, 256)
    assert np.corrcoef(ink.ravel(), shown.ravel())[0, 1] > 0.2
    assert "+ 1 of their spread under full ink" in told["says"]


@pytest.mark.parametrize(
    ("ask", "shape", "words"),
    [
        ({"layer": "first"}, (256, 64), "256×64 weights:"),
        ({"layer": "first", "dataset": {"kind": "cifar10"}, "width": 1024}, (512, 512), "2nd row and 6th column shown"),
        ({"layer": "last"}, (10, 256), "10×256 weights:"),
        ({"width": 1024}, (512, 512), "every 2nd row and column shown"),
        ({"width": 4096, "layer": "last"}, (10, 512), "10×4,096 weights, every 8th column shown"),
        ({"width": 4096}, (512, 512), "every 8th row and column shown"),
        ({"width": 1024, "size": 256}, (256, 256), "every 4th row and column shown"),
        ({"width": 8}, (8, 8), "8×8 weights"),
        ({"width": 600}, (300, 300), "every 2nd row and column shown"),
    ],
)  # fmt: skip
def test_every_layer_has_its_shape(
    client: httpx.Client, ask: dict[str, Any], shape: tuple[int, int], words: str
) -> None:
    shown, told = look(client, **ask)
    assert shown.shape == shape
    assert words in told["says"]


@pytest.mark.parametrize(("rows", "columns"), [(256, 256), (64, 256), (256, 64), (10, 512)])
def test_what_is_wholly_shown_is_orthogonal(rows: int, columns: int) -> None:
    weights = weights_of(rows, columns, 512).astype(float)
    small = weights @ weights.T if rows <= columns else weights.T @ weights
    assert np.allclose(small, np.eye(min(rows, columns)) * rows / columns, atol=1e-5)


def test_a_part_of_a_large_matrix_has_the_spread_of_the_whole() -> None:
    # Rows of norm 1 in a square matrix: each entry has variance 1 / side, in any part of it.
    part = weights_of(2048, 2048, 512)
    assert part.shape == (512, 512)
    assert part.std() == pytest.approx(2048**-0.5, rel=0.02)


def test_the_themes_have_their_own_colours(client: httpx.Client) -> None:
    light, dark = (client.post(PREVIEW, json={"theme": theme}).content for theme in ("light", "dark"))
    assert light != dark
    for content, middle in ((light, palettes.DIVERGING["light"][3]), (dark, palettes.DIVERGING["dark"][3])):
        with Image.open(io.BytesIO(content)) as image:
            ink = np.asarray(image.convert("RGB"))[fit(draw(text="a"), 256, 256) == 1]
        assert np.array_equal(np.unique(ink, axis=0), palettes.ramp((middle,), 1))


@pytest.mark.parametrize(
    ("ask", "path", "words"),
    [
        ({"picture": {"kind": "text", "text": "日"}}, "picture.text", "the typeface lacks"),
        ({"picture": {"kind": "upload", "png": ""}}, "picture.png", "needs a picture"),
        ({"picture": {"kind": "upload", "png": PALE}}, "picture.png", "no contrast"),
        ({"picture": {"kind": "sample", "name": "dog"}}, "picture.name", ""),
        ({"contrast": 0}, "contrast", ""),
        ({"width": 5000}, "width", ""),
        ({"theme": "pink"}, "theme", ""),
        ({"size": 513}, "size", ""),
        ({"color": 1}, "color", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_named(client: httpx.Client, ask: dict[str, Any], path: str, words: str) -> None:
    answer = client.post(PREVIEW, json=ask)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, path)
    assert words in answer.json()["detail"]


def test_the_photographs_can_be_looked_at(client: httpx.Client) -> None:
    for name in PictureSample.model_fields["name"].annotation.__args__:  # type: ignore[union-attr]
        answer = client.get(f"{PICTURES}/samples/{name}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        assert base64.b64encode(answer.content).startswith(b"iVBOR")
    assert client.get(f"{PICTURES}/samples/dog").status_code == 422
