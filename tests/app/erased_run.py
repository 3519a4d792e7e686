"""A stored erasure run with matrices of our choosing, written as a worker writes one."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save
from scipy.stats import rankdata

from app.contract.events import ArtifactSaved, Event, Measured, Place, Started
from app.kinds.erasure.spec import ErasureSpec
from app.store import Store

Matrix = NDArray[np.float32]
Optimizers = Mapping[str, Sequence[float]]

OPTIMIZERS: Optimizers = {"sgd": (0.1, 1.0), "adam": (0.01,)}


def erasure_spec(optimizers: Optimizers = OPTIMIZERS, **changed: Any) -> ErasureSpec:
    """A small study on digits: the middle matrix of width 16, 100 steps."""
    small: dict[str, Any] = {"widths": (16,), "steps": 100, "replicates": 1, "batch_size": 64}
    grids = [{"kind": kind, "lrs": list(lrs)} for kind, lrs in optimizers.items()]
    spec = {"kind": "erasure", "dataset": {"kind": "digits"}, "optimizers": grids, **small, **changed}
    return ErasureSpec.model_validate(spec)


def ink(side: int) -> NDArray[np.bool_]:
    """Where the picture is: a ring with a stem, somewhat like an `a`, on `side` × `side`."""
    y, x = np.mgrid[0:side, 0:side] / side
    distance = np.hypot(x - 0.45, y - 0.58)
    ring = (distance > 0.14) & (distance < 0.26)
    found: NDArray[np.bool_] = ring | ((x > 0.6) & (x < 0.71) & (y > 0.3) & (y < 0.85))
    return found


class ErasedRun:
    """Writes a run bit by bit; remembers `init` by level, and of each frame the movement that was meant."""

    def __init__(
        self, store: Store, spec: ErasureSpec, replicate: int = 0, run_id: str = "", *, two_level: bool = True
    ) -> None:
        self.store, self.spec, self.replicate = store, spec, replicate
        self.id = run_id or store.create_run(spec, name="erased").id
        self.random = np.random.default_rng(replicate)
        self.init: dict[int, Matrix] = {}
        self.moved: dict[tuple[Place, int], NDArray[np.float64]] = {}
        self.rows: dict[tuple[Place, int], dict[str, float]] = {}
        self._ordinal = 0
        claim = store.claim("cpu", "test")
        assert claim is not None
        assert (claim.run_id, claim.replicate) == (self.id, replicate)
        self._token = (claim.shard_id, claim.token)
        side = spec.widths[0]
        picture = {"picture": {"rows": side, "columns": side, "two_level": two_level, "layer": "fc2"}}
        started = Started(replicate=replicate, attempt=1, worker="test", plan={}, provenance=picture)
        store.start(*self._token, started)

    @property
    def places(self) -> list[Place]:
        """Every training."""
        return [place for place, _ in self.spec.cells()]

    def start(self, level: int = 0) -> Matrix:
        """Save the initial weights of a level, once: an odd one's are those of the level below without the picture."""
        if level not in self.init:
            side = self.spec.widths[level // 2]
            random = np.random.default_rng((self.replicate, level // 2))
            weights = random.normal(0, 1 / np.sqrt(side), (side, side)).astype(np.float32)
            self.init[level] = weights if level % 2 else np.where(ink(side), 0, weights).astype(np.float32)
            self.save("init", Place(level=level), {"weight": self.init[level]})
        return self.init[level]

    def frame(self, place: Place, step: int, **measured: float) -> None:
        """Save a frame and what is measured with it; how far the matrix has moved follows from place and step."""
        start = self.start(place.level)
        moved = self._movement(place, step, start.shape)
        top = float(np.abs(moved).max())
        scale = top / 127 if top else 1.0
        delta = np.rint(moved / scale).astype(np.int8)
        self.moved[place, step] = moved
        now = start + moved
        row = {
            "visibility": auc(np.abs(now), ink(len(now))), "null_low": 0.48, "null_high": 0.52, "ssim": 0.5,
            "similarity": float(np.corrcoef(start.reshape(-1), now.reshape(-1))[0, 1]),
            "movement": float(np.linalg.norm(moved) / np.linalg.norm(start)), "loss": 0.1 / (1 + step) ** 0.5,
            "train_accuracy": 1 - 0.9 / (1 + step), "validation_accuracy": 1 - 0.92 / (1 + step),
            "test_accuracy": 1 - 0.95 / (1 + step),
            **dict.fromkeys(_OF_UPDATES, float("nan") if step == 0 else 1.0), **measured,
        }  # fmt: skip
        self.rows[place, step] = row
        self._measure("erasure", place, {"step": float(step), **row})
        self.save(f"frame_{step:06d}", place, {"delta": delta}, {"step": str(step), "scale": repr(scale)})

    def train(self, place: Place, diverged_step: int | None = None) -> None:
        """All frames of a training, up to the last before it diverges, and its end."""
        steps = [step for step in self.spec.moments() if diverged_step is None or step < diverged_step]
        for step in steps:
            self.frame(place, step)
        self.end(place, diverged_step)

    def end(self, place: Place, diverged_step: int | None = None) -> None:
        """A training has ended."""
        nan = float("nan")
        ends = {"steps": float(self.spec.steps), "diverged_step": nan if diverged_step is None else diverged_step}
        last = self.rows[place, max(step for where, step in self.rows if where == place)]
        kept = {name: value if diverged_step is None else nan for name, value in last.items() if name in _ENDS}
        self._measure("ending", place, {**ends, **kept})

    def finish(self) -> None:
        """The replicate is done."""
        self.store.finish(*self._token)

    def stop(self) -> None:
        """The worker stops as it was told."""
        self.store.cancelled(*self._token)

    def weights(self, place: Place, step: int) -> NDArray[np.float64]:
        """What a reader may know of W at a step."""
        moved = self.moved[place, step]
        top = float(np.abs(moved).max())
        scale = top / 127 if top else 1.0
        return self.init[place.level] + scale * np.rint(moved / scale)

    def _movement(self, place: Place, step: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
        random = np.random.default_rng((self.replicate, place.level // 2, len(place.branch), place.draw))
        rank_one = np.outer(random.normal(size=shape[0]), random.normal(size=shape[1]))
        noise = random.normal(size=shape)
        strength = (0.3 + place.draw) * np.log1p(step) / np.log1p(self.spec.steps)
        return np.asarray(strength * (0.6 * noise + 0.4 * rank_one) / np.sqrt(shape[0]))

    def _measure(self, series: str, place: Place, row: Mapping[str, float]) -> None:
        event = Measured(series=series, place=place, columns={name: [value] for name, value in row.items()})
        self._append(event, 1)

    def save(
        self, name: str, place: Place, tensors: Mapping[str, NDArray[Any]], meta: dict[str, str] | None = None
    ) -> None:
        """Store tensors as an artifact."""
        data = save(dict(tensors))
        sha256 = self.store.artifacts_store.put(data)
        event = ArtifactSaved(
            place=place, name=name, sha256=sha256, size_bytes=len(data), media_type="application/vnd.safetensors",
            meta=meta or {},
        )  # fmt: skip
        self._append(event, 1)

    def _append(self, event: Event, rows: int) -> None:
        self.store.append(*self._token, [event], self._ordinal)
        self._ordinal += rows


_OF_UPDATES = ("gradient_stable_rank", "update_stable_rank", "update_spectral", "update_frobenius")
_ENDS = (
    "visibility", "null_low", "null_high", "ssim", "similarity", "movement", "loss", "train_accuracy",
    "validation_accuracy", "test_accuracy",
)  # fmt: skip


def auc(magnitude: NDArray[np.float64], picture: NDArray[np.bool_]) -> float:
    """How often a weight of the background is larger than one of the ink."""
    ranks = rankdata(magnitude.reshape(-1))
    inside = ~picture.reshape(-1)
    n, m = int(inside.sum()), int((~inside).sum())
    return float((ranks[inside].sum() - n * (n + 1) / 2) / (n * m))


def write_run(
    store: Store,
    optimizers: Optimizers = OPTIMIZERS,
    *,
    diverge: Mapping[tuple[str, int], int] | None = None,
    **changed: Any,
) -> list[ErasedRun]:
    """Store a finished run, one for each replicate; `diverge` says at which step a training with the picture does."""
    spec = erasure_spec(optimizers, **changed)
    made: list[ErasedRun] = []
    for replicate in range(spec.replicates):
        run = ErasedRun(store, spec, replicate, made[0].id if made else "")
        for place in run.places:
            run.train(place, (diverge or {}).get((place.branch, place.draw)) if place.level % 2 == 0 else None)
        run.finish()
        made.append(run)
    return made
