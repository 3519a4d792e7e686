"""Published links as rows of a table."""

from collections.abc import Sequence
from typing import Any

from app.records.published import PublishedLink
from app.store import Store
from app.web.core.words import ago


def links_shown(store: Store, links: Sequence[PublishedLink]) -> list[dict[str, Any]]:
    """Return rows of a table of links."""
    first = {link.runs[0] for link in links if link.runs}
    names = {run.id: run.name for run in store.several(sorted(first))} if first else {}
    return [
        {
            **link.model_dump(),
            "title": names[link.runs[0]] if link.runs else "what is deleted by now",
            "more": len(link.runs) - 1,
            "made": ago(link.created_at),
            "until": f"until {link.expires_at:%Y-%m-%d}" if link.expires_at else "until it is revoked",
            "used": f"used {ago(link.used_at)}" if link.used_at else "never used",
        }
        for link in links
    ]
