"""An empty database of the newest schema, to copy: a migration from nothing takes longer than many a test."""

import atexit
import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from app.store import Store


@cache
def template() -> Path:
    """Return an empty, migrated SQLite file, made once in this process."""
    folder = TemporaryDirectory(prefix="ticketscope-migrated-")
    atexit.register(folder.cleanup)
    path = Path(folder.name) / "ticketscope.db"
    store = Store(f"sqlite:///{path}", str(path.parent / "artifacts"))
    store.migrate()
    store.close()
    return path


def put(data_dir: Path) -> None:
    """Copy it to a data folder that has no database yet; a store migrates it in no time."""
    if not (data_dir / "ticketscope.db").exists():
        shutil.copy(template(), data_dir / "ticketscope.db")
