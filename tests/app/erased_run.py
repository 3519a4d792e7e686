"""A stored erasure run with matrices of our choosing, written as a worker writes one."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save
from scipy.stats import rankdata

from app.contract.events import ArtifactSaved, Measured, Started
from app.kinds.erasure.key import Image
from app.kinds.erasure.spec import Cell, ErasureKey, ErasureSpec
from app.store import Store
from tests.app.appending import Appending

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
    """Writes a run bit by bit; remembers `init` by width and image, and of each frame the movement that was meant."""

    def __init__(
        self, store: Store, spec: ErasureSpec, replicate: int = 0, run_id: str = "", *, two_level: bool = True
    ) -> None:
        self.store, self.spec, self.replicate = store, spec, replicate
        self.id = run_id or store.create_run(spec, name="erased").id
        self.random = np.random.default_rng(replicate)
        self.init: dict[tuple[int, Image], Matrix] = {}
        self.moved: dict[tuple[Cell, int], NDArray[np.float64]] = {}
        self.rows: dict[tuple[Cell, int], dict[str, float]] = {}
        claim = store.claim("cpu", "test")
        assert claim is not None
        assert (claim.run_id, claim.replicate) == (self.id, replicate)
        self._token = (claim.shard_id, claim.token)
        self._append = Appending(store, self._token)
        side = spec.widths[0]
        picture = {"picture": {"rows": side, "columns": side, "two_level": two_level, "layer": "fc2"}}
        started = Started(replicate=replicate, attempt=1, worker="test", plan={}, provenance=picture)
        store.start(*self._token, started)

    @property
    def cells(self) -> list[Cell]:
        """Every training."""
        return list(self.spec.cells())

    def start(self, width: int = 0, image: Image = "picture") -> Matrix:
        """Save the initial weights of a width, the first for 0, once: with the picture, or the same without."""
        side = width or self.spec.widths[0]
        if (side, image) not in self.init:
            random = np.random.default_rng((self.replicate, self.spec.widths.index(side)))
            weights = random.normal(0, 1 / np.sqrt(side), (side, side)).astype(np.float32)
            marked = np.where(ink(side), 0, weights).astype(np.float32)
            self.init[side, image] = weights if image == "none" else marked
            self.save("init", ErasureKey(width=side, image=image), {"weight": self.init[side, image]})
        return self.init[side, image]

    def frame(self, cell: Cell, step: int, **measured: float) -> None:
        """Save a frame and what is measured with it; how far the matrix has moved follows from cell and step."""
        start = self.start(cell.width, cell.image)
        moved = self._movement(cell, step, start.shape)
        top = float(np.abs(moved).max())
        scale = top / 127 if top else 1.0
        delta = np.rint(moved / scale).astype(np.int8)
        self.moved[cell, step] = moved
        now = start + moved
        row = {
            "visibility": auc(np.abs(now), ink(len(now))), "null_low": 0.48, "null_high": 0.52, "ssim": 0.5,
            "similarity": float(np.corrcoef(start.reshape(-1), now.reshape(-1))[0, 1]),
            "movement": float(np.linalg.norm(moved) / np.linalg.norm(start)), "loss": 0.1 / (1 + step) ** 0.5,
            "train_accuracy": 1 - 0.9 / (1 + step), "validation_accuracy": 1 - 0.92 / (1 + step),
            "test_accuracy": 1 - 0.95 / (1 + step),
            **dict.fromkeys(_OF_UPDATES, float("nan") if step == 0 else 1.0), **measured,
        }  # fmt: skip
        self.rows[cell, step] = row
        self._measure("erasure", cell, {"step": float(step), **row})
        self.save(f"frame_{step:06d}", cell.key, {"delta": delta}, {"step": str(step), "scale": repr(scale)})

    def train(self, cell: Cell, diverged_step: int | None = None) -> None:
        """All frames of a training, up to the last before it diverges, and its end."""
        steps = [step for step in self.spec.observed_steps() if diverged_step is None or step < diverged_step]
        with self._append.together():
            for step in steps:
                self.frame(cell, step)
            self.end(cell, diverged_step)

    def end(self, cell: Cell, diverged_step: int | None = None) -> None:
        """A training has ended."""
        nan = float("nan")
        ends = {"steps": float(self.spec.steps), "diverged_step": nan if diverged_step is None else diverged_step}
        last = self.rows[cell, max(step for where, step in self.rows if where == cell)]
        kept = {name: value if diverged_step is None else nan for name, value in last.items() if name in _ENDS}
        self._measure("ending", cell, {**ends, **kept})

    def finish(self) -> None:
        """The replicate is done."""
        self.store.finish(*self._token)

    def stop(self) -> None:
        """The worker stops as it was told."""
        self.store.cancelled(*self._token)

    def refuse(self, reason: str) -> None:
        """The worker cannot go on: the replicate waits for another."""
        self.store.refuse(*self._token, reason)

    def weights(self, cell: Cell, step: int) -> NDArray[np.float64]:
        """What a reader may know of W at a step."""
        moved = self.moved[cell, step]
        top = float(np.abs(moved).max())
        scale = top / 127 if top else 1.0
        return self.init[cell.width, cell.image] + scale * np.rint(moved / scale)

    def _movement(self, cell: Cell, step: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
        width, rate = self.spec.widths.index(cell.width), self.spec.grid(cell.optimizer).lrs.index(cell.lr)
        random = np.random.default_rng((self.replicate, width, len(cell.optimizer), rate))
        rank_one = np.outer(random.normal(size=shape[0]), random.normal(size=shape[1]))
        noise = random.normal(size=shape)
        strength = (0.3 + rate) * np.log1p(step) / np.log1p(self.spec.steps)
        return np.asarray(strength * (0.6 * noise + 0.4 * rank_one) / np.sqrt(shape[0]))

    def _measure(self, series: str, cell: Cell, row: Mapping[str, float]) -> None:
        event = Measured(series=series, key=cell.key, columns={name: [value] for name, value in row.items()})
        self._append(event)

    def save(
        self, name: str, key: ErasureKey, tensors: Mapping[str, NDArray[Any]], meta: dict[str, str] | None = None
    ) -> None:
        """Store tensors as an artifact."""
        data = save(dict(tensors))
        sha256 = self.store.artifacts_store.put(data)
        event = ArtifactSaved(
            key=key, name=name, sha256=sha256, size_bytes=len(data), media_type="application/vnd.safetensors",
            meta=meta or {},
        )  # fmt: skip
        self._append(event)


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
    """Store a finished run, one for each replicate; `diverge` says by optimizer and number of the rate at which step a
    training with the picture does."""
    spec = erasure_spec(optimizers, **changed)
    made: list[ErasedRun] = []
    for replicate in range(spec.replicates):
        run = ErasedRun(store, spec, replicate, made[0].id if made else "")
        for cell in run.cells:
            rate = spec.grid(cell.optimizer).lrs.index(cell.lr)
            run.train(cell, (diverge or {}).get((cell.optimizer, rate)) if cell.marked else None)
        run.finish()
        made.append(run)
    return made
