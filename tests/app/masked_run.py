"""A stored run with masks and weights of our choosing, written as a worker writes one."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from app.contract.events import ArtifactSaved, Measured, Started
from app.contract.tickets import TicketRef
from app.kinds.lottery.spec import LotteryKey, LotterySpec
from app.kinds.presets import PRESETS
from app.masks import codec
from app.masks.connectivity import dead
from app.masks.sums import strata_of, sums
from app.store import Store
from tests.app.appending import Appending

Kernels = Mapping[str, NDArray[Any]]


@dataclass
class MaskedRun:
    """What was written: `masks[replicate][level]` by layer, `init[replicate]`, `trained[replicate]` before masking.

    `hands[replicate]` writes more.
    """

    id: str
    layers: tuple[str, ...]
    masks: list[list[Kernels]]
    init: list[Kernels]
    trained: list[Kernels]
    controls: dict[tuple[int, int, str], Kernels] = field(default_factory=dict)
    hands: "list[_Hand]" = field(default_factory=list)

    def ref(self, replicate: int = 0, level: int = 0, control: str = "winning_ticket") -> TicketRef:
        return TicketRef(self.id, replicate, level, control)


def nested(
    random: np.random.Generator, shape: Sequence[int], levels: int, keep: float = 0.6
) -> list[NDArray[np.bool_]]:
    """Masks of level 0 (full) to `levels`, each inside the one before."""
    score = random.random(tuple(shape))
    return [score < keep**level for level in range(levels + 1)]


def write_run(
    store: Store,
    shapes: Mapping[str, Sequence[int]],
    *,
    levels: int = 2,
    replicates: int = 1,
    seed: int = 0,
    picture: Sequence[int] | None = None,
    architecture: Mapping[str, Any] | None = None,
    masks: Sequence[Sequence[Kernels]] | None = None,
    controls: Sequence[str] = (),
    finish: bool = True,
    with_strata: bool = True,
    **spec: Any,
) -> MaskedRun:
    """Store such a run; what is not given is drawn. `controls` get the ticket's mask, shuffled.

    `with_strata`: with what the null of magnitudes at initialisation needs; sorting many millions takes seconds.
    """
    random = np.random.default_rng(seed)
    made = {**PRESETS["digits-tickets"].spec.model_dump(), "replicates": replicates, "levels": levels, "branches": []}
    made["seed"] = seed
    run = store.create_run(LotterySpec.model_validate({**made, **spec}), name="masked")
    layers: dict[str, Any] = {"layers": [{"name": name, "shape": list(shape)} for name, shape in shapes.items()]}
    if picture is not None:
        layers["input"] = list(picture)
    if architecture is not None:
        layers["architecture"] = architecture
    result = MaskedRun(run.id, tuple(shapes), [], [], [])
    for replicate in range(replicates):
        drawn = {name: nested(random, shape, levels) for name, shape in shapes.items()}
        mine = masks[replicate] if masks else [{name: drawn[name][i] for name in shapes} for i in range(levels + 1)]
        init = {name: random.normal(size=tuple(shape)).astype(np.float32) for name, shape in shapes.items()}
        trained = {name: random.normal(size=tuple(shape)).astype(np.float32) for name, shape in shapes.items()}
        result.masks.append(list(mine))
        result.init.append(init)
        result.trained.append(trained)
        claim = store.claim("cpu", "test")
        assert claim is not None
        token = (claim.shard_id, claim.token)
        started = Started(replicate=replicate, attempt=1, worker="test", plan=layers, provenance=layers)
        store.start(*token, started)
        hand = _Hand(store, token)
        result.hands.append(hand)
        strata = {name: strata_of(values) for name, values in init.items()} if with_strata else None
        with hand.together():
            hand.save("init", LotteryKey(), {f"{name}.weight": values for name, values in init.items()})
            base: Kernels = {name: np.ones(tuple(shape), bool) for name, shape in shapes.items()}
            for level, mask in enumerate(mine):
                hand.mask(LotteryKey(level=level), mask, base, strata)
                values = {f"{name}.weight.values": trained[name][mask[name].astype(bool)] for name in shapes}
                hand.save("ticket", LotteryKey(level=level), values)
                for control in controls if level else ():
                    shuffled = {name: random.permutation(m.reshape(-1)).reshape(m.shape) for name, m in mask.items()}
                    result.controls[replicate, level, control] = shuffled
                    hand.mask(
                        LotteryKey(level=level, control=control),
                        shuffled,
                        mask,
                        strata if control == "shuffled" else None,
                    )
                base = mask
        if finish:
            store.finish(*token)
    return result


class _Hand:
    def __init__(self, store: Store, token: tuple[int, str]) -> None:
        self._store, self._token = store, token
        self._append = Appending(store, token)

    def together(self) -> AbstractContextManager[None]:
        """Append what comes within the block at its end, in one transaction."""
        return self._append.together()

    def save(self, name: str, place: LotteryKey, tensors: Mapping[str, NDArray[Any]]) -> None:
        data = save({key: np.ascontiguousarray(value) for key, value in tensors.items()})
        sha256 = self._store.artifacts_store.put(data)
        event = ArtifactSaved(
            key=place, name=name, sha256=sha256, size_bytes=len(data), media_type="application/vnd.safetensors"
        )
        self._append(event)

    def measure(self, series: str, place: LotteryKey, columns: Mapping[str, list[float]]) -> None:
        self._append(Measured(series=series, key=place, columns=dict(columns)))

    def refuse(self, reason: str) -> None:
        """The worker cannot go on: the replicate waits for another."""
        self._store.refuse(*self._token, reason)

    def mask(self, place: LotteryKey, masks: Kernels, base: Kernels, strata: Kernels | None) -> None:
        columns: dict[str, list[float]] = {
            name: [] for name in ("layer", "kept", "total", "dead_inputs", "dead_units", "flipped")
        }
        encoded, pyramid = {}, {}
        for number, (name, mask) in enumerate(masks.items()):
            bits, before = codec.pack(mask), codec.pack(base[name])
            encoded[f"{name}.weight"] = codec.encode(bits, before)
            groups = strata[name] if strata is not None else None
            for key, values in sums(bits, codec.matrix(mask).shape[1], groups).items():
                pyramid[f"{name}.weight.{key}"] = values
            row = (number, mask.sum(), mask.size, *dead(bits, mask.shape), (mask != base[name]).sum())
            for column, value in zip(columns.values(), row, strict=True):
                column.append(float(value))
        self.measure("layers", place, columns)
        self.save("mask", place, encoded)
        self.save("pyramid", place, pyramid)
