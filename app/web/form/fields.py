"""Fields of a form as templates draw them: what each is called, holds, needs, and whether it is worth showing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

Widget: TypeAlias = Literal["text", "switch", "one_of", "many_of", "choice", "choices"]


@dataclass(frozen=True)
class Option:
    """One value of a choice; `fields` are the knobs it brings along."""

    value: str
    title: str
    help: str
    source: str
    chosen: bool
    fields: tuple["FormField", ...] = ()

    @property
    def usual(self) -> tuple["FormField", ...]:
        """Return the fields that are always in sight."""
        return tuple(field for field in self.fields if not field.rare)

    @property
    def rare(self) -> tuple["FormField", ...]:
        """Return the fields that fold away."""
        return tuple(field for field in self.fields if field.rare)


@dataclass(frozen=True)
class FormField:
    """One input: its dotted `path`, its `label`, what it means, what it holds and what is wrong with it.

    A `rare` field folds away. A field `applies` while each field named in `when` has one of the values listed there.
    """

    path: str
    widget: Widget
    help: str
    unit: str = ""
    range: str = ""
    value: str = ""
    error: str = ""
    numeric: Literal["decimal", "numeric", "text"] = "text"
    options: tuple[Option, ...] = ()
    label: str = ""
    default: str = ""
    rare: bool = False
    when: Mapping[str, Sequence[str]] = field(default_factory=dict)
    applies: bool = True

    @property
    def changed(self) -> bool:
        """Return whether a rare field must be in sight: it differs from its default, or is wrong."""
        return bool(self.error) or self.value != self.default

    @property
    def conditions(self) -> str:
        """Return when the field applies, for the page's script: `rewind=weights`; several are separated by a space."""
        return " ".join(f"{path}={'|'.join(values)}" for path, values in self.when.items())

    @property
    def id(self) -> str:
        """Return an HTML id from the path."""
        return html_id(self.path)


@dataclass(frozen=True)
class Section:
    """Fields that are read together under one heading."""

    title: str
    fields: tuple[FormField, ...]

    @property
    def usual(self) -> tuple[FormField, ...]:
        """Return the fields that are always in sight."""
        return tuple(field for field in self.fields if not field.rare)

    @property
    def rare(self) -> tuple[FormField, ...]:
        """Return the fields that fold away."""
        return tuple(field for field in self.fields if field.rare)


def html_id(path: str) -> str:
    """Return an HTML id from a field's path."""
    return "f-" + path.replace(".", "-")


def sentence_case(name: str, title: str) -> str:
    """Return the label of a field: the title written for it, else its name as words."""
    generated = name.replace("_", " ").title()
    return name.replace("_", " ").capitalize() if title in ("", generated) else title


def applied(item: FormField, chosen: Mapping[str, str]) -> FormField:
    """Return the field and those of its options, each marked with whether it applies to the chosen values by path."""
    options = tuple(
        replace(option, fields=tuple(applied(field, chosen) for field in option.fields)) for option in item.options
    )
    met = all(chosen.get(path, values[0]) in values for path, values in item.when.items())
    return replace(item, options=options, applies=met)


def labels(fields: Sequence[FormField], within: str = "") -> Iterator[tuple[str, str]]:
    """Yield path and label of every one in the order in which a reader meets them.

    Where several options are open at once, a label names the option too: `Shuffled mask: draws`.
    """
    for one in fields:
        yield one.path, f"{within}: {one.label[:1].lower()}{one.label[1:]}" if within else one.label
        for option in one.options:
            yield from labels(option.fields, option.title if one.widget == "choices" else within)
