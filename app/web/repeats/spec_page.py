"""What is needed to do a run again elsewhere: its spec, its provenance, its tickets."""

from collections import Counter
from dataclasses import dataclass

from app.contract.experiment import Experiment
from app.kinds.registry import KINDS
from app.plotting import words
from app.records import ArtifactRef, Run
from app.repeat.origins import UNKNOWN, Origin, differing, origins
from app.store import Reads
from app.web.form import form as forms


@dataclass(frozen=True)
class Differences:
    """What was not the same for all replicates: rows of (replicate, attempts, workers, a value for each of `keys`)."""

    keys: tuple[str, ...]
    rows: tuple[tuple[int, str, str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class SpecPage:
    """The spec in sections, and how to repeat it; `tickets` are rows of (replicate, cells of (href, density)).

    `provenance` is what all replicates have in common; `differences` lists what differs between them.
    """

    sections: tuple[forms.Section, ...]
    provenance: tuple[tuple[str, str], ...]
    differences: Differences | None
    cli: str
    curl: str
    levels: tuple[int, ...]
    tickets: tuple[tuple[int, tuple[tuple[str, str], ...]], ...]
    loader: str
    saves_tickets: bool


def spec_page(store: Reads, run: Run, origin: str) -> SpecPage:
    """Return the spec of a run; `origin` is the address at which this server was reached."""
    sections: tuple[forms.Section, ...] = ()
    if isinstance(run.spec, Experiment):
        sections = tuple(forms.build(run.kind, forms.values(run.spec), {}))
    cli, curl = KINDS[run.kind].commands(run.spec, run.name, origin)
    refs = [ref for ref in store.artifacts(run.id) if ref.is_of_winning]
    levels, tickets = _tickets(store, run, refs)
    of_run = origins(store.starts(run.id))
    keys = differing(of_run)
    return SpecPage(
        sections=sections,
        provenance=tuple(pair for pair in of_run[-1].lines.items() if pair[0] not in keys) if of_run else (),
        differences=_differences(of_run, keys) if keys else None,
        cli=cli,
        curl=curl,
        levels=levels,
        tickets=tickets,
        loader=_loader(run, {ref.name for ref in refs}),
        saves_tickets=run.spec.saves_tickets,
    )


def _differences(of_run: list[Origin], keys: list[str]) -> Differences:
    rows = (
        (
            origin.replicate,
            ", ".join(map(str, origin.attempts)),
            ", ".join(origin.workers),
            tuple(origin.lines.get(key, UNKNOWN) for key in keys),
        )
        for origin in of_run
    )
    return Differences(tuple(keys), tuple(rows))


def _tickets(
    store: Reads, run: Run, refs: list[ArtifactRef]
) -> tuple[tuple[int, ...], tuple[tuple[int, tuple[tuple[str, str], ...]], ...]]:
    # What was trained here is a ticket once its weights are saved; an imported mask may come without any.
    file = "ticket" if isinstance(run.spec, Experiment) else "mask"
    saved = {(ref.ticket.replicate, ref.ticket.level) for ref in refs if ref.ticket and ref.name == file}
    density = _densities(store, run)
    levels = tuple(sorted({level for _, level in saved}))
    rows = []
    for replicate in sorted({replicate for replicate, _ in saved}):
        cells = []
        for level in levels:
            there = (replicate, level) in saved
            share = density.get((replicate, level))
            text = words.density(share) if share is not None else f"level {level}"
            cells.append((f"/api/v1/runs/{run.id}/tickets/{replicate}/{level}" if there else "", text))
        rows.append((replicate, tuple(cells)))
    return levels, tuple(rows)


def _densities(store: Reads, run: Run) -> dict[tuple[int, int], float]:
    """Return weights remaining of each ticket by (replicate, level), in [0, 1]."""
    rows = store.series(run.id, "layers").tickets
    kept, total = Counter[tuple[int, int]](), Counter[tuple[int, int]]()
    for replicate, level, some, of in zip(
        *(rows[name].tolist() for name in ("replicate", "level", "kept", "total") if len(rows)), strict=True
    ):
        kept[replicate, level] += int(some)
        total[replicate, level] += int(of)
    return {place: kept[place] / total[place] for place in total}


def _loader(run: Run, saved: set[str]) -> str:
    layers = run.provenance.get("layers") or [{"name": "fc1"}]
    name = f"{layers[0]['name']}.weight"
    level = min(1, run.levels)
    lines = [
        "from safetensors.torch import load_file",
        f'ticket = load_file("{run.id}-r0-l{level}.safetensors")',
        f'mask = ticket["{name}_mask"].bool()',
    ]
    if "init" in saved or isinstance(run.spec, Experiment):
        lines.append(f'weights = ticket["{name}_orig"] * mask  # where the ticket\'s training starts')
    if "ticket" in saved or isinstance(run.spec, Experiment):
        lines.append(f'trained = ticket["{name}_trained"]  # where it ended; 0 where pruned')
    return "\n".join(lines)
