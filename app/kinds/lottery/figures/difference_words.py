"""Differences to a baseline in words: where a line is better or worse, by how much, and how it was compared."""

from collections.abc import Sequence

from app.contract.words import plural
from app.plotting import words
from app.plotting.differences import Against, Difference, Word
from app.plotting.intervals import Terms
from app.plotting.words import Part

MOST_SENTENCES = 6
"""Lines of which a sentence says where they differ."""


def sentence(line: Against, terms: Terms) -> list[Part]:
    """Return such as "b is better at 3 of 5 densities, by 0.40 to 1.20 points (5 pairs)"."""
    name = Part(line.name, line.role)
    if not line.differences:
        return [name, Part(f" {line.why or 'has no replicate of the same seed there'}")]
    tested = [one for one in line.differences if one.word not in ("no interval", "replicates diverged")]
    broken = sum(one.word == "replicates diverged" for one in line.differences)
    lost = f"; at {plural(broken, 'density', 'densities')} replicates diverged" if broken else ""
    if not tested:
        last = line.differences[-1]
        if broken:
            return [name, Part(f" cannot be judged: replicates diverged ({_who(line, line.differences)})")]
        at = f" at {words.density(last.density)} differs by "
        return [name, Part(at), Part(words.points(last.mean), line.role), Part(f" points ({_who(line, [last])}: no "
                "interval)")]  # fmt: skip
    better, worse, matches = (_of(tested, word) for word in ("better", "worse", "matches"))
    of = f"of {plural(len(tested), 'density', 'densities')}"
    statements = [
        f"{word} at {len(levels)} {of}, by {_by(levels)} points"
        for word, levels in (("better", better), ("worse", worse))
        if levels
    ]
    who = f"({_who(line, tested)}){lost}"
    if statements:
        return [name, Part(f" is {' and '.join(statements)} {who}")]
    at = "at the one density tested" if len(tested) == 1 else f"at any of {len(tested)} densities"
    if {one.density for one in line.differences} == {1.0}:
        at = "while dense, and no pruned density is in common"
    bound = words.points(terms.bound).removeprefix("+").rstrip("0").rstrip(".")
    held = f", and loses less than {bound} points at {len(matches)}" if matches else ""
    return [name, Part(f" is not shown to differ {at}{held} {who}")]


def _of(differences: Sequence[Difference], word: Word) -> list[Difference]:
    return [one for one in differences if one.word == word]


def _by(differences: Sequence[Difference]) -> str:
    sizes = sorted(abs(one.mean) for one in differences)
    low, high = (words.points(size).removeprefix("+") for size in (sizes[0], sizes[-1]))
    return low if low == high else f"{low} to {high}"


def _who(line: Against, differences: Sequence[Difference]) -> str:
    mine, theirs = _span([one.n for one in differences]), _span([one.n_baseline for one in differences])
    runs = f" of {plural(line.runs, 'run')}" if line.runs > 1 else ""
    return f"n = {mine} pairs by seed{runs}" if line.paired else f"n = {mine}{runs} against {theirs}, unpaired"


def _span(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low}" if low == high else f"{low} to {high}"


def foot(lines: Sequence[Against], terms: Terms, *, bands: bool) -> str:
    """Return what the bands are, how replicates are paired and what counts as matching."""
    if not lines:
        return "n = 0"
    over = "over the densities of a line" if terms.kind == "simultaneous" else "each density alone"
    about = f"{terms.kind} 95 % intervals, {over}"
    ways = {line.paired for line in lines}
    paired = "replicates paired by seed, Student's t" if True in ways else ""
    apart = "without shared seeds unpaired, Welch's t" if False in ways else ""
    example = f"standard deviation at least one test example ({words.significant(100 * terms.step, 2)} points)"
    return " · ".join(
        item for item in (
            f"n = {_span([one.n for line in lines for one in line.differences])}",
            f"bands = {about}" if bands else f"bands left out of more than 8 lines; {about}",
            paired, apart, "runs of one seed are averaged", example, "filled markers: the interval excludes 0",
            f"dotted: the bound, {words.points(-terms.bound)} points",
        ) if item
    )  # fmt: skip
