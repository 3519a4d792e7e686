"""Initial states in any order: derived when they are asked for, each once, and kept no longer."""

from collections.abc import Iterator

import pytest

from app.kinds.lottery.spec import LotteryKey
from workers.science.controls.context import InitialState
from workers.science.experiments.initial_states import InitialStates

PLACES = [LotteryKey(level=1, control="reinit", draw=draw) for draw in range(4)]


def test_they_are_derived_when_they_are_needed_and_no_draw_is_lost() -> None:
    derived: list[int] = []

    def made() -> Iterator[tuple[LotteryKey, InitialState]]:
        for key in PLACES:
            derived.append(key.draw)
            yield key, InitialState({}, {})

    states = InitialStates(made(), lambda key: key != PLACES[0])
    assert derived == []
    second = states.of(PLACES[2])
    assert derived == [0, 1, 2]
    first = states.of(PLACES[1])
    assert derived == [0, 1, 2]
    assert first is not second
    states.of(PLACES[3])
    for gone in (PLACES[0], PLACES[2], LotteryKey(level=2)):
        with pytest.raises(KeyError):
            states.of(gone)
