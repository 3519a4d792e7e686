"""The film over HTTP: what there is to see as it grows, pictures that are kept, films as files, exact values."""

import csv
import io
import json
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image, ImageSequence

from app.kinds.erasure.film.exports import GAP
from app.kinds.erasure.spec import Cell
from app.store import Store
from tests.app.erased_run import ErasedRun, erasure_spec, write_run

SGD = Cell(16, "picture", "sgd", 1.0)
WHICH: dict[str, Any] = {"width": 16, "optimizer": "sgd", "lr": 1.0}
IMMUTABLE = "private, max-age=604800, immutable"


def ask(client: httpx.Client, run: str, part: str = "", status: int = 200, **query: Any) -> httpx.Response:
    answer = client.get(f"/api/v1/runs/{run}/film{part}", params=query)
    assert answer.status_code == status, answer.text
    return answer


def cells(answer: httpx.Response) -> dict[Cell, dict[str, Any]]:
    return {Cell(*(item[name] for name in Cell._fields)): item for item in answer.json()["cells"]}


def rgb(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("RGB"))


def test_the_index_has_every_training_with_what_was_measured(client: httpx.Client, store: Store) -> None:
    runs = write_run(store, replicates=2, diverge={("sgd", 1): 40})
    run = runs[1]
    answer = ask(client, run.id, replicate=1)
    body = answer.json()
    assert (body["replicate"], body["replicates"], body["two_level"]) == (1, 2, True)
    assert body["moments"] == list(run.spec.observed_steps())
    top = float(np.quantile(np.abs(run.init[16, "picture"]), 0.995))
    (width,) = body["widths"]
    assert (width["width"], width["rows"], width["columns"]) == (16, 16, 16)
    assert top <= width["reach"] <= 1.1 * top
    grid = cells(answer)
    assert list(grid) == run.cells
    for cell in run.spec.cells():
        info = grid[cell]
        assert info["total_steps"] == 100
        diverged = cell == SGD
        assert (info["state"], info["diverged_step"]) == (("diverged", 40) if diverged else ("done", None))
        steps = [step for step in run.spec.observed_steps() if not diverged or step < 40]
        assert [frame["step"] for frame in info["frames"]] == steps
        for frame in info["frames"]:
            row = run.rows[cell, frame["step"]]
            for name in ("loss", "movement", "visibility", "null_low", "test_accuracy", "train_accuracy"):
                assert frame[name] == pytest.approx(row[name]), name
            seen = row["visibility"]
            assert frame["fate"] == ("inverted" if seen < 0.45 else "erased" if seen <= 0.55 else "visible")


def test_finite_weights_of_a_training_that_has_diverged_are_not_its_last_frame(
    client: httpx.Client, store: Store
) -> None:
    run = ErasedRun(store, erasure_spec())
    for step in (0, 1, 2, 3):
        run.frame(SGD, step, loss=1e8 if step == 3 else 1.0)
    run.end(SGD, diverged_step=3)
    assert [frame["step"] for frame in cells(ask(client, run.id))[SGD]["frames"]] == [0, 1, 2]
    film = Image.open(io.BytesIO(ask(client, run.id, "/export", **WHICH, format="webp").content))
    assert film.n_frames == 3  # type: ignore[attr-defined]


def test_what_is_no_number_is_null(client: httpx.Client, store: Store) -> None:
    run = ErasedRun(store, erasure_spec())
    run.frame(SGD, 0, loss=float("nan"), movement=float("inf"))
    (frame,) = cells(ask(client, run.id))[SGD]["frames"]
    assert (frame["loss"], frame["movement"]) == (None, None)
    assert frame["visibility"] is not None


