"""What is generated is what is checked in."""

import pytest

from tests.generated import FILES, ROOT


@pytest.mark.parametrize("path", FILES)
def test_a_generated_file_is_up_to_date(path: str) -> None:
    assert (ROOT / path).read_text() == FILES[path](), f"run `make generated` and look at the diff of {path}"
