"""What every page knows of the kinds of run: the pages it leads to, and which kinds have masks."""

from app.kinds.registry import KINDS
from app.kinds.specs import ENTRIES


def navigation() -> tuple[tuple[str, str], ...]:
    """Return path and name of each: the board and the form first, then the pages of kinds."""
    kinds = tuple(entry for kind in KINDS.values() for entry in kind.navigation)
    rest = (
        ("/presets", "Presets"),
        ("/reports", "Reports"),
        ("/queue", "Queue"),
        ("/workers", "Workers"),
        ("/costs", "Costs"),
        ("/bin", "Bin"),
        ("/protocol", "Protocol"),
    )
    return (("/", "Board"), ("/new", "New run"), ("/sweeps", "Sweeps"), ("/projects", "Projects"), *kinds, *rest)


def with_masks() -> str:
    """Return the kinds whose runs have masks to compare, separated by spaces, for scripts."""
    return " ".join(name for name, entry in ENTRIES.items() if getattr(entry.params, "saves_tickets", False))
