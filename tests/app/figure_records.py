"""Records to draw: a digits run, and series whose curves have the shape that real ones have."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any, cast

import numpy as np
import pytest

from app.contract.tickets import TicketRef
from app.kinds.lottery.spec import LotterySpec
from app.kinds.presets import PRESETS
from app.masks import chance, codec
from app.masks.overlap import Overlaps, intersections
from app.masks.sums import strata_of, sums
from app.records import Run, RunProgress, Series, State

LAYERS: list[dict[str, Any]] = [
    {"name": "fc1", "shape": [300, 64]},
    {"name": "fc2", "shape": [100, 300]},
    {"name": "fc3", "shape": [10, 100]},
]
RATES = (0.36, 0.36, 0.18)
PLACE = ("replicate", "level", "draw", "control")
FALL = {"winning_ticket": 0.08, "reinit": 0.3, "shuffled": 0.75, "random": 0.7, "magnitude_at_init": 0.5}
OUTCOME = {
    "steps": 1000.0, "density": 1.0, "train_accuracy": 0.99, "validation_accuracy": 0.95, "validation_loss": 0.2,
    "test_accuracy": 0.9, "test_loss": 0.3, "early_stop_step": 400.0, "early_stop_test_accuracy": 0.9,
    "early_stop_validation_loss": 0.2, "early_stop_censored": 0.0, "diverged_step": np.nan,
}  # fmt: skip


def series(rows: Sequence[Mapping[str, Any]]) -> Series:
    """A series of these rows; place columns that a row leaves out are 0 and the winning ticket."""
    columns: dict[str, Any] = {}
    for name in ("replicate", "level", "draw"):
        columns[name] = np.array([row.get(name, 0) for row in rows], dtype=np.int64)
    columns["control"] = np.array([row.get("control", "winning_ticket") for row in rows], dtype=str)
    for name in rows[0] if rows else ():
        if name not in PLACE:
            columns[name] = np.array([row[name] for row in rows], dtype=np.float64)
    return Series(columns)


def outcome(rows: Sequence[Mapping[str, Any]]) -> Series:
    """The series `outcome`; a row gives only what matters."""
    return series([{**OUTCOME, **row} for row in rows])


def run(*, state: str = "finished", layers: bool = True, **spec: Any) -> Run:
    """A digits run with those fields of its spec changed."""
    base = PRESETS["digits-tickets"].spec.model_dump()
    return Run(
        id="0123456789",
        name="Do tickets survive below 2 %?",
        kind="lottery",
        spec=LotterySpec.model_validate({**base, **spec}),
        state=cast("State", state),
        progress=RunProgress(done=0, total=1),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        provenance={"layers": LAYERS} if layers else {},
    )


def kept(level: int) -> list[int]:
    """Weights that each layer keeps at a level."""
    out = []
    for layer, rate in zip(LAYERS, RATES, strict=True):
        left = int(np.prod(layer["shape"]))
        for _ in range(level):
            left -= round(rate * left)
        out.append(left)
    return out


def density(level: int) -> float:
    """Share of all weights that remain at a level."""
    return sum(kept(level)) / sum(kept(0))


def full_outcome(
    replicates: int = 3,
    levels: int = 11,
    branches: Sequence[str] = ("reinit", "shuffled"),
    draws: int = 1,
    last: Mapping[int, int] | None = None,
) -> Series:
    """Every training of a run: sparser falls, controls sooner. `last` ends a replicate at a level, as in a live run."""
    random = np.random.default_rng(0)
    rows: list[dict[str, Any]] = []
    for replicate in range(replicates):
        luck = 0.006 * random.standard_normal()
        for level in range((last or {}).get(replicate, levels) + 1):
            for control in ("winning_ticket", *branches) if level else ("winning_ticket",):
                for draw in range(draws if control in ("reinit", "shuffled", "random") else 1):
                    share = density(level)
                    fall = FALL[control] / (1 + (share / 0.016) ** 1.3) + 0.03 * FALL[control] * (1 - share)
                    accuracy = 0.925 + luck - fall + (0.004 + 0.1 * fall) * random.standard_normal()
                    stop = min(1000.0, round((250 + 1500 * fall**0.6 + 40 * random.standard_normal()) / 50) * 50)
                    rows.append(
                        {
                            "replicate": replicate, "level": level, "draw": draw, "control": control, "density": share,
                            "test_accuracy": accuracy, "train_accuracy": min(1.0, accuracy + 0.06),
                            "early_stop_test_accuracy": accuracy - 0.003, "early_stop_step": stop,
                            "early_stop_censored": float(stop == 1000.0),
                        }
                    )  # fmt: skip
    return outcome(rows)


def evaluation(
    level: int = 9, replicates: int = 3, branches: Sequence[str] = ("reinit", "shuffled"), points: int = 21
) -> Series:
    """Evaluations of one level."""
    random = np.random.default_rng(1)
    rows: list[dict[str, Any]] = []
    for replicate in range(replicates):
        for control in ("winning_ticket", *branches) if level else ("winning_ticket",):
            end = 0.925 - FALL[control] * 0.5
            for step in np.linspace(0, 1000, points):
                accuracy = 0.1 + (end - 0.1) * (1 - np.exp(-step / 120)) + 0.008 * random.standard_normal()
                rows.append(
                    {
                        "replicate": replicate, "level": level, "control": control, "step": step,
                        "train_loss": np.nan if step == 0 else 2.3 * np.exp(-step / 150) + 0.05,
                        "validation_loss": 2.4 - 2.3 * accuracy, "validation_accuracy": accuracy,
                        "test_loss": 2.5 - 2.3 * accuracy, "test_accuracy": accuracy,
                    }
                )  # fmt: skip
    return series(rows)


def layers_series(replicates: int = 3, levels: int = 11) -> Series:
    """Weights kept by each layer at the start of each of the ticket's trainings."""
    return series(
        [
            {
                "replicate": replicate, "level": level, "layer": layer, "kept": left, "total": total,
                "dead_inputs": 0, "dead_units": 0, "flipped": before - left,
            }
            for replicate in range(replicates)
            for level in range(levels + 1)
            for layer, (before, left, total) in enumerate(
                zip(kept(max(level - 1, 0)), kept(level), kept(0), strict=True)
            )
        ]
    )  # fmt: skip


