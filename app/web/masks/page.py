"""The masks of a run in words: its layers at one level, and what the matrix below them can show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from app.atlas.collapses import collapse
from app.atlas.colorings import COLORINGS, Color, available
from app.atlas.reader import Index, Layer, Reader
from app.contract.events import WINNING_TICKET
from app.contract.tickets import TicketRef
from app.contract.words import plural
from app.plotting import words
from app.plotting.collapse import Collapse, sentence
from app.plotting.style import LOOKS
from app.records import Run, Series
from app.store.errors import NotFound
from app.web.masks.pairing import PairingForm, pairing_form

MODES = (("side", "side by side"), ("divider", "divider"), ("difference", "difference"))
# Pixels within the axes of the matrix where the page has its full width (static/css/atlas.css).
_LARGEST = {"width": 778, "height": 462}
ORDERS = (("natural", "natural"), ("degree", "by degree"), ("cluster", "by cluster"))


@dataclass(frozen=True)
class LayerCard:
    """One layer of the strip; `share` is its density in [0, 1]."""

    name: str
    shape: str
    density: str
    kept: str
    share: float
    dead: str
    href: str
    picture: str
    current: bool


@dataclass(frozen=True)
class MasksPage:
    """What is above and around the matrix; `waiting` is why there is none, empty when there is one.

    `rows` and `columns` are those of the chosen layer, `kernel` the cells of one kernel and `wide` its width. `picture`
    is the address of the whole layer, `alone` whether the address of the page names that and nothing else.
    """

    waiting: str
    seq: int = 0
    run: str = ""
    replicate: int = 0
    replicates: tuple[int, ...] = ()
    control: str = ""
    controls: tuple[tuple[str, str], ...] = ()
    level: int = 0
    last_level: int = 0
    level_words: str = ""
    sentence: str = ""
    layers: tuple[LayerCard, ...] = ()
    layer: str = ""
    rows: int = 0
    columns: int = 0
    kernel: int = 1
    wide: int = 1
    shape_words: str = ""
    colors: tuple[tuple[str, str, str], ...] = ()
    color: str = "mask"
    row_order: str = "natural"
    column_order: str = "natural"
    orders: tuple[tuple[str, str], ...] = ORDERS
    mode: str = "side"
    modes: tuple[tuple[str, str], ...] = MODES
    other: str = ""
    others: tuple[tuple[str, str], ...] = ()
    picture: str = ""
    alone: bool = True
    ticket: str = ""
    unit: int = 0
    pairing: str = ""
    pairings: tuple[PairingForm, ...] = ()


def masks_page(reader: Reader, run: Run, query: Mapping[str, str]) -> MasksPage:
    """Return the page's words; a choice in the address that the run does not have is ignored."""
    index = reader.index(run.id)
    replicates = tuple(sorted({ref.replicate for ref in index.tickets}))
    if not replicates:
        live = run.state in ("queued", "running", "cancelling")
        then = "Masks appear here as soon as the first network trains." if live else "This run has saved no masks."
        return MasksPage(waiting=then)
    replicate = _one(query, "replicate", replicates, replicates[0])
    levels = index.levels(replicate)
    level = _one(query, "level", levels, levels[-1])
    layer = next((layer for layer in index.layers if layer.name == query.get("layer")), index.layers[0])
    here = [ticket for ticket in index.tickets if (ticket.replicate, ticket.level) == (replicate, level)]
    wanted = query.get("control") or query.get("branch")  # the latter in links of before
    ref = next((item for item in here if _control_key(item) == wanted), TicketRef(run.id, replicate, level))
    number = index.layers.index(layer)
    colors = available(reader, ref, number)
    rows = reader.store.series(run.id, "layers", replicate=replicate, level=level)
    rows = rows.where((rows.controls == ref.control) & (rows.draws == ref.draw))
    others = tuple((str(ticket), _ticket_words(ticket)) for ticket in index.tickets if ticket != ref)
    other = _address(query.get("other", ""))
    second = _second_index(reader, other) if other and not other.startswith(f"{run.id}:") else None
    orders = {side: query[side] if query.get(side) in dict(ORDERS) else "natural" for side in ("rows", "columns")}
    look = {**orders, "color": _color(query.get("color", "mask"), colors)}
    return MasksPage(
        waiting="",
        seq=index.seq,
        run=run.id,
        replicate=replicate,
        replicates=replicates,
        level=level,
        last_level=levels[-1],
        control=_control_key(ref) if ref.control != WINNING_TICKET else "",
        controls=tuple((_control_key(item), control_words(item)) for item in here if item.control != WINNING_TICKET),
        level_words=_level_words(rows, level, levels[-1]),
        sentence=_sentence(index, rows, ref, collapse(reader, ref)),
        layers=tuple(_card(index, i, one, rows, ref, layer, query) for i, one in enumerate(index.layers)),
        layer=layer.name,
        rows=layer.size[0],
        columns=layer.size[1],
        kernel=layer.size[1] // layer.shape[1] if layer.kernel else 1,
        wide=layer.kernel[-1] if layer.kernel else 1,
        shape_words=_shape_words(layer),
        colors=tuple((name, COLORINGS[name].label, COLORINGS[name].help) for name in colors),
        color=look["color"],
        row_order=look["rows"],
        column_order=look["columns"],
        mode=query.get("mode", "side") if query.get("mode") in dict(MODES) else "side",
        other=other,
        others=others if not other or other in dict(others) else ((other, _other_words(other, second)), *others),
        picture=_picture(ref, layer, look, index.seq),
        alone=not other and not query.get("view"),
        ticket=f"/api/v1/runs/{run.id}/tickets/{replicate}/{level}",
        unit=_one(query, "unit", range(layer.size[0]), _busiest(reader, ref, layer)),
        pairing=query.get("pairing", ""),
        pairings=(pairing_form(index, second, query.get("pairing", "")),) if second else (),
    )  # fmt: skip


