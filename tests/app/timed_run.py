"""A stored run that times layers, with numbers of our choosing, written as a worker writes one."""

from typing import cast

from app.contract.events import Event, Measured, Started
from app.kinds.hardware.spec import HardwareKey, HardwareSpec
from app.records import Run
from app.store import Store
from tests.app.hardware_rows import hardware_run, whole


def write_run(store: Store, *, name: str, device: str, gain: float = 1.0) -> Run:
    """Write a finished run of two replicates: its speed-ups are those of `hardware_rows.whole`, times `gain`."""
    shown = hardware_run(device=device, ticket="", layers=[(784, 300)])
    run = store.create_run(cast("HardwareSpec", shown.spec), name=name)
    rows = whole(shown)
    rows = rows.where(rows["ticket"] == 0)
    coordinates = ("replicate", "storage_format")
    for replicate in range(2):
        claim = store.claim("cpu", "test")
        assert claim is not None
        assert claim.run_id == run.id
        provenance = {"device_name": device}
        store.start(
            claim.shard_id, claim.token,
            Started(replicate=replicate, attempt=1, worker="test", plan={}, provenance=provenance),
        )  # fmt: skip
        events: list[Event] = []
        for form in dict.fromkeys(rows["storage_format"].tolist()):
            mine = rows.where((rows["replicate"] == replicate) & (rows["storage_format"] == form))
            columns = {column: mine[column].tolist() for column in mine.columns if column not in coordinates}
            columns["speedup"] = [gain * speedup for speedup in columns["speedup"]]
            events.append(Measured(series="hardware", key=HardwareKey(storage_format=form), columns=columns))
        store.append(claim.shard_id, claim.token, events, 0)
        store.finish(claim.shard_id, claim.token)
    return store.run(run.id)
