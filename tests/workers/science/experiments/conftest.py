"""A small network for tests whose assertion is equality, which holds of any size."""

from collections.abc import Iterator

import pytest

from tests.workers.science.models import narrow as small
from workers.science.models import lenet_300_100


@pytest.fixture(scope="module")
def narrow() -> Iterator[None]:
    """Give LeNet-300-100 narrow layers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lenet_300_100, "build", small.build)
        yield
