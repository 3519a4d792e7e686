"""Films of several erasure runs as strips: an optimizer in each row, its trainings of every run side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from app.contract.words import plural
from app.kinds.erasure.figures.trainings import two_level
from app.kinds.erasure.film.reader import film_reader
from app.kinds.erasure.film.strips import Strip, fate, label, strips
from app.plotting import words
from app.records import Run
from app.store.reads import Reads

MOST = 48
"""Strips of an optimizer that are shown."""
_SIDE = 96


@dataclass(frozen=True)
class ComparedStrip:
    """One training: what it is of, how it ended in words, and the addresses of its frames as a strip and as numbers.

    The addresses are empty while there is no frame.
    """

    run: str
    name: str
    what: str
    end: str
    strip: str
    csv: str


@dataclass(frozen=True)
class StripRow:
    """The trainings of one optimizer, run by run."""

    label: str
    strips: tuple[ComparedStrip, ...]


@dataclass(frozen=True)
class ComparedFilms:
    """Rows of strips and a sentence on what they show."""

    sentence: str
    rows: tuple[StripRow, ...]


def films(store: Reads, runs: Sequence[Run]) -> ComparedFilms:
    """Return the films of the first replicate and width of each run, with the picture."""
    film = film_reader(store)
    rows: dict[str, list[ComparedStrip]] = {}
    for run in runs:
        index = film.index(run.id)
        for strip in strips(film, index, 0):
            if strip.cell.marked and strip.cell.width == index.spec.widths[0]:
                rows.setdefault(strip.cell.optimizer, []).append(_strip(run, strip))
    left = sum(max(0, len(row) - MOST) for row in rows.values())
    more = f" {plural(left, 'further training')} left out." if left else ""
    # An optimizer that several runs have comes before one that cannot be compared.
    order = sorted(rows, key=lambda name: -len({row.run for row in rows[name]}))
    return ComparedFilms(
        f"The matrix of {plural(len(runs), 'run')} from the first step to the last, replicate 0 at the first width of "
        f"each run, an optimizer in each row; colours end where those of the film of that run do.{more}",
        tuple(StripRow(label(name), tuple(rows[name][:MOST])) for name in order),
    )  # fmt: skip


def _strip(run: Run, strip: Strip) -> ComparedStrip:
    cell = strip.cell
    query = {"replicate": 0, "width": cell.width, "image": cell.image, "optimizer": cell.optimizer, "lr": repr(cell.lr)}
    address = f"/api/v1/runs/{run.id}/film/export?{urlencode(query)}"
    there = bool(strip.frames)
    return ComparedStrip(
        run=run.id,
        name=f"{run.name} ({run.id})",
        what=f"lr {words.brief(cell.lr)}, width {cell.width:,}",
        end=_end(run, strip),
        strip=f"{address}&format=png&size={_SIDE}" if there else "",
        csv=f"{address}&format=csv" if there else "",
    )


def _end(run: Run, strip: Strip) -> str:
    if strip.diverged_step is not None:
        return f"diverged at step {strip.diverged_step:,}"
    if not strip.frames:
        return "no frame yet" if strip.state in ("waiting", "running") else "not trained"
    last = strip.frames[-1]
    found = [f"step {last.step:,}"]
    if "test_accuracy" in last.measures:
        found.append(f"test accuracy {words.accuracy(last.measures['test_accuracy'])}")
    seen = fate(last.measures, two_level=two_level(run))
    return ", ".join([*found, *([f"picture {seen}"] if seen else [])])
