"""Imported once by the fork server, so that every child starts with torch and the science in memory."""

import signal
from importlib import import_module

import workers.pinned  # (before torch is imported)
from app import garbage

garbage.postpone()

# A supervisor ends its children itself. A signal to the whole process group must not kill them half-way.
signal.signal(signal.SIGTERM, signal.SIG_IGN)

import workers.child  # noqa: E402, F401
from app.kinds.specs import EXPERIMENTS  # noqa: E402
from workers import machine, numerics  # noqa: E402
from workers.science.optim.eager import leave_out_the_compiler  # noqa: E402

for entry in EXPERIMENTS.values():
    import_module(entry.target.partition(":")[0])
numerics.pin()
leave_out_the_compiler()
# Of the sources and packages as they were just read: they may change while children are forked.
machine.code()
machine.versions()
machine.packages()

garbage.freeze()
