"""What people write on a run: name, tags and notes, checked; and the text that a search looks through."""

import unicodedata
from collections.abc import Iterable

from app.contract.experiment import FieldError, RunSpec

NAME_LENGTH = 200
VIEW_LENGTH = 80
TAGS = 20
TAG_LENGTH = 40
NOTES_LENGTH = 10_000

# Zero width (non-)joiner.
_JOINERS = "\u200c\u200d"
# Letters, marks and signs without a shape: grapheme joiner, Hangul and Khmer fillers, an empty braille cell.
_BLANKS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
# Marks belong to the letter before them; where there is none, nothing is seen.
_MARKS = {"Mn", "Me", "Zs"}


def check_name(name: str) -> str:
    """Return the name without space around it. Raises FieldError when it is empty, too long or not one line."""
    return _line("name", name, NAME_LENGTH)


def check_view(name: str) -> str:
    """Return the name of a view without space around it. Raises FieldError as `check_name`."""
    return _line("name", name, VIEW_LENGTH)


def check_tags(tags: Iterable[str]) -> list[str]:
    """Return the tags in order, each once. Raises FieldError when there are too many or one is not a short line."""
    checked = list(dict.fromkeys(_line("tags", tag, TAG_LENGTH) for tag in tags))
    if any("," in tag for tag in checked):
        raise FieldError("tags", "must not contain a comma: commas separate tags")
    if len(checked) > TAGS:
        raise FieldError("tags", f"has {len(checked)} entries; at most {TAGS} are allowed")
    return checked


def check_notes(notes: str) -> str:
    """Return the notes as they are. Raises FieldError when too long or not text."""
    return check_text("notes", notes, NOTES_LENGTH)


def check_text(field: str, text: str, length: int) -> str:
    """Return several lines as they are. Raises FieldError for `field` when they are too long or not text."""
    if len(text) > length:
        raise FieldError(field, f"has {len(text):,} characters; at most {length:,} are allowed")
    if any(_is_control(character) and character not in "\n\r\t" for character in text):
        raise FieldError(field, "contains a control character")
    return text


def search_text(name: str, tags: Iterable[str], spec: RunSpec) -> str:
    """Return case-folded lines of everything a search finds a run by; a tag's line starts with `#`."""
    return search_lines(name, tags, spec.kind, spec.model_name, spec.dataset_name)


def search_lines(name: str, tags: Iterable[str], kind: str, model: str, dataset: str) -> str:
    """Return the same from the columns of a run."""
    lines = [name, *(f"#{tag}" for tag in tags), kind, model, dataset]
    return "\n".join(["", *lines, ""]).casefold()


def _line(field: str, text: str, length: int) -> str:
    text = text.strip()
    if not text:
        raise FieldError(field, "must not be empty")
    if len(text) > length:
        raise FieldError(field, f"has {len(text):,} characters; at most {length} are allowed")
    if any(_is_control(character) for character in text):
        raise FieldError(field, "must be one line without control characters")
    hidden = next((character for number, character in enumerate(text) if _is_hidden(text, number)), "")
    if hidden or all(unicodedata.category(character) in _MARKS for character in text):
        raise FieldError(field, f"contains the invisible character U+{ord(hidden or text[0]):04X}")
    return text


def _is_control(character: str) -> bool:
    # Cc: control characters; Cs: halves of a surrogate pair, which no database can encode; Zl, Zp: line ends.
    return unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}


def _is_hidden(text: str, number: int) -> bool:
    """Return whether a character shows nothing and turns or hides others: two names that look alike would be two.

    Joiners count where both neighbours are beyond ASCII, as in emoji, Persian and the scripts of India.
    """
    character = text[number]
    if character in _JOINERS:
        neighbours = text[number - 1 : number], text[number + 1 : number + 2]
        return any(not neighbour or neighbour.isascii() for neighbour in neighbours)
    return character in _BLANKS or unicodedata.category(character) == "Cf"
