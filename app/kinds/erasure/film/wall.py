"""The film wall of an erasure run in words: optimizers down, learning rates across, each training's last frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from app.contract.words import plural
from app.kinds.erasure.figures.trainings import ERASED, two_level
from app.kinds.erasure.film.reader import film_reader
from app.kinds.erasure.film.strips import Strip, fate, label, strips
from app.kinds.erasure.key import IMAGES, Cell, Image
from app.plotting import words
from app.records import Run
from app.store.reads import Reads

SHOWS = (("weights", "W"), ("movement", "ΔW"))
SCALES = (("fixed", "one for all frames"), ("frame", "one per frame"))
ALIGNS = (("step", "step"), ("loss", "loss"), ("movement", "‖ΔW‖"))
# The pixels of a requested picture, and the least share of its width that a flat matrix is as high as.
_SIZE = 256
_FLATTEST = 0.5


@dataclass(frozen=True)
class Shot:
    """One training on the wall as far as it has come; `over` is why there is no picture, empty where there is one.

    `image` is what its weights started with; `picture` is the address of its last frame.
    """

    image: Image
    over: str
    picture: str
    words: str
    step: str
    accuracy: str
    measure: str
    seen: str
    fate: str


@dataclass(frozen=True)
class Pair:
    """A learning rate of an optimizer: the training with the picture and, if chosen, its twin without."""

    lr: float
    words: str
    shots: tuple[Shot, ...]


@dataclass(frozen=True)
class Row:
    """An optimizer over its learning rates."""

    optimizer: str
    label: str
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class FilmPage:
    """All that the template of the wall shows; `high` and `wide` are the pixels of a picture, `many` its class."""

    run: str
    replicate: int
    replicates: tuple[int, ...]
    width: int
    widths: tuple[int, ...]
    show: str
    scale: str
    align: str
    twins: bool
    large: bool
    has_twins: bool
    sentence: str
    shape: str
    high: int
    wide: int
    many: str
    rows: tuple[Row, ...]
    shows: tuple[tuple[str, str], ...] = SHOWS
    scales: tuple[tuple[str, str], ...] = SCALES
    aligns: tuple[tuple[str, str], ...] = ALIGNS


def film_page(store: Reads, run: Run, query: Mapping[str, str]) -> FilmPage:
    """Return the page's words; a choice in the address that the run does not have is ignored."""
    film = film_reader(store)
    index = film.index(run.id)
    spec = index.spec
    replicate = _one(query.get("replicate"), range(spec.replicates), 0)
    width = _one(query.get("width"), spec.widths, spec.widths[0])
    show, scale, align = (
        query[name] if query.get(name) in dict(known) else known[0][0]
        for name, known in (("show", SHOWS), ("scale", SCALES), ("align", ALIGNS))
    )
    all_strips = strips(film, index, replicate)
    here = {strip.cell: strip for strip in all_strips if strip.cell.width == width}
    ink = two_level(run)
    high, wide = spec.matrix(width)
    most = max(len(grid.lrs) for grid in spec.optimizers)
    shots = _Shots(run.id, replicate, show, scale, ink)
    return FilmPage(
        run=run.id,
        replicate=replicate,
        replicates=tuple(range(spec.replicates)),
        width=width,
        widths=spec.widths,
        show=show,
        scale=scale,
        align=align,
        twins=spec.twins and query.get("twins") == "1",
        large=query.get("large") == "1",
        has_twins=spec.twins,
        sentence=_sentence(list(here.values()), replicate, ink=ink),
        shape=f"{high:,} × {wide:,}",
        high=_pixels(high, wide),
        wide=_pixels(wide, high),
        many="few" if most <= 3 else "some" if most <= 6 else "many",
        rows=tuple(
            Row(
                grid.kind,
                label(grid.kind),
                tuple(
                    Pair(
                        lr,
                        words.brief(lr),
                        tuple(
                            shots.of(here[cell])
                            for cell in (Cell(width, image, grid.kind, lr) for image in IMAGES)
                            if cell in here
                        ),
                    )
                    # From left to right as on an axis, in whichever order they were submitted or added.
                    for lr in sorted(grid.lrs)
                ),
            )
            for grid in spec.optimizers
        ),
    )


