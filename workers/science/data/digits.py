"""Digits: 1,797 handwritten digits of 8×8 that come with scikit-learn."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from workers.science.data.dataset import Dataset, DatasetError, assemble
from workers.science.data.files import read

MD5 = "a0339c30a8a5312a1b6f9e5c719dcce5"


def load(directory: Path, *, normalise: bool = False) -> Dataset:  # noqa: ARG001 (bundled: no directory is looked at)
    """Load the digits: 1,257 train, 180 validation and 360 test rows, pixels in sixteenths.

    The file is ordered by writer, so the last 360 rows are by writers never trained on. Dense networks reach 92–93 %
    there, where a random split gives 98 %. Raises `DatasetError`.
    Source: scikit-learn's copy of the test set of the UCI optical recognition of handwritten digits.
    """
    # scikit-learn is only located, not imported: `load_digits` takes a second to import and reads this very file.
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise DatasetError("the digits come with scikit-learn, which is not installed: pip install scikit-learn")
    path = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
    if not path.is_file():
        raise DatasetError(f"this scikit-learn has no {path}: install the version in constraints.txt")
    rows = np.loadtxt(read(path, MD5).decode("ascii").splitlines(), delimiter=",").astype(np.uint8)
    pictures, labels = rows[:, :-1].reshape(-1, 1, 8, 8), rows[:, -1]
    return assemble(
        "digits",
        (pictures[:-360], labels[:-360]),
        (pictures[-360:], labels[-360:]),
        n_validation=180,
        white=16,
        normalise=normalise,
    )
