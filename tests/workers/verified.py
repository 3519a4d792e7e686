"""A store whose runs `verify` trains again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.contract.verification import Verification
from app.records import ArtifactRef
from app.settings import Settings
from app.store import Store
from workers import verify


class Lab:
    """A copy of the finished runs to do harm to, and `verify` upon it."""

    def __init__(self, folder: Path, ids: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
        self.ids, self._capsys = ids, capsys
        settings = Settings(data_dir=folder)
        self.artifacts = folder / "artifacts"
        self.store = Store(settings.resolved_database_url, settings.resolved_artifacts_url)

    def verify(self, name: str, **asked: Any) -> tuple[int, str, str]:
        """Exit code, output and errors."""
        key = {coordinate: str(asked.pop(coordinate)) for coordinate in asked.keys() - {"replicate", "anyway"}}
        code = verify.main(Verification(run=self.ids.get(name, name), key=key, **asked).model_dump_json())
        return code, *self._capsys.readouterr()

    def artifact(self, run: str, name: str, level: int) -> ArtifactRef:
        found = [ref for ref in self.store.artifacts(self.ids[run]) if (ref.name, ref.key["level"]) == (name, level)]
        return next(ref for ref in found if (ref.replicate, ref.key["control"]) == (0, "winning_ticket"))

    def damage(self, ref: ArtifactRef) -> None:
        """Flip the last bit of a stored file."""
        path = self.artifacts / ref.id[:2] / ref.id
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(bytes(data))

    def forge(self, ref: ArtifactRef) -> None:
        """Flip the last bit of an artifact and make its name true again."""
        data = bytearray(self.store.artifacts_store.get(ref.id))
        data[-1] ^= 1
        forged = self.store.artifacts_store.put(bytes(data))
        self.write("UPDATE artifacts SET sha256 = ? WHERE run_id = ? AND seq = ?", (forged, ref.run_id, ref.seq))

    def rewrite(self, run: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change what the attempts of a run said when they started."""
        for start in self.store.starts(self.ids[run]):
            change(start.event)
            body = orjson.dumps(start.event).decode()
            self.write("UPDATE events SET body = ? WHERE run_id = ? AND seq = ?", (body, self.ids[run], start.seq))

    def write(self, statement: str, values: tuple[Any, ...]) -> None:
        with self.store._db.write() as connection:
            assert connection.exec_driver_sql(statement, values).rowcount == 1
