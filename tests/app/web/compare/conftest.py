"""Three runs that differ in their optimizer, for what is asked of a comparison."""

import pytest

from tests.app.conftest import Hand

OPTIMIZERS = ("adam", "adam", "sgd")


@pytest.fixture
def runs(hand: Hand) -> list[str]:
    """Runs a and b of Adam and c of SGD, each of two replicates; tickets are 1 % worse in each next run."""
    ids = []
    for place, (name, optimizer) in enumerate(zip("abc", OPTIMIZERS, strict=True)):
        chosen = {"kind": optimizer, "lr": 0.01}
        run = hand.run(start=False, optimizer=chosen, levels=2, replicates=2, branches=[]).id
        hand.store.update_run(run, name=name)
        ids.append(run)
        for replicate in range(2):
            hand.begin(replicate)
            for level in range(3):
                hand.outcome(level, 0.5**level, 0.9 - place / 100 - level / 10)
    return ids