def masks(replicate: int, level: int) -> dict[str, np.ndarray[Any, Any]]:
    """Nested masks of a digits run: large initial weights survive, and so do those of pixels in the middle."""
    out = {}
    for index, (layer, left) in enumerate(zip(LAYERS, kept(level), strict=True)):
        score = np.abs(initial(replicate, index)) * np.random.default_rng([replicate, index]).lognormal(
            0, 0.5, layer["shape"]
        )
        if index == 0:
            middle = 1 - np.abs(np.arange(8) - 3.5) / 4
            score *= np.sqrt(np.outer(middle, middle)).ravel()
        out[f"{layer['name']}.weight"] = score >= np.sort(score, axis=None)[-left]
    return out


def initial(replicate: int, layer: int) -> np.ndarray[Any, Any]:
    """Initial weights of one layer."""
    drawn: np.ndarray[Any, Any] = np.random.default_rng([7, replicate, layer]).standard_normal(LAYERS[layer]["shape"])
    return drawn


@cache
def pyramid(replicate: int, level: int) -> Mapping[str, np.ndarray[Any, Any]]:
    """Sums of these masks as a run saves them."""
    out: dict[str, np.ndarray[Any, Any]] = {}
    for index, (name, mask) in enumerate(masks(replicate, level).items()):
        made = sums(codec.pack(mask), mask.shape[1], strata_of(initial(replicate, index)))
        out |= {f"{name}.{kind}": values for kind, values in made.items()}
    return out


def overlaps(places: Sequence[tuple[int, int]], left_out: int = 0) -> Overlaps:
    """Overlaps of the tickets of these replicates and levels."""
    names = [layer["name"] for layer in LAYERS]
    shapes = [tuple(layer["shape"]) for layer in LAYERS]
    both = np.zeros((len(places), len(places), len(names)), np.int64)
    nulls: dict[Any, list[chance.Chance]] = {"uniform": [], "unit_permuted": [], "magnitude_at_init": []}
    for i, (name, shape, moves) in enumerate(zip(names, shapes, chance.axes(shapes), strict=True)):
        bits = [codec.pack(masks(*place)[f"{name}.weight"]) for place in places]
        made = [{kind: pyramid(*place)[f"{name}.weight.{kind}"] for kind in ("rows", "columns", "strata")}
                for place in places]  # fmt: skip
        both[..., i] = intersections(bits)
        nulls["uniform"].append(chance.uniform(both[..., i].diagonal(), int(np.prod(shape))))
        nulls["unit_permuted"].append(
            chance.unit_permuted(
                [chance.moments(partial(codec.pack, masks(*place)[f"{name}.weight"]), each["rows"], each["columns"],
                                moves, spread=True) for place, each in zip(places, made, strict=True)]
            )
        )  # fmt: skip
        strata = np.stack([each["strata"] for each in made])
        inits = [replicate for replicate, _ in places]
        nulls["magnitude_at_init"].append(chance.magnitude_at_init(strata, int(np.prod(shape)), inits))
    return Overlaps(
        refs=tuple(TicketRef("0123456789", replicate, level) for replicate, level in places),
        layers=tuple(names),
        weights=np.array([np.prod(shape) for shape in shapes], np.int64),
        sizes=np.stack([both[k, k] for k in range(len(places))]),
        intersections=both,
        expected={null: np.stack([each.expected for each in made], 2) for null, made in nulls.items()},
        sd={null: np.stack([each.sd for each in made], 2) for null, made in nulls.items()},
        left_out=left_out,
    )