@dataclass(frozen=True)
class _Shots:
    """Makes the words of trainings that are shown in one way."""

    run: str
    replicate: int
    show: str
    scale: str
    ink: bool

    def of(self, strip: Strip) -> Shot:
        """Return one training at its last frame."""
        last = strip.frames[-1] if strip.frames else None
        accuracy = words.accuracy(last.measures["test_accuracy"]) if last and "test_accuracy" in last.measures else ""
        measure, seen, fates = "", "" if strip.cell.marked else "twin", ""
        if last is not None and strip.cell.marked and "visibility" in last.measures:
            fates = fate(last.measures, two_level=self.ink) or ""
            measure = "AUC " if self.ink else "ρ "
            seen = f"{last.measures['visibility']:.2f}".replace("-", "−")
            seen += "" if fates == "visible" else f" · {fates}"
        over, twin = "", "" if strip.cell.marked else ", twin without the picture"
        if strip.state == "diverged":
            over = f"diverged at step {strip.diverged_step:,}"
        elif last is None:
            over = "never trained" if strip.state == "stopped" else "waiting"
        return Shot(
            image=strip.cell.image,
            over=over,
            picture="" if over or last is None else self._address(strip, last.step),
            words=f"{strip.label}, lr {words.brief(strip.cell.lr)}{twin}",
            step=f"step {last.step:,}" if last and not over else "",
            accuracy=accuracy if not over else "",
            measure=measure if not over else "",
            seen=seen if not over else "",
            fate=fates if not over else "",
        )

    def _address(self, strip: Strip, step: int) -> str:
        query = {
            "replicate": self.replicate, **strip.cell._asdict(), "step": step, "show": self.show, "scale": self.scale,
            "size": _SIZE,
        }  # fmt: skip
        return f"/api/v1/runs/{self.run}/film/frame?{urlencode(query)}"


def _pixels(side: int, other: int) -> int:
    """Return the pixels of one side of the picture: a flat matrix is stretched, or nothing could be seen."""
    return round(_SIZE * min(1.0, max(_FLATTEST, side / other)))


def _sentence(all_strips: Sequence[Strip], replicate: int, *, ink: bool) -> str:
    """Return how many trainings with the picture have erased it, and how many are still to end."""
    marked = [strip for strip in all_strips if strip.cell.marked]
    done = [strip for strip in marked if strip.state == "done" and strip.frames]
    fates = [fate(strip.frames[-1].measures, two_level=ink) for strip in done]
    diverged = sum(strip.state == "diverged" for strip in marked)
    left = sum(strip.state in ("waiting", "running") for strip in marked)
    stopped = sum(strip.state == "stopped" for strip in marked)
    gone, rule = ("erased the picture", f"AUC within {ERASED - 0.5:.2f} of chance") if ink else (
        "left no picture to detect", "rank correlation within chance"
    )  # fmt: skip
    parts = []
    if done:
        erased = fates.count("erased") + fates.count("not detectable")
        parts.append(f"{erased} of {plural(len(done), 'finished training')} {gone} ({rule})")
    if diverged:
        parts.append(f"{diverged} diverged")
    if stopped:
        parts.append(f"{stopped} stopped before {'its end' if stopped == 1 else 'their end'}")
    if left:
        parts.append(f"{left} not yet trained" if done or diverged else f"{plural(left, 'training')} remaining")
    return f"Replicate {replicate}: {', '.join(parts)}.{_against_twins(all_strips)}"


def _against_twins(all_strips: Sequence[Strip]) -> str:
    """Return how the final test accuracy with the picture differs from that of the same trainings without it."""
    ends = {
        strip.cell: strip.frames[-1].measures["test_accuracy"]
        for strip in all_strips
        if strip.state == "done" and strip.frames and "test_accuracy" in strip.frames[-1].measures
    }
    differences = [
        accuracy - ends[twin] for cell, accuracy in ends.items() if cell.marked and (twin := cell.twin) in ends
    ]
    if not differences:
        return ""
    mean = sum(differences) / len(differences)
    size = words.points(abs(mean)).removeprefix("+")
    how = f"{size} points {'above' if mean > 0 else 'below'}" if size != "0.00" else "equal to"
    low, high = map(words.points, _ends(differences))
    several = f", from {low} to {high}" if len(differences) > 1 else ""
    return (
        f" With the picture, the final test accuracy is {how} that of the twin without it "
        f"({'mean of ' if several else ''}{plural(len(differences), 'pair')}{several})."
    )


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def _one(choice: str | None, there: Sequence[int], otherwise: int) -> int:
    text = choice or ""
    number = int(text) if text.isdecimal() and text.isascii() and len(text) < 8 else -1
    return number if number in there else otherwise
