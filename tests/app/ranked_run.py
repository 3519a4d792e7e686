"""A stored run of stable ranks with numbers of our choosing, written as a worker writes one."""

from typing import Any

from app.contract.events import Event, Measured, Started
from app.kinds.stable_rank.spec import StableRankKey, StableRankSpec
from app.records import Run
from app.store import Store


def write_run(store: Store, *, name: str = "ranked", **changed: Any) -> Run:
    """Write a finished run of two replicates: the dualised update of replicate r of seed s and width w has stable rank
    w / 4 + 10 s + r, half of it with cross-entropy, and the gradient a twentieth more than 1 for each of these.
    """
    fields = {"widths": (32, 64), "batch_sizes": (16, 32), "replicates": 2, **changed}
    spec = StableRankSpec.model_validate({"kind": "stable_rank", "dataset": {"kind": "digits"}, **fields})
    run = store.create_run(spec, name=name)
    for replicate in range(spec.replicates):
        claim = store.claim("cpu", "test")
        assert claim is not None
        assert claim.run_id == run.id
        store.start(
            claim.shard_id, claim.token, Started(replicate=replicate, attempt=1, worker="test", plan={}, provenance={})
        )
        events: list[Event] = []
        for width in spec.widths:
            for batch in spec.batch_sizes:
                rank = (width / 4 + 10 * spec.seed + replicate) * (0.5 if spec.loss == "cross_entropy" else 1.0)
                columns = {"gradient": [1 + rank / 20], "dualised": [rank], "cap": [float(min(width, batch))]}
                key = StableRankKey(width=width, batch_size=batch)
                events.append(Measured(series="stable_rank", key=key, columns=columns))
        store.append(claim.shard_id, claim.token, events, 0)
        store.finish(claim.shard_id, claim.token)
    return store.run(run.id)
