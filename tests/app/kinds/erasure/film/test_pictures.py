"""A frame's picture against a slow, separate computation of every pixel."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from app.atlas import palettes
from app.kinds.erasure.film.pictures import SHADES, Scale, extreme, picture, reach, rounded_up
from app.kinds.erasure.film.reader import FilmReader, Show
from app.kinds.erasure.spec import Cell
from app.store import Store
from app.store.errors import NotFound
from tests.app.erased_run import ErasedRun, erasure_spec, write_run

SGD = Cell(16, "picture", "sgd", 1.0)


@pytest.fixture
def reader(store: Store) -> FilmReader:
    return FilmReader(store)


def seen(png: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def meant(values: NDArray[np.float64], end: float, size: int, theme: palettes.Theme) -> NDArray[np.float64]:
    """The colours of a matrix, pixel by pixel: of each block the entry of largest magnitude."""
    stops = [[int(stop[i : i + 2], 16) for i in (1, 3, 5)] for stop in palettes.DIVERGING[theme]]
    high, wide = (-(-side // size) for side in values.shape)
    array = np.zeros((-(-values.shape[0] // high), -(-values.shape[1] // wide), 3))
    for y in range(array.shape[0]):
        for x in range(array.shape[1]):
            block = values[y * high : (y + 1) * high, x * wide : (x + 1) * wide].reshape(-1)
            largest = max(block, key=abs)
            share = round(float(np.clip(largest / end, -1, 1)) * SHADES) / SHADES
            at = (share + 1) / 2 * (len(stops) - 1)
            below = min(int(at), len(stops) - 2)
            array[y, x] = [a + (b - a) * (at - below) for a, b in zip(stops[below], stops[below + 1], strict=True)]
    return array


@pytest.mark.parametrize("size", [400, 16, 5])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("show", ["weights", "movement"])
def test_every_pixel_has_the_colour_of_its_largest_entry(
    store: Store, reader: FilmReader, show: Show, theme: palettes.Theme, size: int
) -> None:
    (run,) = write_run(store)
    still = reader.index(run.id).still(0, SGD, 32)
    image = picture(reader, still, show, "fixed", size, theme)
    values = run.weights(SGD, 32) - (run.init[16, "picture"] if show == "movement" else 0)
    assert (image.rows, image.columns) == (16, 16)
    assert np.abs(seen(image.png) - meant(values, image.reach, size, theme)).max() <= 1
    # What is tested is not one colour.
    assert len(np.unique(seen(image.png).reshape(-1, 3), axis=0)) > 5


def test_the_middle_colour_is_zero_and_signs_are_mirror_images(store: Store, reader: FilmReader) -> None:
    (run,) = write_run(store)
    index = reader.index(run.id)
    start = picture(reader, index.still(0, SGD, 0), "movement", "fixed", 16, "light")
    middle = seen(start.png).reshape(-1, 3)
    assert (middle == [int(palettes.DIVERGING["light"][3][i : i + 2], 16) for i in (1, 3, 5)]).all()
    ink = np.abs(run.init[16, "picture"]) == 0
    shown = seen(picture(reader, index.still(0, SGD, 0), "weights", "fixed", 16, "light").png)
    assert (shown[ink] == middle[0]).all()
    assert (shown[~ink] != middle[0]).any(axis=1).mean() > 0.9


def test_one_scale_for_all_is_that_of_the_initial_weights(store: Store, reader: FilmReader) -> None:
    runs = write_run(store, replicates=2)
    for replicate, run in enumerate(runs):
        index = reader.index(run.id)
        top = np.quantile(np.abs(run.init[16, "picture"]), 0.995)
        ends = {
            reach(reader, index.still(replicate, cell, step), show, "fixed")
            for cell in run.cells
            for step in (0, 10, 100)
            for show in ("weights", "movement")
        }
        (end,) = ends
        assert top <= end <= top * 1.1
        assert end == float(f"{end:.1e}")


@pytest.mark.parametrize("show", ["weights", "movement"])
def test_a_frame_s_own_scale_is_that_of_what_it_shows(store: Store, reader: FilmReader, show: Show) -> None:
    (run,) = write_run(store)
    index = reader.index(run.id)
    for step in (1, 100):
        values = run.weights(SGD, step) - (run.init[16, "picture"] if show == "movement" else 0)
        top = np.quantile(np.abs(values), 0.995)
        assert top * (1 - 1e-5) <= reach(reader, index.still(0, SGD, step), show, "frame") <= top * 1.1


def test_nothing_moved_yet_has_a_scale_all_the_same(store: Store, reader: FilmReader) -> None:
    (run,) = write_run(store)
    assert reach(reader, reader.index(run.id).still(0, SGD, 0), "movement", "frame") == 1


@pytest.mark.parametrize(("value", "up"), [(0.0831, 0.084), (0.083, 0.083), (1.0, 1.0), (99.1, 100), (3e-9, 3e-9)])
def test_a_reach_has_two_digits(value: float, up: float) -> None:
    assert rounded_up(value) == pytest.approx(up, rel=1e-12)


@pytest.mark.parametrize("shape", [(7, 11), (16, 16), (1, 5)])
@pytest.mark.parametrize("block", [(1, 1), (2, 3), (5, 4), (20, 20)])
def test_blocks_keep_the_largest_magnitude_and_its_sign(shape: tuple[int, int], block: tuple[int, int]) -> None:
    values = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    made = extreme(values, *block)
    for (y, x), found in np.ndenumerate(made):
        part = values[y * block[0] : (y + 1) * block[0], x * block[1] : (x + 1) * block[1]]
        assert found == part.reshape(-1)[np.abs(part).argmax()]


def test_a_large_matrix_is_read_in_bands(store: Store, reader: FilmReader, monkeypatch: pytest.MonkeyPatch) -> None:
    (run,) = write_run(store)
    still = reader.index(run.id).still(0, SGD, 10)
    whole = picture(reader, still, "weights", "fixed", 16, "dark")
    monkeypatch.setattr("app.kinds.erasure.film.reader._WHOLE_BYTES", 0)
    monkeypatch.setattr("app.kinds.erasure.film.pictures._BAND", 5)
    monkeypatch.setattr("app.kinds.erasure.film.pictures._SAMPLED", 160)
    again = FilmReader(store)
    banded = picture(again, still, "weights", "frame", 16, "dark")
    assert np.abs(seen(banded.png) - meant(run.weights(SGD, 10), banded.reach, 16, "dark")).max() <= 1
    # Nothing but the picture itself and a few numbers are kept.
    assert again.cache.size_bytes < 3_000
    assert whole.rows == banded.rows


def test_pictures_and_matrices_stay_within_their_budget(store: Store) -> None:
    (run,) = write_run(store)
    reader = FilmReader(store, budget_bytes=5_000)
    index = reader.index(run.id)
    for cell in run.cells:
        for step in index.frames_of(0, cell):
            picture(reader, index.still(0, cell, step), "weights", "frame", 16, "dark")
            assert reader.cache.size_bytes <= 5_000


def test_a_twin_is_shown_on_the_scale_of_its_pair(store: Store, reader: FilmReader) -> None:
    (run,) = write_run(store)
    twin = SGD.twin
    image = picture(reader, reader.index(run.id).still(0, twin, 100), "weights", "fixed", 16, "light")
    assert np.abs(seen(image.png) - meant(run.weights(twin, 100), image.reach, 16, "light")).max() <= 1
    assert image.reach == picture(reader, reader.index(run.id).still(0, SGD, 0), "weights", "fixed", 16, "light").reach


def test_bytes_that_are_gone_are_not_found(store: Store, reader: FilmReader) -> None:
    (run,) = write_run(store)
    still = reader.index(run.id).still(0, SGD, 10)
    store.artifacts_store.delete(still.delta.id)
    with pytest.raises(NotFound, match="no longer in the artifact store"):
        picture(reader, still, "weights", "fixed", 16, "light")


@pytest.mark.parametrize("scale", ["fixed", "frame"])
def test_a_flat_matrix_is_pooled_on_each_side_alone(store: Store, reader: FilmReader, scale: Scale) -> None:
    run = ErasedRun(store, erasure_spec({"sgd": (0.1,)}, layer="last"))
    random = np.random.default_rng(2)
    start, delta = random.normal(size=(10, 16)).astype(np.float32), random.integers(-127, 128, (10, 16), np.int8)
    cell = run.cells[0]
    run.save("init", cell.key.start, {"weight": start})
    run.save("frame_000001", cell.key, {"delta": delta}, {"step": "1", "scale": "0.01"})
    image = picture(reader, reader.index(run.id).still(0, cell, 1), "weights", scale, 8, "dark")
    assert (image.high, image.wide) == (2, 2)
    assert np.abs(seen(image.png) - meant(start + 0.01 * delta, image.reach, 8, "dark")).max() <= 1
