"""Runs of lottery tickets that a comparison reads, as workers would have written them."""

import numpy as np

from app.contract.events import Event, Measured, Started
from app.kinds.lottery.spec import LotteryKey, LotterySpec
from app.kinds.presets import PRESETS
from app.records import Run
from app.store import Claim, Store

OPTIMIZERS = (
    {"kind": "adam", "lr": 0.0012}, {"kind": "adam", "lr": 0.003}, {"kind": "sgd", "lr": 0.1},
    {"kind": "muon", "lr": 0.02}, {"kind": "adamw", "lr": 0.001},
)  # fmt: skip
GAINS = {"adam": 0.0, "sgd": -0.01, "muon": 0.012, "adamw": 0.002}
"""What a network of each optimizer gains over Adam's at full density; ten times that is lost or won at 1 %."""


def write_runs(store: Store, many: int, *, replicates: int = 3, levels: int = 11, points: int = 21) -> list[Run]:
    """Write finished runs of several optimizers, every five of one seed, without controls."""
    runs = []
    for place in range(many):
        run, spec = _submit(store, place, replicates, levels)
        for replicate in range(replicates):
            _write(store, spec, replicate, points, levels)
        runs.append(store.run(run.id))
    return runs


def begin_runs(store: Store, many: int) -> list[Claim]:
    """Begin the only replicate of each of so many runs, which measure nothing yet."""
    claims = []
    for place in range(many):
        _submit(store, place, 1, 11)
        claims.append(_begin(store, 0))
    return claims


def _submit(store: Store, place: int, replicates: int, levels: int) -> tuple[Run, LotterySpec]:
    optimizer = OPTIMIZERS[place % len(OPTIMIZERS)]
    changed = {
        **PRESETS["digits-tickets"].spec.model_dump(mode="json"), "optimizer": optimizer, "branches": [],
        "replicates": replicates, "levels": levels, "seed": place // len(OPTIMIZERS), "steps": 1_000,
    }  # fmt: skip
    spec = LotterySpec.model_validate(changed)
    return store.create_run(spec, name=f"{optimizer['kind']} at {optimizer['lr']}, run {place}"), spec


def _begin(store: Store, replicate: int) -> Claim:
    claim = store.claim("cpu", "writer")
    assert claim is not None
    layers = {"layers": [{"name": "fc1", "shape": [300, 64]}, {"name": "fc2", "shape": [10, 300]}]}
    started = Started(replicate=replicate, attempt=1, worker="writer", plan=layers, provenance=layers)
    store.start(claim.shard_id, claim.token, started)
    return claim


def _write(store: Store, spec: LotterySpec, replicate: int, points: int, levels: int) -> None:
    claim = _begin(store, replicate)
    # The luck of a seed is that of its replicates in every run: what pairs take away.
    luck = float(np.random.default_rng([spec.seed, replicate]).normal(0, 0.006))
    events: list[Event] = []
    for level in range(levels + 1):
        key = LotteryKey(level=level)
        density = 0.66**level
        gain = GAINS[spec.optimizer.kind] * (1 - 4.5 * float(np.log10(density)))
        accuracy = 0.92 + luck + gain - 0.02 * (1 - density) ** 8 / max(density, 0.05)
        steps = np.linspace(0, 1_000, points)
        learned = 0.1 + (accuracy - 0.1) * (1 - np.exp(-steps / 150))
        loss = 2.3 * np.exp(-steps / 200) + 0.3
        events.append(Measured(series="evaluation", key=key, columns={
            "step": steps.tolist(), "train_loss": loss.tolist(), "validation_loss": loss.tolist(),
            "validation_accuracy": learned.tolist(), "test_loss": loss.tolist(), "test_accuracy": learned.tolist(),
        }))  # fmt: skip
        events.append(Measured(series="outcome", key=key, columns={
            "steps": [1000.0], "density": [density], "train_accuracy": [1.0], "validation_accuracy": [accuracy],
            "validation_loss": [0.3], "test_accuracy": [accuracy], "test_loss": [0.3], "early_stop_step": [450.0],
            "early_stop_test_accuracy": [accuracy], "early_stop_validation_loss": [0.3], "early_stop_censored": [0.0],
            "diverged_step": [float("nan")],
        }))  # fmt: skip
    store.append(claim.shard_id, claim.token, events, 0)
    store.finish(claim.shard_id, claim.token)
