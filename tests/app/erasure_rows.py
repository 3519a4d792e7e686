"""Erasure and stable-rank records to draw: runs, and series whose numbers each test can work out by itself."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import numpy as np

from app.kinds.erasure.spec import Cell, ErasureSpec
from app.kinds.stable_rank.spec import StableRankSpec
from app.records import Run, RunProgress, Series, State

NAN = float("nan")
GRIDS: Mapping[str, tuple[float, ...]] = {"sgd": (0.1, 1.0), "spectral_sgd": (0.5, 1.0), "dualised": (0.5, 1.0)}
VALUES = {
    "visibility": 0.8, "null_low": 0.48, "null_high": 0.52, "ssim": 0.5, "similarity": 0.9, "movement": 0.4,
    "loss": 0.02, "train_accuracy": 0.99, "validation_accuracy": 0.95, "test_accuracy": 0.9,
}  # fmt: skip
UPDATES = {
    "gradient_stable_rank": 1.1, "update_stable_rank": 20.0, "update_spectral": 0.3, "update_frobenius": 1.5,
}  # fmt: skip


def erasure_run(
    *,
    state: str = "finished",
    optimizers: Mapping[str, Sequence[float]] = GRIDS,
    two_level: bool | None = True,
    **spec: Any,
) -> Run:
    """An erasure run on digits; `two_level` None is before any worker has started."""
    fields = {"widths": (16,), "steps": 100, "batch_size": 64, "replicates": 2, "twins": False, **spec}
    grids = [{"kind": kind, "lrs": list(lrs)} for kind, lrs in optimizers.items()]
    made = ErasureSpec.model_validate(
        {"kind": "erasure", "dataset": {"kind": "digits"}, "optimizers": grids, **fields}
    )  # fmt: skip
    picture = {"rows": 16, "columns": 16, "two_level": two_level, "layer": "fc2"}
    return _run("erasure", made, state, {} if two_level is None else {"picture": picture})


def rank_run(*, state: str = "finished", **spec: Any) -> Run:
    """A stable-rank run on digits."""
    fields = {"widths": (32, 128), "batch_sizes": (64,), "replicates": 2, **spec}
    return _run("stable_rank", StableRankSpec.model_validate({"kind": "stable_rank", "dataset": {"kind": "digits"},
                                                              **fields}), state, {})  # fmt: skip


def _run(kind: str, spec: Any, state: str, provenance: dict[str, Any]) -> Run:
    return Run(
        id="0123456789",
        name="Which optimizer erases the picture?",
        kind=kind,
        spec=spec,
        state=cast("State", state),
        progress=RunProgress(done=0, total=1),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        provenance=provenance,
    )


def series(rows: Sequence[Mapping[str, Any]]) -> Series:
    """A series of these rows, each with replicate and coordinates."""
    types = {"replicate": np.int64, "width": np.int64, **dict.fromkeys(("image", "optimizer", "storage_format"), str)}
    names = rows[0] if rows else (*types, "lr")
    return Series({name: np.array([row[name] for row in rows], dtype=types.get(name, np.float64)) for name in names})


def place(
    optimizer: str = "sgd",
    rate: int = 0,
    replicate: int = 0,
    width: int = 16,
    image: str = "picture",
    *,
    optimizers: Mapping[str, Sequence[float]] = GRIDS,
) -> dict[str, Any]:
    """Which training a row belongs to: `rate` is the number of its learning rate."""
    lr = optimizers[optimizer][rate]
    return {"replicate": replicate, "width": width, "image": image, "optimizer": optimizer, "lr": lr}


def ending(where: dict[str, Any], *, diverged: float = NAN, steps: float = 100, **values: float) -> dict[str, Any]:
    """A row of the series `ending`; of a diverged training it has no values."""
    lost = diverged == diverged
    made = dict.fromkeys(VALUES, NAN) if lost else {**VALUES, **values}
    return {**where, "steps": diverged if lost else steps, "diverged_step": diverged, **made}


def moment(where: dict[str, Any], step: int, **values: float) -> dict[str, Any]:
    """A row of the series `erasure`."""
    updates = UPDATES if step else dict.fromkeys(UPDATES, NAN)
    return {**where, "step": step, **VALUES, **updates, **values}


def spectrum(where: dict[str, Any], step: int, values: Sequence[float]) -> list[dict[str, Any]]:
    """Rows of the series `spectrum` of one moment, at even shares of the rank."""
    shares = np.linspace(0, 1, len(values))
    return [{**where, "step": step, "share": s, "value": v} for s, v in zip(shares, values, strict=True)]


def update_sizes(where: dict[str, Any], step: int, shares: Mapping[float, float]) -> list[dict[str, Any]]:
    """Rows of the series `update_sizes` of one moment: share of the entries by centre of the bin."""
    return [{**where, "step": step, "log10_size": size, "share": share} for size, share in shares.items()]


def whole(run: Run, last: Callable[[Cell, int], int | None] | None = None) -> dict[str, Series]:
    """All series of a run, with numbers of a plausible shape.

    `last` says by cell and replicate at which step a training is now: −1 before its start, None at its end.
    """
    spec = cast("ErasureSpec", run.spec)
    random = np.random.default_rng(0)
    names = ("erasure", "ending", "spectrum", "update_sizes")
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for replicate in range(spec.replicates):
        for cell in spec.cells():
            where = {"replicate": replicate, **cell._asdict()}
            end = last(cell, replicate) if last else None
            fades = 2.0 if cell.optimizer == "dualised" else 0.4
            row: dict[str, Any] = {}
            for step in spec.observed_steps():
                if end is not None and step > end:
                    break
                late = np.log1p(step) / np.log1p(spec.steps)
                seen = 0.5 + (0.5 * np.exp(-fades * 3 * late) if cell.marked else 0) + 0.005 * random.standard_normal()
                learned = 0.1 + 0.85 * late + 0.01 * random.standard_normal()
                splits = {"train_accuracy": learned, "validation_accuracy": learned, "test_accuracy": learned - 0.02}
                row = moment(where, step, visibility=seen, similarity=1 - 0.3 * late, movement=0.5 * late, **splits)
                rows["erasure"].append(row)
                rows["spectrum"] += spectrum(where, step, np.geomspace(1 + late, 0.5, 24).tolist())
                if step:
                    rows["update_sizes"] += update_sizes(where, step, {-3.125: 0.2, -2.875: 0.6, -2.625: 0.2})
            if end is None:
                rows["ending"].append(ending(where, **{name: row[name] for name in VALUES}))
    return {name: series(each) for name, each in rows.items()}


def rank_rows(run: Run) -> Series:
    """The series `stable_rank` of a run: gradients near 1, dualised updates of half the cap."""
    spec = cast("StableRankSpec", run.spec)
    return series(
        [
            {"replicate": replicate, "width": width, "batch_size": batch,
             "gradient": 1 + 0.1 * replicate, "dualised": min(width, batch) / 2, "cap": min(width, batch)}
            for replicate in range(spec.replicates) for width in spec.widths for batch in spec.batch_sizes
        ]
    )  # fmt: skip
