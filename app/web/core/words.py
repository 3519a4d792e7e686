"""Times and sizes in a reader's words: `12 s`, `4 min ago`, `1.3 MB`."""

import re
import unicodedata
import zlib
from datetime import UTC, datetime

TINTS = 8
"""Colours of people (static/css/parts.css)."""


def initials(name: str) -> str:
    """Return two letters for a person: of the first two parts of a name, or the first two of one."""
    parts = [part for part in re.split(r"[._-]+", name) if part]
    return (parts[0][0] + parts[1][0] if len(parts) > 1 else name[:2]).upper()


def name_parts(name: str) -> tuple[str, str]:
    """Return a name as its beginning and its end, which a narrow column shows where it has no room for all.

    Names that begin alike, such as those of a sweep, differ at the end. A short name is all beginning.
    """
    if len(name) < 24:
        return name, ""
    values = re.fullmatch(r"(.*[:?!….] )(.+)", name)
    place = values.end(1) if values else name.find(" ", len(name) - 14) + 1
    return (name[:place], name[place:]) if place else (name, "")


def short(text: str, length: int = 60) -> str:
    """Return a text that may be long and of any characters as part of a sentence: one line, cut at its end."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * length]).split())
    return line if len(line) <= length and len(text) <= 4 * length else f"{line[: length - 1]}…"


def tint(name: str) -> int:
    """Return which of `TINTS` colours a person has: initials may be the same, colours then seldom are."""
    return zlib.crc32(unicodedata.normalize("NFKC", name).casefold().encode()) % TINTS


def duration(seconds: float) -> str:
    """Return a length of time in its two largest units, rounded: `12 s`, `4 min`, `2 h 10 min`, `3 d 4 h`."""
    if seconds < 1:
        return "under 1 s"
    if round(seconds) < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours = round(seconds / 3600)
    if hours < 48:
        rest = f" {minutes % 60} min" if minutes < 600 and minutes % 60 else ""
        return f"{minutes // 60 if minutes < 600 else hours} h{rest}"
    return f"{hours // 24} d" + (f" {hours % 24} h" if hours < 240 and hours % 24 else "")


def span(low: float, high: float) -> str:
    """Return a range of times, its unit once where both ends have the same: `1 to 5 min`, `50 s to 2 min`."""
    first, last = duration(low), duration(high)
    if first == last:
        return first
    number, _, unit = first.partition(" ")
    other = last.split(" ")
    return f"{number} to {last}" if number.isdigit() and other[1:] == [unit] else f"{first} to {last}"


def ago(then: datetime, now: datetime | None = None) -> str:
    """Return how long ago `then` was; a moment in the future counts as now."""
    seconds = max(0.0, ((now or datetime.now(UTC)) - then).total_seconds())
    if seconds < 10:
        return "just now"
    if seconds < 60:
        return f"{seconds:.0f} s ago"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min ago"
    if seconds < 86_400:
        return f"{seconds // 3600:.0f} h ago"
    days = int(seconds // 86_400)
    return "yesterday" if days == 1 else f"{days} days ago"


def size(n_bytes: float) -> str:
    """Return a size in decimal units: `812 B`, `96 kB`, `1.3 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < 999.5:
            return f"{n_bytes:.0f} {unit}" if unit == "B" or n_bytes >= 10 else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.1f} TB"
