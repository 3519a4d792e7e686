"""Where benchmarks find data sets: the folder that the environment names, else the one next to the project."""

import os
from pathlib import Path

DATASETS_DIR = Path(os.environ.get("TICKETSCOPE_DATASETS_DIR", Path(__file__).parents[2] / "shared" / "data"))
