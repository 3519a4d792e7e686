"""All settings, read once from the environment (prefix `TICKETSCOPE_`); nothing else reads it."""

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.logs import LogFormat

_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


def is_private(address: str) -> bool:
    """Return whether what is sent to an address cannot be read on the way: by https, or within this machine."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _THIS_MACHINE)
    )


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
    members_set_high: bool = Field(
        False, description="Members may give their runs the priority high; without it, only admins may."
    )
    token: SecretStr = Field(SecretStr(""), description="Token that commands send to a server with accounts.")
    oidc_issuer: str = Field("", description="Address of the lab's own login (OpenID Connect); empty: passwords only.")
    oidc_client_id: str = Field("", description="What the login of the lab knows this server as.")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="Secret of this server there; empty: it has none.")
    oidc_client_secret_file: Path | None = Field(None, description="File that holds the secret instead.")
    oidc_name: str = Field("", max_length=40, description="What its button says; empty: the host of the issuer.")
    oidc_new: Literal["", "viewer", "member"] = Field(
        "", description="Role of who comes by it for the first time; empty: only with an invitation."
    )
    oidc_role_claim: str = Field("", description="Claim that says the role at each login; empty: admins do here.")
    log_format: LogFormat = Field("text", description="Logs as `text` for people, or `json`, a line each.")
    demo: bool = Field(True, description="Submit a demo run when the store is empty.")
    allowed_hosts: tuple[str, ...] = Field(
        ("127.0.0.1", "localhost", "[::1]"), description="Host headers the web answers to."
    )

    url: str = Field(
        "", pattern=r"^(https?://\S+)?$", description="Address of the web, for links in messages it sends."
    )
    smtp_url: SecretStr = Field(SecretStr(""), description="smtp(s)://name:password@host:port that sends e-mail.")
    mail_from: str = Field("", description="Sender of e-mail, such as tickets@lab.example.")
    embed_in: tuple[Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]+)?$")], ...] = Field(
        (), description="Sites that may show reports in a frame, such as https://wiki.lab.example."
    )
    webhook_allow: tuple[str, ...] = Field((), description="Hosts of webhooks that may be inside the own network.")
    root_path: str = Field(
        "", pattern=r"^(/[A-Za-z0-9._~-]+)*$", description="Sub-path of another server that serves the pages."
    )

    @field_validator("root_path", mode="before")
    @classmethod
    def _without_last_slash(cls, root_path: object) -> object:
        return root_path.rstrip("/") if isinstance(root_path, str) else root_path

    @field_validator("oidc_issuer")
    @classmethod
    def _private(cls, issuer: str) -> str:
        if issuer and not is_private(issuer):
            raise ValueError("must begin with https://, or with http:// and the name of this machine")
        return issuer

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.oidc_issuer and not self.oidc_client_id:
            raise ValueError("TICKETSCOPE_OIDC_CLIENT_ID must be set with TICKETSCOPE_OIDC_ISSUER")
        return self

    @property
    def oidc_secret(self) -> str:
        """Return the secret that the login of the lab knows this server by. Raises OSError for a file that is none."""
        if self.oidc_client_secret_file is not None:
            return self.oidc_client_secret_file.read_text("utf-8").strip()
        return self.oidc_client_secret.get_secret_value()

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
