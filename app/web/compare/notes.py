"""What a reader of a comparison should know: which runs share which figures, and what cannot be compared."""

from app.contract.words import plural
from app.kinds.kind import Kind
from app.kinds.registry import KINDS
from app.kinds.specs import TITLES
from app.plotting.compared import LINES, MOST
from app.web.board.columns import unknown
from app.web.compare.selection import Selection


def notes(chosen: Selection, columns: str = "") -> list[str]:
    """Return a sentence for each; `columns` are those that the address names."""
    notes = [wrong] if (wrong := unknown(columns)) else []
    if chosen.missing:
        which = "There is no run" if len(chosen.missing) == 1 else "There are no runs"
        gone = "it was deleted for good, or its id is mistyped" if len(chosen.missing) == 1 else (
            "they were deleted for good, or their ids are mistyped"
        )  # fmt: skip
        notes.append(f"{which} {', '.join(name[:40] for name in chosen.missing[:5])}: {gone}. The others are compared.")
    if chosen.repeated:
        twice = "One run was named" if chosen.repeated == 1 else f"{chosen.repeated} runs were named"
        notes.append(f"{twice} more than once: each counts once.")
    if len(chosen.runs) == 1:
        notes.append("This is one run: tick others on the board to compare it with them.")
    if len(chosen.kinds) > 1:
        notes += _of_kinds(chosen)
    elif chosen.runs and not _own(KINDS[chosen.kinds[0]]):
        notes.append("Nothing of this kind of run is drawn together: fields and measures, and the table, are compared.")
    binned = [run.name for run in chosen.runs if run.deleted_at is not None]
    if binned:
        which = "One of these runs is" if len(binned) == 1 else f"{len(binned)} of these runs are"
        notes.append(f"{which} in the bin: {', '.join(binned[:5])}{'' if len(binned) <= 5 else ', …'}.")
    if chosen.more:
        notes.append(f"The search finds more runs than the newest {MOST}, which are compared here.")
    if len(set(chosen.groups)) > LINES:
        notes.append(f"More than {LINES} lines share colours: group the runs by a field to tell them apart.")
    return notes


def _of_kinds(chosen: Selection) -> list[str]:
    """Say which kinds share what, and what only some of them have."""
    own = {name: _own(KINDS[name]) for name in chosen.kinds}
    who = {title: tuple(name for name in own if title in own[name]) for titles in own.values() for title in titles}
    shared = [title for title, names in who.items() if len(names) == len(own)]
    both = f" and by {_listed(shared)}" if shared else ""
    sentences = [f"These runs are of {len(own)} kinds. All are compared by their fields and measures{both}."]
    counts = {name: plural(sum(run.kind == name for run in chosen.runs), "run") for name in own}
    for names in dict.fromkeys(names for names in who.values() if len(names) < len(own)):
        titles = _listed([title for title, those in who.items() if those == names], capital=True)
        kinds = _joined([f"{TITLES[name]} ({counts[name]})" for name in names])
        sentences.append(f"{titles}: only {kinds}; the other kinds do not measure that.")
    nothing = [name for name, titles in own.items() if not titles]
    sentences += [f"{TITLES[name]} ({counts[name]}): nothing else of this kind can be compared." for name in nothing]
    return sentences


def _own(kind: Kind) -> list[str]:
    films = ["Films"] if kind.compared_part is not None else []
    return [*(entry.title for entry in kind.compared), *films]


def _listed(titles: list[str], *, capital: bool = False) -> str:
    text = _joined([title[0].lower() + title[1:] for title in titles])
    return text[0].upper() + text[1:] if capital else text


def _joined(words: list[str]) -> str:
    return ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else words[0]