def movement_series(replicates: int = 3, levels: int = 11) -> Series:
    """Movement of the kept and the pruned weights of each layer."""
    random = np.random.default_rng(2)
    rows: list[dict[str, Any]] = []
    for replicate in range(replicates):
        for level in range(levels + 1):
            for layer, (alive, survive) in enumerate(zip(kept(level), kept(level + 1), strict=True)):
                scale = (0.05 + 0.012 * level) * (1 + 0.05 * random.standard_normal())
                rows.append(
                    {
                        "replicate": replicate, "level": level, "layer": layer, "alive": alive, "kept": survive,
                        "mean_abs_move_kept": scale, "mean_abs_move_pruned": 0.45 * scale,
                        "sign_flips_kept": 0.04 + 0.001 * level, "sign_flips_pruned": 0.3 - 0.01 * level,
                        "mean_abs_init_kept": 0.1, "mean_abs_trained_kept": 0.14,
                        "mean_abs_init_pruned": 0.05, "mean_abs_trained_pruned": 0.02,
                    }
                )  # fmt: skip
    return series(rows)


def movement_artifact(seed: int) -> dict[str, Any]:
    """Histograms of one replicate at one level, made from weights drawn here."""
    random = np.random.default_rng(seed)
    out: dict[str, Any] = {}
    for layer in LAYERS:
        shape = layer["shape"]
        start = random.standard_normal(int(np.prod(shape))) * np.sqrt(2 / sum(shape))
        end = start * random.normal(1.25, 0.15, start.size) + random.standard_normal(start.size) * 0.035
        moved, survive = np.abs(end - start), np.abs(end) > np.quantile(np.abs(end), 0.36)
        edges = np.linspace(0, moved.max(), 65)
        reach = max(np.abs(start).max(), np.abs(end).max())
        both = np.linspace(-reach, reach, 65)
        name = f"{layer['name']}.weight"
        out[f"{name}.edges"] = edges.astype(np.float32)
        out[f"{name}.kept"] = np.histogram(moved[survive], edges)[0]
        out[f"{name}.pruned"] = np.histogram(moved[~survive], edges)[0]
        out[f"{name}.joint_edges"] = both.astype(np.float32)
        out[f"{name}.joint"] = np.histogram2d(start, end, (both, both))[0].astype(np.int64)
    return out


class Records:
    """What the tests of a figure need, as one fixture, since tests are no package to import from."""

    series = staticmethod(series)
    outcome = staticmethod(outcome)
    run = staticmethod(run)
    kept = staticmethod(kept)
    density = staticmethod(density)
    full_outcome = staticmethod(full_outcome)
    evaluation = staticmethod(evaluation)
    layers_series = staticmethod(layers_series)
    masks = staticmethod(masks)
    initial = staticmethod(initial)
    pyramid = staticmethod(pyramid)
    overlaps = staticmethod(overlaps)
    movement_series = staticmethod(movement_series)
    movement_artifact = staticmethod(movement_artifact)


@pytest.fixture
def records() -> type[Records]:
    """Makers of runs and series."""
    return Records


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal all the way down; NaN equals NaN, floats agree to 1e-12."""
    if isinstance(left, tuple | list) and isinstance(right, tuple | list):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, np.ndarray | float) or isinstance(right, np.ndarray | float):
        a, b = np.asarray(left), np.asarray(right)
        return a.shape == b.shape and np.allclose(a.astype(float), b.astype(float), rtol=0, atol=1e-12, equal_nan=True)
    return bool(left == right)


@pytest.fixture(name="same")
def same_fixture() -> Callable[[Any, Any], bool]:
    """`same(left, right)`: equality of tuples that hold arrays."""
    return same
