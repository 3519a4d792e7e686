"""What an action on many runs will do, or has done, in sentences."""

from collections.abc import Mapping, Sequence

from app.contract.words import plural
from app.store.bulk import Action, Outcome, Tags

_WILL: Mapping[Action, str] = {
    "tag": "be tagged {tags}", "untag": "lose the {noun} {tags}", "cancel": "be cancelled", "resume": "be resumed",
    "bin": "be moved to the bin", "restore": "be restored from the bin",
}  # fmt: skip
_DONE: Mapping[Action, str] = {
    "tag": "tagged {tags}", "untag": "no longer tagged {tags}", "cancel": "cancelled", "resume": "resumed",
    "bin": "moved to the bin", "restore": "restored from the bin",
}  # fmt: skip
TITLES: Mapping[Action, str] = {
    "tag": "Add tags", "untag": "Remove tags", "cancel": "Cancel runs", "resume": "Resume runs",
    "bin": "Move runs to the bin", "restore": "Restore runs",
}  # fmt: skip
BUTTONS: Mapping[Action, str] = {
    "tag": "Tag", "untag": "Untag", "cancel": "Cancel", "resume": "Resume", "bin": "Bin", "restore": "Restore",
}  # fmt: skip
_NAMED = 5
"""Tags that a sentence names."""
UNDO: Mapping[Action, Action] = {"tag": "untag", "untag": "tag", "bin": "restore", "restore": "bin"}
"""The action that undoes another."""


def names(tags: Tags) -> tuple[str, ...]:
    """Return every tag once."""
    every = [tags] if isinstance(tags, str) else tags
    flat = (tag for some in every.values() for tag in some) if isinstance(every, Mapping) else iter(every)
    return tuple(dict.fromkeys(tag.strip() for tag in flat))


def preview(action: Action, tags: Sequence[str], outcome: Outcome) -> str:
    """Return what will happen, such as "12 of 40 runs will be cancelled; 28 are finished already."."""
    return _sentence(f"will {_with_tags(_WILL[action], tags)}", outcome)


def result(action: Action, tags: Sequence[str], outcome: Outcome) -> str:
    """Return what has happened, such as "12 of 40 runs cancelled; 28 are finished already."."""
    return _sentence(_with_tags(_DONE[action], tags), outcome)


def _with_tags(text: str, tags: Sequence[str]) -> str:
    quoted = [f"“{tag}”" for tag in tags]
    if len(quoted) > _NAMED:
        quoted = [*quoted[:_NAMED], f"{len(quoted) - _NAMED} more"]
    listed = quoted[-1] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}" if quoted else ""
    return text.format(tags=listed, noun="tag" if len(tags) == 1 else "tags")


def lasting(action: Action, outcome: Outcome) -> str:
    """Return what of an action cannot be undone, and what can be done in its place; empty where all can."""
    if not outcome.changed:
        return ""
    live = sum(condition == "live" for condition in outcome.changed.values())
    match action:
        case "cancel":
            return "Cancelling cannot be undone. Measurements are kept, and cancelled runs can be resumed."
        case "resume":
            return "Resuming cannot be undone. Resumed runs can be cancelled again."
        case "bin" if live:
            whose = "One of them is live and is" if live == 1 else f"{live:,} of them are live and are"
            return f"{whose} cancelled first: restoring does not undo that, but resuming does."
    return ""


def _sentence(what: str, outcome: Outcome) -> str:
    return sentence(what, len(outcome.changed), outcome.unchanged)


def sentence(what: str, changed: int, unchanged: Mapping[str, Sequence[str]]) -> str:
    """Return how many of how many runs something happens to, and why not to the others."""
    total = changed + sum(map(len, unchanged.values()))
    if not total:
        return "No run is chosen."
    rest = "; ".join(
        f"{len(run_ids):,} {'is' if len(run_ids) == 1 else 'are'} {reason}"
        for reason, run_ids in sorted(unchanged.items(), key=lambda item: -len(item[1]))
    )
    if not changed:
        return f"None of {plural(total, 'run')} {what}; {rest}." if total > 1 else f"The run stays as it is; {rest}."
    if changed == total:
        return f"{plural(total, 'run')} {what}."
    return f"{changed:,} of {plural(total, 'run')} {what}; {rest}."
