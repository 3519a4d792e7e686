"""Environment that decides bits and must be set before torch is imported: import this first."""

import os

# One process per core with one thread each beats one process with many, and the thread count is part of the numbers:
# Conv-2 differs between one and two.
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
# cuBLAS is deterministic only with a fixed workspace.
os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
