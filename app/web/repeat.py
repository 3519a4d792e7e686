"""What is needed to do a run again elsewhere: its spec, its provenance, its tickets."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.contract.events import WINNING_TICKET
from app.contract.records import Run
from app.figures import words
from app.store import Store
from app.web import forms


@dataclass(frozen=True)
class SpecPage:
    """The spec in sections, and how to repeat it; `tickets` are rows of (replicate, cells of (href, density))."""

    sections: tuple[forms.Section, ...]
    provenance: tuple[tuple[str, str], ...]
    cli: str
    curl: str
    levels: tuple[int, ...]
    tickets: tuple[tuple[int, tuple[tuple[str, str], ...]], ...]
    loader: str


def spec_page(store: Store, run: Run, origin: str) -> SpecPage:
    """The spec of a run; `origin` is the address at which this server was asked."""
    body = json.dumps(run.spec.model_dump(mode="json"), separators=(",", ":"))
    levels, tickets = _tickets(store, run)
    return SpecPage(
        sections=tuple(forms.build(run.kind, forms.values(run.spec), {})),
        provenance=tuple(_flat(run.provenance)),
        cli=f"echo {shlex.quote(body)} > spec.json\nticketscope submit spec.json --name {shlex.quote(run.name)}",
        curl=f"curl -X POST {origin}/api/v1/runs -H 'Content-Type: application/json' "
        f"-d {shlex.quote(json.dumps({'name': run.name, 'spec': json.loads(body)}, separators=(',', ':')))}",
        levels=levels,
        tickets=tickets,
        loader=_loader(run),
    )


def _tickets(store: Store, run: Run) -> tuple[tuple[int, ...], tuple[tuple[int, tuple[tuple[str, str], ...]], ...]]:
    saved = {
        (ref.replicate, ref.level)
        for ref in store.artifacts(run.id)
        if ref.name == "ticket" and ref.branch == WINNING_TICKET
    }
    outcome = store.series(run.id, "outcome", branch=WINNING_TICKET)
    density: dict[tuple[int, int], float] = {}
    if len(outcome):
        places = zip(outcome["replicate"].tolist(), outcome["level"].tolist(), strict=True)
        density = dict(zip(places, outcome["density"].tolist(), strict=True))
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


def _loader(run: Run) -> str:
    layers = run.provenance.get("layers") or [{"name": "fc1"}]
    name = f"{layers[0]['name']}.weight"
    return "\n".join(
        (
            "from safetensors.torch import load_file",
            f'ticket = load_file("{run.id}-r0-l1.safetensors")',
            f'mask, start = ticket["{name}_mask"].bool(), ticket["{name}_orig"]',
            "weights = start * mask                    # where the ticket's training starts",
            f'trained = ticket["{name}_trained"]  # where it ended; 0 where pruned',
        )
    )


def _flat(value: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested provenance as lines of dotted key and text; layers, and a mapping of one value only, in one line."""
    lines: list[tuple[str, str]] = []
    for key, item in value.items():
        if isinstance(item, Mapping) and item and len(set(map(str, item.values()))) == 1 < len(item):
            lines.append((prefix + key, f"{next(iter(item.values()))}: all {len(item)}"))
        elif isinstance(item, Mapping):
            lines += _flat(item, f"{prefix}{key}.")
        elif key == "layers":
            lines.append((key, ", ".join(f"{each['name']} {'×'.join(map(str, each['shape']))}" for each in item)))
        else:
            lines.append((prefix + key, ", ".join(map(str, item)) if isinstance(item, list) else str(item)))
    return lines
