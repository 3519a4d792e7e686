"""Pictures tell the truth: pixel by pixel near, and far away no kept weight is lost."""

import io

import numpy as np
import pytest
from PIL import Image

from app.atlas import palettes
from app.atlas.colorings import COLORINGS, Color, SecondLayer, available, legend
from app.atlas.reader import Reader
from app.atlas.tiles import OutOfRange, Tile, View, tile
from app.store import Store
from app.store.errors import NotFound
from tests.app.masked_run import MaskedRun, write_run


def pixels(made: Tile) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(made.png)).convert("RGB"))


def paper(made: Tile, theme: palettes.Theme = "light") -> np.ndarray:
    """Which pixels show nothing."""
    rows: np.ndarray = (pixels(made) == palettes.ramp((palettes.PAPER[theme],), 1)[0]).all(axis=2)
    return rows


def whole(run: MaskedRun, layer: str = "fc1", width: int = 1000, height: int = 640) -> View:
    rows, columns = run.masks[0][0][layer].reshape(len(run.masks[0][0][layer]), -1).shape
    return View(0, rows, 0, columns, width, height)


@pytest.fixture
def reader(store: Store) -> Reader:
    return Reader(store)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_near_picture_is_the_mask(store: Store, reader: Reader, theme: palettes.Theme) -> None:
    run = write_run(store, {"fc1": (30, 47)})
    picture_tile = tile(reader, run.ref(0, 1), 0, "mask", whole(run), theme=theme)
    mask = run.masks[0][1]["fc1"]
    assert (picture_tile.high, picture_tile.wide, picture_tile.kept) == (1, 1, mask.sum())
    assert np.array_equal(~paper(picture_tile, theme), mask)


def test_a_viewport_is_a_part_of_it(store: Store, reader: Reader) -> None:
    run = write_run(store, {"fc1": (30, 47)})
    picture_tile = tile(reader, run.ref(0, 1), 0, "mask", View(3, 11, 8, 21, 500, 500))
    assert np.array_equal(~paper(picture_tile), run.masks[0][1]["fc1"][3:11, 8:21])


SEEN: list[Color] = ["mask", "trained", "level", "replicates", "moved", "flips", "initial", "difference"]
ZOOMS = [
    View(0, 4096, 0, 4096, 1000, 640),
    View(0, 4096, 0, 4096, 60, 40),
    View(512, 2600, 1024, 3000, 800, 600),
    View(2000, 2100, 2900, 3000, 300, 200),
]


