"""Time a step of every model while a worker is idle, so that a form can estimate how long a run would take."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import get_args

from sqlalchemy.exc import SQLAlchemyError

from app.contract.experiment import cut
from app.contract.params import DatasetParams, ModelParams, Params, misfit
from app.methods.catalog import CATALOG
from app.settings import Settings
from app.store import Store
from workers.forkserver import end, spawn
from workers.job import DONE, device_kind

# Long enough for the demo of an empty store to have begun.
IDLE_S = 15.0
_POLL_S = 0.2


def start(settings: Settings, store: Store, device: str, idle: Callable[[], bool]) -> None:
    """Calibrate once, in a thread of its own, as soon as the worker has been `idle` for a while.

    A shard that comes meanwhile ends it; it then waits for the next quiet moment.
    """
    threading.Thread(target=_when_idle, args=(settings, store, device, idle), name="calibration", daemon=True).start()


def _when_idle(settings: Settings, store: Store, device: str, idle: Callable[[], bool]) -> None:
    since = time.monotonic()
    while True:
        time.sleep(_POLL_S)
        if not idle():
            since = time.monotonic()
        elif time.monotonic() - since > IDLE_S:
            try:
                if not missing(store, device) or _run(settings, device, idle):
                    return
            except (SQLAlchemyError, OSError, EOFError):
                since = time.monotonic()  # the store or the fork server is away: later


def _run(settings: Settings, device: str, idle: Callable[[], bool]) -> bool:
    """Run the calibration in a child; return whether it could finish undisturbed."""
    child, connection = spawn("workers.speed:calibrate", settings, device)
    while child.is_alive() and idle():
        time.sleep(_POLL_S)
    code = end(child)
    connection.close()
    return code == DONE


def missing(store: Store, device: str) -> set[tuple[str, str]]:
    """Return models and data sets of the catalog, whole and cut, without a known speed on `device`.

    A Mflop of any work is ("mlp", "any").
    """
    known = {(speed.model, speed.dataset) for speed in store.speeds() if speed.device == device_kind(device)}
    models = {
        (model, name)
        for model, entry in CATALOG["model"].items()
        for dataset, data in CATALOG["dataset"].items()
        if fit(entry.params, data.params)
        for name in _timed(dataset, data.params)
    }
    return (models | {("mlp", "any")}) - known


def _timed(name: str, dataset: type[Params]) -> Iterator[str]:
    """Yield what speeds on a data set are called: as it is, and with its pictures cut."""
    yield name
    if issubclass(dataset, DatasetParams) and dataset.examples == "pictures":
        yield cut(name)


def fit(model: type[Params], dataset: type[Params]) -> bool:
    """Return whether a model, with its default parameters, takes the pictures of a data set."""
    if not issubclass(model, ModelParams) or not issubclass(dataset, DatasetParams):
        return False
    kind = get_args(model.model_fields["kind"].annotation)[0]
    return misfit(model(kind=kind), dataset) is None