def _picture(ref: TicketRef, layer: Layer, look: Mapping[str, str], seq: int) -> str:
    """Return the address of the whole layer, but for the theme, with all that static/js/atlas/server.js puts in it.

    Its size is that of the largest matrix, so that no window shows fewer pixels than it could.
    """
    rows, columns = layer.size
    second = {"other": "", "order_of": "", "pairing": ""}
    view = {"top": 0, "bottom": rows, "left": 0, "right": columns}
    return f"{_tile(ref, layer)}?" + urlencode({**_place(ref), **look, **second, **view, **_LARGEST, "v": seq})


def _place(ref: TicketRef) -> dict[str, str | int]:
    """Return the query that names a ticket of a run."""
    place: dict[str, str | int] = {"replicate": ref.replicate, "level": ref.level}
    return place if ref.control == WINNING_TICKET else {**place, "control": ref.control, "draw": ref.draw}


def _control_key(ref: TicketRef) -> str:
    return f"{ref.control}:{ref.draw}"


def _one(query: Mapping[str, str], name: str, there: Sequence[int], otherwise: int) -> int:
    text = query.get(name, "")
    choice = int(text) if text.isdecimal() and len(text) < 8 else -1
    return choice if choice in there else otherwise


def _address(text: str) -> str:
    try:
        return str(TicketRef.parse(text))
    except ValueError:
        return ""


def _second_index(reader: Reader, address: str) -> Index | None:
    """Return the run of another ticket, if there is one."""
    try:
        return reader.index(TicketRef.parse(address).run)
    except NotFound:
        return None


def _other_words(address: str, second: Index | None) -> str:
    words_ = _ticket_words(TicketRef.parse(address))
    return f"{words_} of {second.run.name}" if second else address


def _tile(ref: TicketRef, layer: Layer) -> str:
    # Names of imported layers may hold what means something in an address.
    return f"/api/v1/runs/{ref.run}/masks/{quote(layer.name, safe='')}/tile"


def _busiest(reader: Reader, ref: TicketRef, layer: Layer) -> int:
    """Return the unit that keeps the most weights; the first as long as the sums are not saved."""
    try:
        return int(reader.sums(ref)[f"{layer.key}.rows"].argmax())
    except NotFound:
        return 0