@pytest.mark.parametrize("color", SEEN)
@pytest.mark.parametrize("view", ZOOMS)
def test_one_kept_weight_in_sixteen_million_is_seen_at_every_zoom(
    one_weight: MaskedRun, big: Reader, view: View, color: Color
) -> None:
    picture_tile = tile(big, one_weight.ref(0, 1), 0, color, view)
    row, column = (2048 - picture_tile.top) // picture_tile.high, (2999 - picture_tile.left) // picture_tile.wide
    there = ~paper(picture_tile)
    if color != "level":  # there everything else was pruned at level 1, and shown as that
        assert (picture_tile.kept, there.sum()) == (1, 1)
    assert there[row, column]
    # It stands out from what surrounds it, even as a single pixel.
    assert contrast(pixels(picture_tile)[row, column], pixels(picture_tile)[row - 1, column - 1]) > 1.5


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    def light(rgb: np.ndarray) -> float:
        linear = np.where(rgb / 255 <= 0.03928, rgb / 255 / 12.92, ((rgb / 255 + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.fixture(scope="module")
def one_weight_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("one")
    store = Store(f"sqlite:///{folder}/ticketscope.db", str(folder / "artifacts"))
    store.migrate()
    return store


@pytest.fixture(scope="module")
def one_weight(one_weight_store: Store) -> MaskedRun:
    mask = np.zeros((4096, 4096), bool)
    mask[2048, 2999] = True
    masks = [[{"fc1": mask | True}, {"fc1": mask}]]
    return write_run(one_weight_store, {"fc1": mask.shape}, levels=1, masks=masks, with_strata=False)


@pytest.fixture(scope="module")
def big(one_weight_store: Store) -> Reader:
    return Reader(one_weight_store)


def test_shades_grow_with_the_share(store: Store, reader: Reader) -> None:
    mask = np.zeros((40, 1600), bool)
    for block in range(40):  # forty blocks of 40 × 40; block i keeps about i / 39 of its weights
        mask[:, block * 40 : block * 40 + round(block * 40 / 39)] = True
    run = write_run(store, {"fc1": (40, 1600)}, levels=1, masks=[[{"fc1": mask | True}, {"fc1": mask}]])
    picture_tile = tile(reader, run.ref(0, 1), 0, "mask", View(0, 40, 0, 1600, 40, 1))
    assert (picture_tile.high, picture_tile.wide) == (40, 40)
    shades = [tuple(item) for item in pixels(picture_tile)[0].tolist()]
    ramp = [tuple(item) for item in palettes.ramp(palettes.SEQUENTIAL["light"], 15).tolist()]
    assert shades[0] == tuple(palettes.ramp((palettes.PAPER["light"],), 1)[0])
    places = [ramp.index(shade) for shade in shades[1:]]
    assert places == sorted(places)
    assert (places[0], places[-1]) == (0, 14)


def test_edges_count_only_cells_of_the_layer(store: Store, reader: Reader) -> None:
    mask = np.ones((10, 10), bool)
    run = write_run(store, {"fc1": (10, 10)}, levels=1, masks=[[{"fc1": mask}, {"fc1": mask}]])
    picture_tile = tile(reader, run.ref(0, 1), 0, "mask", View(0, 10, 0, 10, 3, 3))
    assert (picture_tile.high, picture_tile.wide, picture_tile.bottom, picture_tile.right) == (4, 4, 12, 12)
    full = palettes.ramp(palettes.SEQUENTIAL["light"], 15)[-1]
    assert (pixels(picture_tile) == full).all()


def test_values_have_the_colour_of_their_sign_and_pruned_ones_none(store: Store, reader: Reader) -> None:
    run = write_run(store, {"fc1": (20, 30)}, levels=1)
    picture_tile = tile(reader, run.ref(0, 1), 0, "trained", whole(run))
    mask, weights = run.masks[0][1]["fc1"], run.trained[0]["fc1"]
    assert np.array_equal(~paper(picture_tile), mask)
    red_minus_blue = pixels(picture_tile)[..., 0].astype(int) - pixels(picture_tile)[..., 2]
    clear = mask & (np.abs(weights) > 0.5)
    assert (np.sign(red_minus_blue[clear]) == np.sign(weights[clear])).all()


def test_the_difference_has_three_sides(store: Store, reader: Reader) -> None:
    run = write_run(store, {"fc1": (20, 30)}, levels=1, replicates=2)
    one, two = (run.masks[replicate][1]["fc1"] for replicate in (0, 1))
    image = pixels(tile(reader, run.ref(0, 1), 0, "difference", whole(run), other=SecondLayer(run.ref(1, 1), 0)))
    for side, stop in zip((one & ~two, two & ~one, one & two), palettes.SIDES["light"], strict=True):
        assert np.array_equal((image == palettes.ramp((stop,), 1)[0]).all(axis=2), side)


def test_the_same_however_it_is_sorted(store: Store, reader: Reader) -> None:
    run = write_run(store, {"fc1": (20, 30)}, levels=1)
    mask = run.masks[0][1]["fc1"]
    picture_tile = tile(reader, run.ref(0, 1), 0, "mask", whole(run), rows="degree", columns="degree")
    down = np.argsort(-mask.sum(axis=1), kind="stable")
    across = np.argsort(-mask.sum(axis=0), kind="stable")
    assert np.array_equal(~paper(picture_tile), mask[down][:, across])


def test_a_random_mask_is_a_small_picture_at_every_zoom(random_store: tuple[Reader, MaskedRun]) -> None:
    reader, run = random_store
    for level in range(3):
        for side in (4096, 3000, 2000, 1500, 1000, 600):
            picture_tile = tile(reader, run.ref(0, level), 0, "mask", View(0, side, 0, side, 1200, 800))
            assert len(picture_tile.png) <= 150_000, (level, side)
            many = tile(reader, run.ref(0, level), 0, "trained", View(0, side, 0, side, 1200, 800))
            assert len(many.png) <= 600_000, (level, side)


@pytest.fixture(scope="module")
def random_store(one_weight_store: Store) -> tuple[Reader, MaskedRun]:
    run = write_run(one_weight_store, {"fc1": (4096, 4096)}, levels=2, seed=5, with_strata=False)
    return Reader(one_weight_store), run


@pytest.mark.parametrize("view", [View(0, 31, 0, 47, 10, 10), View(-1, 5, 0, 5, 10, 10), View(5, 5, 0, 5, 10, 10),
                                  View(0, 5, 0, 48, 10, 10), View(0, 5, 4, 2, 10, 10), View(0, 5, 0, 5, 0, 10),
                                  View(0, 5, 0, 5, 10, 5000), View(0, 10**18, 0, 5, 10, 10)])  # fmt: skip
def test_viewports_out_of_range_are_refused(store: Store, reader: Reader, view: View) -> None:
    run = write_run(store, {"fc1": (30, 47)})
    with pytest.raises(OutOfRange):
        tile(reader, run.ref(), 0, "mask", view)


def test_colourings_without_their_values_are_not_offered(store: Store, reader: Reader) -> None:
    run = write_run(store, {"fc1": (6, 8)}, controls=("shuffled",))
    ticket, control = run.ref(0, 1), run.ref(0, 1, "shuffled")
    assert available(reader, ticket, 0) == [name for name in COLORINGS if name != "difference"]
    assert available(reader, control, 0) == ["mask", "level", "replicates"]
    with pytest.raises(NotFound, match="not saved"):
        legend(reader, control, 0, "trained")


def test_the_scale_of_values_is_round_and_holds_nearly_all(store: Store, reader: Reader) -> None:
    run = write_run(store, {"fc1": (60, 80)}, levels=1)
    meaning = legend(reader, run.ref(0, 1), 0, "trained")
    kept = np.abs(run.trained[0]["fc1"][run.masks[0][1]["fc1"]])
    assert meaning.low == -meaning.high
    assert meaning.high in (2, 5)
    assert (kept > meaning.high).mean() <= 0.006


def test_two_tickets_share_one_scale(store: Store, reader: Reader) -> None:
    """Values, levels and replicates of two runs: the same colour means the same in both pictures."""
    one = write_run(store, {"fc1": (60, 80)}, levels=1)
    far = write_run(store, {"conv": (4, 2, 3, 3), "far": (60, 80)}, levels=3, replicates=2, seed=1)
    a, b = SecondLayer(one.ref(0, 1), 0), SecondLayer(far.ref(0, 2), 1)
    for color in ("initial", "trained", "moved", "level", "replicates"):
        meanings = [legend(reader, *a, color, b), legend(reader, *b, color, a)]
        alone = [legend(reader, *item, color) for item in (a, b)]
        assert {meaning.high for meaning in meanings} == {max(item.high for item in alone)}, color
    assert legend(reader, *a, "replicates", b).title == "replicates that keep it (of 1 and of 2)"
    assert legend(reader, *a, "level", b).high == 4
    # What is never pruned has the last colour in both, though one run ends two levels before the other.
    shown = tile(reader, *a, "level", whole(one), other=b)
    last = palettes.ramp((palettes.PAPER["light"], *palettes.SEQUENTIAL["light"]), 5)[-1]
    kept = one.masks[0][1]["fc1"]
    assert np.array_equal((pixels(shown) == last).all(axis=2), kept)


def test_values_beyond_the_other_scale_keep_their_colour(store: Store, reader: Reader) -> None:
    """The scale of both ends where that of the farther one does, and equal values are equal pixels."""
    shape = {"fc1": (10, 10)}
    whole_mask = {"fc1": np.ones((10, 10), bool)}
    wide = write_run(store, shape, levels=1, masks=[[whole_mask, whole_mask]])
    small = {"fc1": np.abs(wide.trained[0]["fc1"]) < 0.4}
    narrow = write_run(store, shape, levels=1, masks=[[whole_mask, small]])
    near, far = SecondLayer(narrow.ref(0, 1), 0), SecondLayer(wide.ref(0, 1), 0)
    pictures = []
    for each, other, kept in ((near, far, small["fc1"]), (far, near, whole_mask["fc1"])):
        assert legend(reader, *each, "trained", other).high == legend(reader, *far, "trained").high
        pictures.append(np.where(kept[..., None], pixels(tile(reader, *each, "trained", whole(wide), other=other)), 0))
    assert legend(reader, *near, "trained").high < legend(reader, *far, "trained").high
    # The same weights, kept by both, have the same colours.
    assert np.array_equal(pictures[0], np.where(small["fc1"][..., None], pictures[1], 0))


def test_a_second_ticket_is_shown_in_the_order_of_the_first(store: Store, reader: Reader) -> None:
    run = write_run(store, {"fc1": (20, 30)}, levels=1, replicates=2)
    one, two = (run.masks[replicate][1]["fc1"] for replicate in (0, 1))
    picture_tile = tile(
        reader, run.ref(1, 1), 0, "mask", whole(run), rows="degree", columns="degree",
        ordered_by=SecondLayer(run.ref(0, 1), 0),
    )  # fmt: skip
    down, across = np.argsort(-one.sum(axis=1), kind="stable"), np.argsort(-one.sum(axis=0), kind="stable")
    assert np.array_equal(~paper(picture_tile), two[down][:, across])
