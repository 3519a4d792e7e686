"""How columns lie as pictures: what the run tells, what is assumed, and what is no picture."""

import pytest

from app.plotting.tickets.input_view import View, view_of
from app.plotting.tickets.pyramid_view import Layer


@pytest.mark.parametrize(
    ("shape", "told", "expected"),
    [
        ((300, 64), [1, 8, 8], View((1, 8, 8), kernel=False, added=True)),
        ((10, 24), [2, 3, 4], View((2, 3, 4), kernel=False, added=True)),
        ((300, 784), None, View((1, 28, 28), kernel=False, added=True, note="assumed 28×28")),
        ((10, 3072), None, View((3, 32, 32), kernel=False, added=True, note="assumed 3×32×32")),
        # What is told does not fit this layer.
        ((300, 64), [1, 28, 28], View((1, 8, 8), kernel=False, added=True, note="assumed 8×8")),
        # An example is a text: 64 of them are no picture.
        ((300, 64), [64], None),
        ((10, 100, 1, 1), None, View((100, 1, 1), kernel=True, added=True)),
        ((64, 3, 5, 3), [3, 32, 32], View((3, 5, 3), kernel=True, added=False)),
        ((64, 2, 7), None, View((2, 1, 7), kernel=True, added=False)),
        ((64, 4, 2, 3, 3), None, View((4, 6, 3), kernel=True, added=True)),
        ((10, 101), None, None),
        ((10, 1), None, None),
        ((10, 3), None, None),
        ((10, 101), [1, 10, 10], None),
    ],
)
def test_view(shape: tuple[int, ...], told: list[int] | None, expected: View | None) -> None:
    assert view_of(Layer("one", shape), told) == expected


def test_pictures_of_a_level_and_their_cells() -> None:
    colour = View((3, 5, 5), kernel=True, added=False)
    assert (colour.rows, colour.cell) == (3, "kernel position")
    assert (colour._replace(added=True).rows, colour._replace(kernel=False).cell) == (1, "pixel")