def _color(choice: str, colors: list[Color]) -> str:
    return next((color for color in colors if color == choice), "mask")


def _card(
    index: Index, number: int, layer: Layer, rows: Series, ref: TicketRef, chosen: Layer, query: Mapping[str, str]
) -> LayerCard:
    kept, total, dead_inputs, dead_units = (_of(rows, number, name) for name in _COLUMNS)
    dead = [f"{plural(round(n), noun)}" for n, noun in ((dead_inputs, "dead input"), (dead_units, "dead unit")) if n]
    here = {key: value for key, value in query.items() if key not in ("view", "unit")}
    address = {**_place(ref), "bottom": layer.size[0], "right": layer.size[1]}
    return LayerCard(
        name=layer.name,
        shape=" × ".join(map(str, layer.shape)),
        density=words.density(kept / max(total, 1)) if kept else "nothing kept",
        kept=f"{words.count(kept)} of {words.count(total)}",
        share=kept / max(total, 1),
        dead=" · ".join(dead) or "no dead inputs or units",
        href=f"/runs/{ref.run}?{urlencode({**here, 'tab': 'masks', 'layer': layer.name})}",
        picture=f"{_tile(ref, layer)}?" + urlencode({**address, "width": 168, "height": 56, "v": index.seq}),
        current=layer == chosen,
    )


_COLUMNS = ("kept", "total", "dead_inputs", "dead_units")


def _of(rows: Series, layer: int, name: str) -> float:
    if name not in rows.columns:
        return 0.0
    values = rows[name][rows["layer"] == layer]
    return float(values[-1]) if len(values) else 0.0


def _density(rows: Series) -> float:
    return float(rows["kept"].sum() / rows["total"].sum()) if len(rows) else 0.0


def _level_words(rows: Series, level: int, last: int) -> str:
    return f"{level} of {last} · {words.density(_density(rows))} kept"


def _sentence(index: Index, rows: Series, ref: TicketRef, state: Collapse | None) -> str:
    if not len(rows):
        return ""
    shares = [_of(rows, i, "kept") / max(_of(rows, i, "total"), 1) for i in range(len(index.layers))]
    most, least = (index.layers[shares.index(pick(shares))].name for pick in (max, min))
    inputs, units = (
        round(sum(_of(rows, i, name) for i in range(len(index.layers)))) for name in ("dead_inputs", "dead_units")
    )
    spread = (
        f", from {words.density(min(shares))} in {least} to {words.density(max(shares))} in {most}"
        if words.density(max(shares)) != words.density(min(shares))
        else ""
    )
    # A hidden unit is a unit of one layer and an input of the next: a sum of both would count it twice.
    cut = (
        f" Counted layer by layer, {plural(inputs, 'input')} and {plural(units, 'unit')} have no weights left."
        if inputs or units
        else ""
    )
    who = LOOKS[ref.control].phrase if ref.control in LOOKS else ref.control
    lost = f" {sentence(state)}" if state else ""
    return f"At level {ref.level} {who} keeps {words.density(_density(rows))} of the weights{spread}.{cut}{lost}"


def _ticket_words(ref: TicketRef) -> str:
    control = "" if ref.control == WINNING_TICKET else f" · {control_words(ref)}"
    return f"replicate {ref.replicate} · level {ref.level}{control}"


def control_words(ref: TicketRef) -> str:
    """Return what a control is called, and which draw of it."""
    label = LOOKS[ref.control].label if ref.control in LOOKS else ref.control
    return f"{label}, draw {ref.draw}" if ref.draw else label


def _shape_words(layer: Layer) -> str:
    rows, columns = layer.size
    if layer.kernel:
        kernel = "×".join(map(str, layer.kernel))
        return (
            f"{rows:,} output channels down, {layer.shape[1]:,} input channels across, each unrolled into the "
            f"{columns // layer.shape[1]} positions of its {kernel} kernel, row by row"
        )
    return f"{rows:,} output units down, {columns:,} inputs across"
