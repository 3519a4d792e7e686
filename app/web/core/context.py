"""What routes get from the application: put into `app.state` by `create_app`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from app.atlas.reader import Reader
from app.live import Broadcaster
from app.queue import Queue
from app.settings import Settings
from app.store import Snapshot, Store
from app.web.core.figures import Figures
from app.web.core.run_log import Log


def get_settings(request: Request) -> Settings:
    """Return the settings this process was started with."""
    return cast(Settings, request.app.state.settings)


def get_store(request: Request) -> Store:
    """Return the one store; synchronous, so routes that use it are plain `def`."""
    return cast(Store, request.app.state.store)


def get_queue(request: Request) -> Queue:
    """Return the one queue."""
    return cast(Queue, request.app.state.queue)


def get_broadcaster(request: Request) -> Broadcaster:
    """Return the one broadcaster of this process."""
    return cast(Broadcaster, request.app.state.broadcaster)


def get_log(request: Request) -> Log:
    """Return the one reader of logs of this process."""
    return cast(Log, request.app.state.log)


def get_figures(request: Request) -> Figures:
    """Return the rendered figures of this process."""
    return cast(Figures, request.app.state.figures)


def get_reader(request: Request) -> Reader:
    """Return the masks of stored runs, as this process has read them."""
    return cast(Reader, request.app.state.reader)


@dataclass(frozen=True)
class Readers:
    """All that reads what is stored, at one moment."""

    store: Snapshot
    reader: Reader
    figures: Figures


@dataclass(frozen=True)
class Sources:
    """What a request reads from."""

    store: Annotated[Store, Depends(get_store)]
    reader: Annotated[Reader, Depends(get_reader)]
    figures: Annotated[Figures, Depends(get_figures)]

    @contextmanager
    def now(self) -> Iterator[Readers]:
        """Read one snapshot, in one transaction, until this ends."""
        with self.store.snapshot() as store:
            reader = self.reader.at(store)
            yield Readers(store, reader, self.figures.at(reader))


SettingsDep = Annotated[Settings, Depends(get_settings)]
StoreDep = Annotated[Store, Depends(get_store)]
QueueDep = Annotated[Queue, Depends(get_queue)]
BroadcasterDep = Annotated[Broadcaster, Depends(get_broadcaster)]
LogDep = Annotated[Log, Depends(get_log)]
ReaderDep = Annotated[Reader, Depends(get_reader)]
SourcesDep = Annotated[Sources, Depends()]