def test_a_film_grows(client: httpx.Client, store: Store) -> None:
    run = ErasedRun(store, erasure_spec())
    before = ask(client, run.id)
    assert {cell["state"] for cell in cells(before).values()} == {"waiting"}
    assert before.json()["widths"][0]["reach"] is None
    first, second = run.cells[:2]
    run.frame(first, 0)
    run.frame(first, 1)
    now = ask(client, run.id)
    assert now.headers["etag"] != before.headers["etag"]
    cell = cells(now)[first]
    assert (cell["state"], [frame["step"] for frame in cell["frames"]]) == ("running", [0, 1])
    assert cells(now)[second]["state"] == "waiting"
    again = client.get(now.url, headers={"If-None-Match": now.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    old = ask(client, run.id, "/frame", **first._asdict(), step=1)
    run.train(second)
    run.frame(first, 2)
    assert cells(ask(client, run.id))[second]["state"] == "done"
    new = client.get(old.url)
    assert (new.content, new.headers["etag"]) == (old.content, old.headers["etag"])


def test_a_run_that_was_stopped_says_so(client: httpx.Client, store: Store) -> None:
    run = ErasedRun(store, erasure_spec())
    run.train(run.cells[0])
    run.frame(run.cells[1], 0)
    store.cancel_run(run.id)
    run.stop()
    states = [cell["state"] for cell in cells(ask(client, run.id)).values()]
    assert states == ["done", *["stopped"] * (len(states) - 1)]


def test_a_frame_is_kept_for_good(client: httpx.Client, store: Store) -> None:
    (run,) = write_run(store)
    answer = ask(client, run.id, "/frame", **WHICH, step=10, size=16)
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("image/png", IMMUTABLE)
    document = json.loads(answer.headers["x-frame"])
    assert (document["rows"], document["columns"], document["high"], document["wide"], document["step"]) == (
        16,
        16,
        1,
        1,
        10,
    )
    assert rgb(Image.open(io.BytesIO(answer.content))).shape == (16, 16, 3)
    again = client.get(answer.url, headers={"If-None-Match": f'"x", {answer.headers["etag"]}'})
    assert (again.status_code, again.content, again.headers["cache-control"]) == (304, b"", IMMUTABLE)
    changes: list[dict[str, Any]] = [
        {"step": 1}, {"size": 8}, {"theme": "dark"}, {"scale": "frame"}, {"show": "movement"}, {"image": "none"},
        {"lr": 0.1},
    ]  # fmt: skip
    asked = {**WHICH, "step": 10, "size": 16}
    tags = {ask(client, run.id, "/frame", **{**asked, **change}).headers["etag"] for change in changes}
    assert len({answer.headers["etag"], *tags}) == len(changes) + 1


@pytest.mark.parametrize("form", ["webp", "gif"])
def test_a_film_as_a_file_has_the_frames_of_the_wall(client: httpx.Client, store: Store, form: str) -> None:
    (run,) = write_run(store, diverge={("sgd", 1): 40})
    look: dict[str, Any] = {"theme": "dark", "size": 16}
    answer = ask(client, run.id, "/export", **WHICH, **look, format=form)
    assert answer.headers["content-type"] == f"image/{form}"
    assert answer.headers["content-disposition"].endswith(f'.{form}"')
    film = Image.open(io.BytesIO(answer.content))
    steps = [step for step in run.spec.observed_steps() if step < 40]
    frames = [(rgb(frame), frame.info["duration"]) for frame in ImageSequence.Iterator(film)]
    assert len(frames) == len(steps)
    assert len({duration for _, duration in frames}) == 1
    assert film.info["loop"] == 0
    for step, (frame, _) in zip(steps, frames, strict=True):
        still = Image.open(io.BytesIO(ask(client, run.id, "/frame", **WHICH, **look, step=step).content))
        assert np.array_equal(frame, rgb(still)), step


def test_a_strip_has_all_frames_side_by_side(client: httpx.Client, store: Store) -> None:
    (run,) = write_run(store)
    look: dict[str, Any] = {"show": "movement", "scale": "frame", "size": 8}
    strip = rgb(Image.open(io.BytesIO(ask(client, run.id, "/export", **WHICH, **look, format="png").content)))
    steps = run.spec.observed_steps()
    assert strip.shape == (8, len(steps) * (8 + GAP) - GAP, 3)
    for i, step in enumerate(steps):
        still = rgb(Image.open(io.BytesIO(ask(client, run.id, "/frame", **WHICH, **look, step=step).content)))
        assert np.array_equal(strip[:, i * (8 + GAP) : i * (8 + GAP) + 8], still)


def test_what_was_measured_leaves_as_csv(client: httpx.Client, store: Store) -> None:
    (run,) = write_run(store)
    rows = list(csv.DictReader(io.StringIO(ask(client, run.id, "/export", **WHICH, format="csv").text)))
    assert [int(row["step"]) for row in rows] == list(run.spec.observed_steps())
    for row in rows:
        for name in ("loss", "movement", "visibility", "test_accuracy"):
            assert float(row[name]) == pytest.approx(run.rows[SGD, int(row["step"])][name])


def test_a_growing_film_is_asked_for_again(client: httpx.Client, store: Store) -> None:
    run = ErasedRun(store, erasure_spec())
    run.frame(SGD, 0)
    run.frame(SGD, 1)
    first = ask(client, run.id, "/export", **WHICH)
    assert first.headers["cache-control"] == "private, no-cache"
    assert client.get(first.url, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    run.frame(SGD, 2)
    now = client.get(first.url, headers={"If-None-Match": first.headers["etag"]})
    assert now.status_code == 200
    assert Image.open(io.BytesIO(now.content)).n_frames == 3  # type: ignore[attr-defined]


def test_values_are_exact(client: httpx.Client, store: Store) -> None:
    (run,) = write_run(store)
    part: dict[str, Any] = {"top": 3, "bottom": 7, "left": 2, "right": 12}
    body = ask(client, run.id, "/values", **WHICH, step=56, **part).json()
    cut = np.s_[3:7, 2:12]
    assert (body["top"], body["left"], body["rows"], body["columns"]) == (3, 2, 4, 10)
    assert np.allclose(body["initial"], run.init[16, "picture"][cut].reshape(-1), atol=1e-7)
    assert np.allclose(body["weight"], run.weights(SGD, 56)[cut].reshape(-1), atol=1e-6)
    assert np.allclose(np.array(body["initial"]) + body["movement"], body["weight"], atol=1e-12)
    # What was stored in eight bits is as near to the truth as it says.
    error = np.abs(np.array(body["movement"]) - run.moved[SGD, 56][cut].reshape(-1)).max()
    assert 0 < error <= body["resolution"] * 1.001
    text = ask(client, run.id, "/values", **WHICH, step=56, **part, format="csv").text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(int(row["row"]), int(row["column"])) for row in rows] == [
        (i, j) for i in range(3, 7) for j in range(2, 12)
    ]
    assert np.allclose([float(row["weight"]) for row in rows], body["weight"])


def test_no_picture_is_compressed_again(client: httpx.Client, store: Store) -> None:
    (run,) = write_run(store, widths=(64,))
    queries: list[dict[str, Any]] = [{"step": 100}, {"format": "webp"}, {"format": "gif"}]
    for query in queries:
        answer = ask(client, run.id, "/frame" if "step" in query else "/export", **{**WHICH, "width": 64}, **query)
        assert len(answer.content) > 1_000
        assert "content-encoding" not in answer.headers
