"""Imported once by the fork server, so that every child starts with torch and the science in memory."""

import gc
import os
import signal

# Before torch is imported. One process per core with one thread each beats one process with many, and the thread
# count is part of the numbers: Conv-2 differs between one and two.
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
# cuBLAS is deterministic only with a fixed workspace.
os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
# A supervisor ends its children itself. A signal to the whole process group must not kill them half-way.
signal.signal(signal.SIGTERM, signal.SIG_IGN)

import workers.child  # noqa: E402
import workers.science.experiments.erasure  # noqa: E402
import workers.science.experiments.hardware  # noqa: E402
import workers.science.experiments.lottery  # noqa: E402
import workers.science.experiments.stable_rank  # noqa: E402, F401
from workers import numerics  # noqa: E402

# Asking torch for determinism imports its compiler's settings, which takes a second or two.
numerics.pin()

gc.collect()
gc.freeze()
