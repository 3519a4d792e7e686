"""From which density down does the ticket beat a control? Made from the same intervals as the verdict."""

from collections.abc import Sequence
from typing import NamedTuple

from app.contract.words import plural
from app.plotting import words
from app.plotting.intervals import Paired, Terms
from app.plotting.replicates import Curve
from app.plotting.style import LOOKS
from app.plotting.verdict import lost
from app.records import Series


class Advantage(NamedTuple):
    """Where the ticket is better than the control `control`: the interval of the difference lies above 0.

    Of the `tested` levels, `levels` are those from the sparsest up to the first that is not better, densest first, with
    their `densities`. `low` and `high` are the least and the largest mean difference there, in [0, 1]. `fewest` and
    `most` are the replicates behind them, or behind all tested levels where there are none. `others` counts denser
    levels where it is better too, `worse` those whose interval lies below 0.
    """

    control: str
    terms: Terms
    tested: int
    levels: tuple[int, ...]
    densities: tuple[float, ...]
    low: float
    high: float
    fewest: int
    most: int
    others: int
    worse: int

    def sentence(self) -> str:
        """Return the finding in words, with the sizes of the differences, n and the kind of the intervals.

        Without its full stop.
        """
        control = LOOKS[self.control].label
        about = f"({self.n}, {self.terms.kind} 95 % intervals)"
        worse = f"; it is worse at {plural(self.worse, 'level')}" if self.worse else ""
        denser = f"; it is better at {plural(self.others, 'denser level')}" if self.others else ""
        if not self.densities:
            where = "at the sparsest level" if self.others or self.worse else "at any density tested"
            return f"The ticket is not shown to beat {control} {where} {about}{denser}{worse}"
        low, high = (words.points(item).removeprefix("+") for item in (self.low, self.high))
        by = low if low == high else f"{low} to {high}"
        density = f"{words.density(self.densities[0])} of the weights"
        where = f"from {density} down" if len(self.densities) > 1 else f"at {density}, the sparsest level tested"
        return f"The ticket beats {control} {where}, by {by} points {about}{denser}{worse}"

    @property
    def n(self) -> str:
        """Return "n = 5", or "n = 3 to 5" where levels differ."""
        return f"n = {self.fewest}" if self.fewest == self.most else f"n = {self.fewest} to {self.most}"

    def short(self) -> str:
        """Return the same in few words, e.g. "better than random reinit from 7.3 % down (n = 5)".

        Empty where it is not.
        """
        if not self.levels:
            return ""
        return f"better than {LOOKS[self.control].label} from {words.density(self.densities[0])} down ({self.n})"


def advantage(outcome: Series, ticket: Curve, differences: Sequence[Paired], terms: Terms) -> Advantage | None:
    """Return from where a ticket beats one control, by its differences, one per pruned level, densest first.

    None without interval.
    """
    tested = [difference for difference in differences if difference.tested]
    if not tested:
        return None
    better = [pair.low > 0 and not lost(outcome, ticket, pair.level) for pair in tested]
    first = len(better)
    while first and better[first - 1]:
        first -= 1
    cited = tested[first:] or tested
    return Advantage(
        control=tested[0].control,
        terms=terms,
        tested=len(tested),
        levels=tuple(pair.level for pair in tested[first:]),
        densities=tuple(float(ticket.density[ticket.levels == pair.level][0]) for pair in tested[first:]),
        low=min(pair.mean for pair in cited),
        high=max(pair.mean for pair in cited),
        fewest=min(pair.n for pair in cited),
        most=max(pair.n for pair in cited),
        others=sum(better[:first]),
        worse=sum(pair.high < 0 for pair in tested),
    )
