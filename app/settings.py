"""All settings, read once from the environment (prefix `TICKETSCOPE_`); nothing else reads it."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where things are and what to listen on; every field is `TICKETSCOPE_<NAME>` in the environment."""

    model_config = SettingsConfigDict(env_prefix="TICKETSCOPE_", frozen=True, extra="ignore")

    host: str = Field("127.0.0.1", description="Address the web listens on; beyond this machine only with accounts.")
    port: Annotated[int, Field(ge=1, le=65535, description="Port the web listens on.")] = 8000
    data_dir: Path = Field(Path("data"), description="Database, artifacts and checkpoints, unless set elsewhere.")
    datasets_dir: Path | None = Field(None, description="Data sets already here are used without network.")
    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in the data directory.")
    broker_url: str = Field("", description="Redis or Valkey URL; empty: `up` starts an embedded Valkey.")
    artifacts_url: str = Field("", description="fsspec URL of artifacts; empty: a folder in the data directory.")
    workers: int | None = Field(None, ge=0, le=1024, description="Trainings at once; default: cores, or one per GPU.")
    checkpoint_s: float = Field(
        15.0, ge=0, le=3600, description="Seconds between checkpoints within a training: what a kill may cost."
    )
    together: int | None = Field(
        None,
        ge=1,
        le=100,
        description="Networks trained as one stack at most; default: 8 on a GPU, 1 on a CPU.",
    )
    unguarded: bool = Field(
        False, description="Listen beyond this machine without accounts: something else keeps strangers out."
    )
    token: SecretStr = Field(SecretStr(""), description="Token that commands send to a server with accounts.")
    demo: bool = Field(True, description="Submit a demo run when the store is empty.")
    allowed_hosts: tuple[str, ...] = Field(
        ("127.0.0.1", "localhost", "[::1]"), description="Host headers the web answers to."
    )

    root_path: str = Field(
        "", pattern=r"^(/[A-Za-z0-9._~-]+)*$", description="Sub-path of another server that serves the pages."
    )

    @field_validator("root_path", mode="before")
    @classmethod
    def _without_last_slash(cls, root_path: object) -> object:
        return root_path.rstrip("/") if isinstance(root_path, str) else root_path

    @field_validator("data_dir", "datasets_dir")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path.expanduser().resolve() if path is not None else None

    @property
    def resolved_database_url(self) -> str:
        """Return the database in use: `database_url`, or SQLite in the data directory."""
        return self.database_url or f"sqlite:///{self.data_dir / 'ticketscope.db'}"

    @property
    def resolved_artifacts_url(self) -> str:
        """Return where artifact bytes go: `artifacts_url`, or a folder in the data directory."""
        return self.artifacts_url or str(self.data_dir / "artifacts")

    @property
    def resolved_datasets_dir(self) -> Path:
        """Return where data sets are read from and downloaded to."""
        return self.datasets_dir or self.data_dir / "datasets"
