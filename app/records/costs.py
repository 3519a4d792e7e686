"""What runs have cost, by person, project, month or run."""

from typing import Literal, TypeAlias

from pydantic import Field

from app.records.base import Record

CostGroup: TypeAlias = Literal["person", "project", "month", "run"]
CostSort: TypeAlias = Literal["hours", "core", "gpu", "disk"]


class Cost(Record):
    """Hours on slots of CPU and GPU workers, and bytes of artifacts."""

    runs: int
    core_hours: float
    gpu_hours: float
    unknown_hours: float = Field(description="Hours on slots whose kind of device was not recorded.")
    disk_bytes: int = Field(description="Bytes of artifacts; a file that several runs share counts once.")


class CostRow(Cost):
    """The cost of one group; `key` is an id, a month as 2026-12, or empty for nobody or no project."""

    key: str
    name: str
    owner: str | None = Field(default=None, description="Of a run: who owns it.")
    binned: bool = Field(default=False, description="Of a run: it is in the bin.")


class Costs(Record):
    """The most expensive groups, all others together as `rest`, and the total.

    The rows and the rest sum to the total, but have `shared_bytes` more of disk, as several may have the same file.
    """

    group: CostGroup
    rows: tuple[CostRow, ...]
    rest_groups: int
    rest: Cost
    total: Cost
    shared_bytes: int
