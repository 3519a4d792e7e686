"""How numbers and findings are written: the same everywhere, with a true minus sign."""

import math
from collections.abc import Iterable
from typing import NamedTuple

from app.contract.words import plural

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Part(NamedTuple):
    """A piece of a finding; `role` is the curve whose colour it takes, if any."""

    text: str
    role: str | None = None


def glued(part: Part) -> Part:
    """Return it with no line broken between a number and its spread or its per cent."""
    return part._replace(
        text=part.text.replace(" ± ", "\u00a0±\u00a0").replace(" %", "\u00a0%").replace(" × 10", "\u00a0×\u00a010")
    )


def significant(value: float, digits: int = 3) -> str:
    """Return `value` with that many significant digits. From 0.0001 to 100,000 it is in plain decimals with all of its
    whole digits, else times a power of ten."""
    if not math.isfinite(value) or value == 0:
        return "0" if value == 0 else "not finite"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    power = int(exponent)
    if not -4 <= power < 5:
        return times_power(mantissa, power)
    return f"{value:,.{max(0, digits - 1 - power)}f}".replace("-", "−")


def times_power(mantissa: str, power: int) -> str:
    """Return a number of any size as it is printed, e.g. "1.19 × 10¹¹"."""
    return f"{mantissa} × 10".replace("-", "−") + str(power).translate(_RAISED)


def brief(value: float, digits: int = 3) -> str:
    """Return the same without trailing zeros, as on axes: 0.0500 → "0.05", 2e-7 → "2 × 10⁻⁷", 1e-7 → "10⁻⁷"."""
    mantissa, times, power = significant(value, digits).partition(" × ")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return power if times and mantissa == "1" else f"{mantissa}{times}{power}"


def ending(left_out: int, noun: str) -> str:
    """Return the end of a list with semicolons of which so many are left out: "; and 2 other optimizers." """
    return f"; and {plural(left_out, f'other {noun}')}." if left_out > 0 else "."


def density(share: float) -> str:
    """Return a density as its percentage, e.g. 0.173 → "17.3 %", 0.0094 → "0.94 %", 1.0 → "100 %"."""
    percentage = 100 * share
    if percentage >= 99.95:
        return "100 %"
    if percentage >= 1:
        return f"{percentage:.1f} %"
    return f"{significant(percentage, 2)} %"


def accuracy(share: float) -> str:
    """Return an accuracy in [0, 1] as its percentage with one decimal."""
    return f"{100 * share:.1f} %"


def points(difference: float) -> str:
    """Return a difference of accuracies in percentage points, signed: −0.0005 → "−0.05"."""
    written = f"{100 * difference:+.2f}"
    return "0.00" if written in ("+0.00", "-0.00") else written.replace("-", "−")


def count(number: float) -> str:
    """Return a whole number with its thousands set apart."""
    return f"{round(number):,}"


def average(number: float) -> str:
    """Return a mean of counts: whole where it is, else with two or three digits; 0.02 is "fewer than 0.1"."""
    if number == round(number) or number >= 1000:
        return count(number)
    return "fewer than 0.1" if number < 0.1 else significant(number, 3 if number >= 10 else 2)


def replicates(counts: Iterable[int]) -> str:
    """Return "3 replicates" or "1 to 3 replicates" from how many are behind each mean; a mean of none is left out."""
    there = [count for count in counts if count]
    least, most = min(there, default=0), max(there, default=0)
    return plural(most, "replicate") if least == most else f"{least} to {most} replicates"


def by_level(counts: Iterable[int]) -> str:
    """Return the same of counts that may differ from level to level: "1 to 3 replicates by level"."""
    text = replicates(counts)
    return f"{text} by level" if " to " in text else text


def listed(groups: list[list[Part]], last: str = ", ") -> list[Part]:
    """Return groups of parts joined by commas, the last by `last`."""
    joined: list[Part] = []
    for position, group in enumerate(groups):
        if position:
            joined.append(Part(last if position == len(groups) - 1 else ", "))
        joined.extend(group)
    return joined


def text(parts: tuple[Part, ...]) -> str:
    """Return the finding as one plain sentence."""
    return "".join(part.text for part in parts)
