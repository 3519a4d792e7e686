"""Films of several erasure runs on one slider: an optimizer in each row, its trainings of every run side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from app.contract.words import plural
from app.kinds.erasure.figures.trainings import two_level
from app.kinds.erasure.film.reader import Index, film_reader
from app.kinds.erasure.film.strips import Strip, fate, label, strips
from app.kinds.erasure.film.wall import SHOWS
from app.kinds.erasure.key import Cell
from app.plotting import words
from app.records import Run
from app.store.reads import Reads

MOST = 48
"""Films of an optimizer that are shown."""
SIDE = 128
"""Pixels of a frame."""

QUERY = ("width", "replicate", "show", "at")
"""Names in an address: which films are shown, of what, and the step that they are at."""


@dataclass(frozen=True)
class ComparedFilm:
    """One training of a run: what it is, how far it has come in words, and addresses of its frames.

    `still` is its last frame, `strip` all of them side by side, `csv` their measures; empty while there is no frame.
    """

    run: str
    name: str
    replicate: int
    cell: Cell
    lr: str
    end: str
    still: str
    strip: str
    csv: str


@dataclass(frozen=True)
class FilmRow:
    """The trainings of one optimizer, by learning rate, then in the order of the runs."""

    label: str
    films: tuple[ComparedFilm, ...]


@dataclass(frozen=True)
class ComparedFilms:
    """Rows of films and a sentence on what they show; `width` is 0 for the first one of each run."""

    sentence: str
    rows: tuple[FilmRow, ...]
    width: int
    widths: tuple[int, ...]
    replicate: int
    replicates: tuple[int, ...]
    show: str
    shows: tuple[tuple[str, str], ...] = SHOWS
    side: int = SIDE


def films(store: Reads, runs: Sequence[Run], query: Mapping[str, str]) -> ComparedFilms:
    """Return the films of one replicate and width of each run, with the picture; what no run has is not requested."""
    film = film_reader(store)
    indices = [film.index(run.id) for run in runs]
    widths = sorted({width for index in indices for width in index.spec.widths})
    replicates = range(max((index.spec.replicates for index in indices), default=1))
    width, replicate = _one(query.get("width"), widths), _one(query.get("replicate"), replicates)
    show = query["show"] if query.get("show") in dict(SHOWS) else SHOWS[0][0]
    rows: dict[str, list[ComparedFilm]] = {}
    left_out = []
    for index in indices:
        wide = width or index.spec.widths[0]
        if wide not in index.spec.widths or replicate >= index.spec.replicates:
            left_out.append(index.run.name)
            continue
        for strip in strips(film, index, replicate):
            if strip.cell.marked and strip.cell.width == wide:
                rows.setdefault(strip.cell.optimizer, []).append(_film(index, replicate, strip, show))
    for films_of in rows.values():
        films_of.sort(key=lambda one: one.cell.lr)
    # An optimizer that several runs have comes before one that cannot be compared.
    order = sorted(rows, key=lambda name: -len({one.run for one in rows[name]}))
    return ComparedFilms(
        _sentence(len(indices) - len(left_out), width, replicate, left_out, rows) + _unknown(query, widths, replicates),
        tuple(FilmRow(label(name), tuple(rows[name][:MOST])) for name in order),
        width, tuple(widths), replicate, tuple(replicates), show,
    )  # fmt: skip


def _sentence(
    there: int, width: int, replicate: int, left_out: Sequence[str], rows: Mapping[str, Sequence[ComparedFilm]]
) -> str:
    at = f"width {width:,}" if width else "the first width of each run"
    which = f"replicate {replicate}, {at}"
    missing = ""
    if left_out:
        names = ", ".join(left_out[:3]) + (f" and {len(left_out) - 3} others" if len(left_out) > 3 else "")
        missing = f" Without such a training: {names}."
    more = sum(max(0, len(row) - MOST) for row in rows.values())
    further = f" {plural(more, 'further training')} left out." if more else ""
    return (
        f"The matrix of {plural(there, 'run')} while it is trained: {which}. Each run has the colour scale of its own "
        f"film.{missing}{further}"
    )


def _unknown(query: Mapping[str, str], widths: Sequence[int], replicates: Sequence[int]) -> str:
    """Return what of an address none of these runs has, in sentences."""
    known = {"width": list(map(str, widths)), "replicate": list(map(str, replicates)), "show": list(dict(SHOWS))}
    bad = [name for name, values in known.items() if query.get(name) and query[name] not in values]
    return "".join(f" The {name} that the link names is not there: it can be {', '.join(known[name])}." for name in bad)


def _film(index: Index, replicate: int, strip: Strip, show: str) -> ComparedFilm:
    run, cell = index.run, strip.cell
    query = {"replicate": replicate, **cell._asdict(), "lr": repr(cell.lr), "show": show, "size": SIDE}
    address = f"/api/v1/runs/{run.id}/film"
    there = bool(strip.frames)
    still = urlencode({**query, "step": strip.frames[-1].step}) if there else ""
    return ComparedFilm(
        run=run.id,
        name=run.name,
        replicate=replicate,
        cell=cell,
        lr=words.brief(cell.lr),
        end=_end(run, strip),
        still=f"{address}/frame?{still}" if there else "",
        strip=f"{address}/export?{urlencode({**query, 'format': 'png'})}" if there else "",
        csv=f"{address}/export?{urlencode({**query, 'format': 'csv'})}" if there else "",
    )


def _end(run: Run, strip: Strip) -> str:
    if strip.diverged_step is not None:
        return f"diverged at step {strip.diverged_step:,}"
    if not strip.frames:
        return "waiting" if strip.state in ("waiting", "running") else "never trained"
    last = strip.frames[-1]
    texts = [f"step {last.step:,}"]
    if "test_accuracy" in last.measures:
        texts.append(f"test accuracy {words.accuracy(last.measures['test_accuracy'])}")
    seen = fate(last.measures, two_level=two_level(run))
    return ", ".join([*texts, *([f"picture {seen}"] if seen else [])])


def _one(choice: str | None, there: Sequence[int]) -> int:
    text = choice or ""
    number = int(text) if text.isdecimal() and text.isascii() and len(text) < 8 else 0
    return number if number in there else 0
