"""Does the ticket match the dense network? The verdict, from paired differences by replicate."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from app.contract.events import WINNING_TICKET
from app.contract.words import plural
from app.plotting import words
from app.plotting.intervals import Paired, Terms, by_level, written
from app.plotting.replicates import Curve, curve, present
from app.plotting.style import DENSE
from app.records import Series


class Verdict(NamedTuple):
    """The lowest density at which the ticket matches dense: the interval of the difference lies above −`terms.bound`.

    `level` and `density` are None when it matches nowhere or nothing is known; `difference` is at that level.
    `n` counts replicates at that level, or the most at any pruned level. `gaps` counts denser levels that do not
    match. `tested` counts levels with an interval, `unsure` those whose interval holds −`terms.bound`, where more
    replicates could decide. `worst` and `best` are the least and the largest mean difference of the levels with an
    interval, None without any. A level matches nowhere where a replicate is missing because it diverged there or
    before.
    """

    terms: Terms
    level: int | None = None
    density: float | None = None
    difference: Paired | None = None
    n: int = 0
    tested: int = 0
    gaps: int = 0
    unsure: int = 0
    worst: float | None = None
    best: float | None = None

    def sentence(self) -> str:
        """Return the verdict in words, with difference, interval, n, bound and how the density was chosen."""
        bound = f"bound {words.points(-self.terms.bound).rstrip('0').rstrip('.')}"
        if self.difference is not None and self.density is not None:
            gaps = f", though not at {plural(self.gaps, 'denser level')}" if self.gaps else ""
            return (
                f"Matches dense down to {words.density(self.density)} of the weights: "
                f"{written(self.difference, self.terms.kind)}, n = {self.n} ({bound}){gaps}{self._chosen()}"
            )
        if self.tested and self.worst is not None and self.best is not None:
            about = f"n = {self.n}, {bound}, {self.terms.kind} 95 % intervals"
            if not self.unsure and self.best < -self.terms.bound:
                return f"Loses more than the bound at {_of_all(self.tested)}: {_span(self.worst, self.best)} ({about})"
            unsure = f"; at {self.unsure} of {plural(self.tested, 'level')} the interval is too wide to decide"
            return f"Not shown to match dense at any density tested ({about}){unsure if self.unsure else ''}"
        return "n = 1: no interval" if self.n == 1 else "No verdict yet: no pruned network is trained to its end"

    def _chosen(self) -> str:
        if self.tested < 2:
            return ""
        allowed = "allow" if self.terms.kind == "simultaneous" else "do not allow"
        levels = f"{self.tested} levels, for which these intervals {allowed}"
        return f". The density is chosen on test accuracy among {levels}"


def _of_all(tested: int) -> str:
    return "the one pruned level tested" if tested == 1 else f"all {tested} pruned levels tested"


def _span(low: float, high: float) -> str:
    low_text, high_text = words.points(low), words.points(high)
    return f"{low_text} points" if low_text == high_text else f"{low_text} to {high_text} points"


def verdict(outcome: Series | None, terms: Terms) -> Verdict:
    """Return the verdict on what is measured so far."""
    if outcome is None or WINNING_TICKET not in present(outcome):
        return Verdict(terms)
    ticket = curve(outcome, "test_accuracy", WINNING_TICKET)
    return judged(outcome, ticket, by_level(ticket, ticket, DENSE, terms), terms)


def judged(outcome: Series, ticket: Curve, differences: Sequence[Paired], terms: Terms) -> Verdict:
    """Return the verdict on the differences of the ticket to dense, one per pruned level, densest first."""
    tested = [difference for difference in differences if difference.tested]
    matches = [difference.low > -terms.bound and not lost(outcome, ticket, difference.level) for difference in tested]
    statement = Verdict(
        terms,
        n=max((difference.n for difference in differences), default=0),
        tested=len(tested),
        unsure=sum(difference.low <= -terms.bound <= difference.high for difference in tested),
        worst=min((difference.mean for difference in tested), default=None),
        best=max((difference.mean for difference in tested), default=None),
    )
    if not any(matches):
        return statement
    last = max(index for index, match in enumerate(matches) if match)
    lowest = tested[last]
    density = float(ticket.density[ticket.levels == lowest.level][0])
    return statement._replace(
        level=lowest.level, density=density, difference=lowest, n=lowest.n, gaps=matches[:last].count(False)
    )


def lost(outcome: Series, ticket: Curve, level: int) -> set[int]:
    """Return replicates whose ticket diverged at `level` or before and so cannot be compared there.

    Those that are left were selected by their outcome; they are no sample of what the procedure gives.
    """
    diverged = (
        (outcome.controls == WINNING_TICKET) & np.isfinite(outcome["diverged_step"]) & (outcome["level"] <= level)
    )
    compared = ticket.at(level).keys() & ticket.at(0).keys()
    return {int(replicate) for replicate in outcome["replicate"][diverged]} - compared
