"""A stored run whose first layer has 4096×4096 weights, 20 levels and 3 replicates, written as a worker writes one."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from app.contract.events import ArtifactSaved, Event, Measured, Started
from app.kinds.lottery.spec import LotteryKey, LotterySpec
from app.kinds.presets import PRESETS
from app.masks import codec
from app.masks.sums import strata_of, sums
from app.store import Store

SIDE = 4096
LEVELS = 20
REPLICATES = 3
KEY = "fc1.weight"


def write(store: Store, *, levels: int = LEVELS, replicates: int = REPLICATES, side: int = SIDE) -> str:
    """Store it, nested magnitude-like masks that each prune a fifth, with initial and trained weights; its id."""
    spec = {**PRESETS["digits-tickets"].spec.model_dump(), "replicates": replicates, "levels": levels, "branches": []}
    run = store.create_run(LotterySpec.model_validate(spec), name=f"{side} × {side}")
    layers = {"layers": [{"name": "fc1", "shape": [side, side]}], "input": [1, 64, 64]}
    for replicate in range(replicates):
        claim = store.claim("cpu", "benchmark")
        assert claim is not None
        token = claim.shard_id, claim.token
        store.start(*token, Started(replicate=replicate, attempt=1, worker="benchmark", plan=layers, provenance=layers))
        for ordinal, event in enumerate(_events(store, replicate, levels, side)):
            store.append(*token, [event], ordinal)
        store.finish(*token)
    return run.id


def _events(store: Store, replicate: int, levels: int, side: int) -> Iterator[Event]:
    random = np.random.default_rng(replicate)
    initial = random.normal(0, 0.02, (side, side)).astype(np.float32)
    trained = initial + random.normal(0, 0.01, (side, side)).astype(np.float32)
    score = np.abs(trained) + random.random((side, side), dtype=np.float32) * 0.01
    cuts = np.quantile(score[: max(1, side // 16)], 1 - 0.8 ** np.arange(levels + 1))
    cuts[0] = -1
    strata = strata_of(initial)
    yield _saved(store, "init", LotteryKey(), {KEY: initial})
    base = codec.full(side, side)
    for level, cut in enumerate(cuts):
        place = LotteryKey(level=level)
        mask = score > cut
        bits = codec.pack(mask)
        kept = float(mask.sum())
        flipped = float(np.bitwise_count(bits ^ base).sum())
        yield Measured(
            series="layers",
            key=place,
            columns={
                "layer": [0.0], "kept": [kept], "total": [float(mask.size)], "dead_inputs": [0.0],
                "dead_units": [0.0], "flipped": [flipped],
            },
        )  # fmt: skip
        yield _saved(store, "mask", place, {KEY: codec.encode(bits, base)})
        pyramid = {f"{KEY}.{name}": values for name, values in sums(bits, side, strata).items()}
        yield _saved(store, "pyramid", place, pyramid)
        yield _saved(store, "ticket", place, {f"{KEY}.values": trained[mask]})
        base = bits


def _saved(store: Store, name: str, place: LotteryKey, tensors: dict[str, NDArray[np.generic]]) -> ArtifactSaved:
    data = save(tensors)
    return ArtifactSaved(
        key=place,
        name=name,
        sha256=store.artifacts_store.put(data),
        size_bytes=len(data),
        media_type="application/vnd.safetensors",
    )
