"""Save what a shard computes: artifacts, and checkpoints that it resumes from.

Where the store of artifacts is a server, files are sent by threads while the training goes on. Nothing in the log
refers to a file that has not arrived.
"""

import hashlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

from app.contract.events import ArtifactSaved
from app.store import Artifacts
from workers import checkpoints, tensors
from workers.science.outputs import Checkpoint, Tensors

_SENT_AT_ONCE = 4


class Saves:
    """Files of one shard; `store(sha256, next_ordinal)` stores a checkpoint and returns the hashes it replaces."""

    def __init__(self, artifacts: Artifacts, store: Callable[[str, int], list[str]]) -> None:
        self.newest = checkpoints.Saved()
        """The checkpoint that the shard resumes from, with the artifacts that were saved since."""
        self._artifacts = artifacts
        self._store = store
        self._pool = ThreadPoolExecutor(_SENT_AT_ONCE, "saves") if artifacts.folder is None else None
        self._sent: list[Future[Any]] = []
        self._unsynced: list[str] = []
        self._large: set[str] = set()
        self._waiting: tuple[str, int] | None = None

    @property
    def arrived(self) -> bool:
        """Return whether all files are in the store, so that `commit` does not wait."""
        return all(future.done() for future in self._sent)

    @property
    def pending(self) -> bool:
        """Return whether a checkpoint is on its way."""
        return self._waiting is not None

    def artifact(self, output: Tensors) -> ArtifactSaved:
        """Save tensors and return the event that names them, to be logged after `wait`."""
        data = tensors.dumps(output.tensors, output.meta)
        sha256 = self._put(data)
        self.newest.artifacts[checkpoints.key(output.name, output.key)] = sha256
        return ArtifactSaved(
            key=output.key,
            name=output.name,
            sha256=sha256,
            size_bytes=len(data),
            media_type=tensors.MEDIA_TYPE,
            meta=dict(output.meta),
        )

    def checkpoint(self, output: Checkpoint, next_ordinal: int) -> None:
        """Save a checkpoint; `commit` makes it the one to resume from, once the log has `next_ordinal` rows."""
        saved = replace(self.newest, state=output.state, next_ordinal=next_ordinal, tensors=output.tensors)
        sha256 = saved.write(self._put)
        self._waiting = sha256, next_ordinal
        if output.tensors:
            self._large.add(sha256)

    def wait(self) -> None:
        """Return when all files are in the store. Raises OSError when one could not be sent."""
        for future in self._sent:
            future.result()
        self._sent.clear()

    def commit(self) -> None:
        """Put all files on the disk, and store the checkpoint that needs them. Raises OSError, Fenced."""
        self.wait()
        self._artifacts.sync(self._unsynced)
        self._unsynced.clear()
        if self._waiting is None:
            return
        newest, self._waiting = self._waiting, None
        dropped = self._store(*newest)
        # Those of unfinished trainings are large and come every few seconds: the daily sweep would be too late. No
        # other shard has the same, as each document names its shard.
        for old in self._large.intersection(dropped):
            self._large.discard(old)
            if self._pool is None:
                self._artifacts.delete(old)
            else:  # nothing waits for it: the sweep takes what stays
                self._pool.submit(self._artifacts.delete, old)

    def close(self) -> None:
        """Drop what is on its way; nothing depends on it."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _put(self, data: bytes) -> str:
        if self._pool is None:
            sha256 = self._artifacts.put(data)
        else:
            sha256 = hashlib.sha256(data).hexdigest()
            self._sent.append(self._pool.submit(partial(self._artifacts.put, data)))
        self._unsynced.append(sha256)
        return sha256
