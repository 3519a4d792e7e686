"""A run that has saved masks, without training anything."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from app.contract.events import ArtifactSaved, Started
from app.kinds.lottery.spec import LotteryKey, LotterySpec
from app.kinds.presets import PRESETS
from app.masks import codec
from app.masks.sums import strata_of, sums
from app.store import Store

Masks = Mapping[str, NDArray[np.bool_]]
SHAPES: dict[str, tuple[int, ...]] = {"conv1": (4, 1, 3, 3), "conv2": (6, 4, 3, 3), "fc1": (5, 24), "fc2": (3, 5)}
SHUFFLED = "shuffled"


class Saved:
    """A run that has saved masks as a worker saves them; `masks` holds them by (replicate, level, control, draw)."""

    def __init__(
        self, store: Store, *, replicates: int = 3, levels: int = 2, shapes: Mapping[str, tuple[int, ...]] = SHAPES,
        seed: int = 0, draws: int = 2,
    ) -> None:  # fmt: skip
        spec = {**PRESETS["digits-tickets"].spec.model_dump(), "replicates": replicates, "levels": max(levels, 1)}
        self.id = store.create_run(LotterySpec.model_validate({**spec, "seed": seed}), name="by hand").id
        self.store, self.shapes, self.seed = store, shapes, seed
        self.masks: dict[tuple[int, int, str, int], Masks] = {}
        self.claims: dict[int, tuple[Any, int]] = {}
        self.layers = {"layers": [{"name": name, "shape": list(shape)} for name, shape in shapes.items()]}
        for replicate in range(replicates):
            self.start()
            for level in range(levels + 1):
                self.level(replicate, level, draws)

    def start(self) -> None:
        """Take the next replicate."""
        claim = self.store.claim("cpu", "hand")
        assert claim is not None
        started = Started(replicate=claim.replicate, attempt=1, worker="hand", plan=self.layers, provenance=self.layers)
        self.store.start(claim.shard_id, claim.token, started)
        self.claims[claim.replicate] = (claim, 0)

    def theta0(self, replicate: int) -> dict[str, NDArray[np.float32]]:
        return {
            name: np.random.default_rng([self.seed, replicate, i]).standard_normal(shape).astype(np.float32)
            for i, (name, shape) in enumerate(self.shapes.items())
        }

    def level(self, replicate: int, level: int, draws: int) -> None:
        """Save one level of a replicate: the ticket, and draws of a shuffled control."""
        initial = self.theta0(replicate)
        before = self.masks.get((replicate, level - 1, "winning_ticket", 0))
        base = before or {name: np.ones(shape, bool) for name, shape in self.shapes.items()}
        if level == 0:
            self._save(replicate, LotteryKey(), "init", {f"{name}.weight": values for name, values in initial.items()})
            mask: Masks = base
        else:
            # The largest initial weights of another draw are lost, so that masks of levels are nested.
            draw = np.random.default_rng([9, self.seed, replicate, level])
            mask = {name: m & (np.abs(initial[name]) * draw.random(m.shape) > 0.2) for name, m in base.items()}
        self._masks(replicate, LotteryKey(level=level), mask, base)
        for index in range(draws if level else 0):
            draw = np.random.default_rng([8, self.seed, replicate, level, index])
            control = {name: draw.permuted(m.reshape(-1)).reshape(m.shape) for name, m in mask.items()}
            self._masks(replicate, LotteryKey(level=level, control=SHUFFLED, draw=index), control, mask)

    def _masks(self, replicate: int, place: LotteryKey, mask: Masks, base: Masks) -> None:
        self.masks[replicate, place.level, place.control, place.draw] = mask
        encoded = {f"{n}.weight": codec.encode(codec.pack(m), codec.pack(base[n])) for n, m in mask.items()}
        self._save(replicate, place, "mask", encoded)
        pyramid = {
            f"{name}.weight.{kind}": values
            for name, m in mask.items()
            for kind, values in sums(
                codec.pack(m), codec.matrix(m).shape[1], strata_of(self.theta0(replicate)[name])
            ).items()
        }
        self._save(replicate, place, "pyramid", pyramid)

    def _save(self, replicate: int, place: LotteryKey, name: str, tensors: Mapping[str, NDArray[Any]]) -> None:
        claim, ordinal = self.claims[replicate]
        content = save(dict(tensors))
        sha256 = self.store.artifacts_store.put(content)
        event = ArtifactSaved(
            key=place, name=name, sha256=sha256, size_bytes=len(content), media_type="application/octet-stream"
        )
        self.store.append(claim.shard_id, claim.token, [event], ordinal)
        self.claims[replicate] = (claim, ordinal + 1)
