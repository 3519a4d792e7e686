"""What readers get from the store."""

from app.records.base import PRIORITIES, Priority, Queue, State
from app.records.board import GroupOfRuns, Groups, Page, Spread, View
from app.records.runs import ArtifactRef, EventRecord, Run, RunProgress, Shard
from app.records.series import Series
from app.records.sweeps import Member, Sweep, SweepPage, SweepState
from app.records.workers import Refusal, WorkerInfo, WorkerLoad

__all__ = [
    "PRIORITIES",
    "ArtifactRef",
    "EventRecord",
    "GroupOfRuns",
    "Groups",
    "Member",
    "Page",
    "Priority",
    "Queue",
    "Refusal",
    "Run",
    "RunProgress",
    "Series",
    "Shard",
    "Spread",
    "State",
    "Sweep",
    "SweepPage",
    "SweepState",
    "View",
    "WorkerInfo",
    "WorkerLoad",
]
