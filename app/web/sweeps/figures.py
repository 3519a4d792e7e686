"""Figures of a sweep: as cards of its page, and over the API as JSON or CSV, from the same data."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from app.continuing import objective_of
from app.contract.experiment import FieldError
from app.plotting.entry import to_csv
from app.plotting.sweep.data import Looked, SweepData, SweepEntry, data_of
from app.plotting.sweep.registry import SWEEP_FIGURES
from app.records import Member, Sweep
from app.store import NotFound
from app.web.core.columns import CSV, attachment, csv_bytes
from app.web.run.cards import Card, Control, Part

TOUCHES = "sweep"
"""What the page's script sends when a member has ended."""


def looked_for(sweep: Sweep) -> Looked:
    """Return what a sweep looks for, as its figures name it."""
    objective = objective_of(sweep.plan)
    if objective is None:
        return Looked("objective", True, False)
    return Looked(objective.title, objective.maximise, objective.percent)


def figures_of(sweep: Sweep) -> list[tuple[SweepEntry, str]]:
    """Return the figures of a sweep, each with its field; none where it looks for nothing."""
    if objective_of(sweep.plan) is None:
        return []
    cards = []
    for entry in SWEEP_FIGURES.values():
        cards += [(entry, path) for path in sweep.axes] if entry.per_field else [(entry, "")]
    return cards


def cards(sweep: Sweep, members: Sequence[Member]) -> list[Card]:
    """Return the cards of a sweep's page, with their findings."""
    data = data_of(sweep, members, looked_for(sweep))
    return [_card(sweep, data, entry, path, number) for number, (entry, path) in enumerate(figures_of(sweep))]


def _card(sweep: Sweep, data: SweepData, entry: SweepEntry, path: str, number: int) -> Card:
    if entry.pending is None:
        meta: Mapping[str, Any] = entry.draw(data, path).layout.meta
    else:
        finding = [{"text": part.text, "role": part.role} for part in entry.pending(data)]
        meta = {"title": entry.title, "finding": finding, "foot": ""}
    address = f"/api/v1/sweeps/{sweep.id}/figures/{entry.name}"
    query = {"field": path} if path else {}
    return Card(
        name=f"{entry.name}-{number}" if path else entry.name, title=meta["title"], question=entry.question, tab="",
        size="" if path or entry.pending else "big", action=f"/sweeps/{sweep.id}", src=address,
        csv=f"{address}?{urlencode({**query, 'format': 'csv'})}", defaults="", log="", touches=TOUCHES,
        controls=tuple(Control(name, name, "hidden", value) for name, value in query.items()),
        finding=tuple(Part(part["text"], part.get("role") or "") for part in meta["finding"]),
        foot=meta["foot"], blank=not data.live and (not data.members or bool(entry.missing and entry.missing(data))),
    )  # fmt: skip


def answer(
    sweep: Sweep, members: Sequence[Member], name: str, field: str, *, csv: bool, bom: bool, known: str | None
) -> Response:
    """Return a figure as JSON or its data as CSV. Raises NotFound for an unknown one, FieldError for its field."""
    entry = SWEEP_FIGURES.get(name)
    if entry is None:
        raise NotFound(f"there is no figure {name} of a sweep; there is {', '.join(SWEEP_FIGURES)}")
    if entry.per_field and field not in sweep.axes:
        raise FieldError("field", f"must be one of {', '.join(sweep.axes)}")
    data, path = data_of(sweep, members, looked_for(sweep)), field if entry.per_field else ""
    text: str = to_csv(entry.table(data, path)) if csv else entry.draw(data, path).to_json(engine="orjson")
    etag = f'W/"{hashlib.sha256(text.encode()).hexdigest()[:20]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Accept"}
    if known is not None and etag in {tag.strip() for tag in known.split(",")}:
        return Response(status_code=304, headers=headers)
    if csv:
        headers["Content-Disposition"] = attachment(f"sweep-{sweep.id}-{name}{f'-{field}' if path else ''}.csv")
        return Response(csv_bytes(text, bom=bom), media_type=CSV, headers=headers)
    return Response(text, media_type="application/json", headers=headers)
