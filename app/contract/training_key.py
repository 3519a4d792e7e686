"""What names one training of a replicate: coordinates that its kind of run declares, in order."""

import json
from functools import cache
from typing import Annotated, Any, Final, NamedTuple, TypeAlias

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

Value: TypeAlias = int | float | str
"""What a coordinate may be; None where something belongs to all of its values."""

MAX: Final = 2**31 - 1
"""No whole number of a coordinate is larger: a larger one is one that no database could compare."""
RESERVED: Final = frozenset({"name", "replicate", "series", "format", "bom", "step", "value"})
"""Names that a series, or the question for one, has for other things."""


class Coordinate(NamedTuple):
    """A coordinate as its kind declares it: `title` is what people read, `type` one of int, float and str."""

    name: str
    type: type
    title: str

    @property
    def option(self) -> str:
        """Return its name in a command, after two dashes."""
        return self.name.replace("_", "-")


class TrainingKey(BaseModel):
    """Base of the coordinates of a training; a kind declares its own as fields with titles.

    Raises TypeError, when it is declared, for a coordinate whose name or type columns and filters cannot have.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        for coordinate in cls.coordinates():
            if coordinate.name in RESERVED:
                raise TypeError(f"{cls.__name__}.{coordinate.name}: no coordinate can have this name")

    @classmethod
    def coordinates(cls) -> tuple[Coordinate, ...]:
        """Return what the kind declares, in order. Raises TypeError for a type other than int, float and str."""
        return _coordinates(cls)

    @property
    def text(self) -> str:
        """Return the coordinates as canonical JSON: in the declared order, a float as its shortest exact text."""
        return canonical(self.model_dump())

    @property
    def words(self) -> str:
        """Return the training in words, such as `width 256, learning rate 0.01`."""
        given = ((coordinate.title.lower(), getattr(self, coordinate.name)) for coordinate in self.coordinates())
        return ", ".join(f"{title} {value}" for title, value in given if value is not None)

    @classmethod
    def value_of(cls, name: str, text: str) -> Value:
        """Return a value of a coordinate from text. Raises KeyError for an unknown one, ValueError in words."""
        _, type_, title = {coordinate.name: coordinate for coordinate in cls.coordinates()}[name]
        try:
            value: Value = _adapter(cls, name).validate_python(text)
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"]) from None
        if not isinstance(value, type_):
            raise ValueError(f"{title} must be given")  # noqa: TRY004 (it comes from a text)
        if isinstance(value, int) and value > MAX:
            raise ValueError(f"must not exceed {MAX:,}")
        return value


def canonical(coordinates: dict[str, Any]) -> str:
    """Return coordinates as JSON text: equal texts are equal keys."""
    return json.dumps(coordinates, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


@cache
def _coordinates(key: type[TrainingKey]) -> tuple[Coordinate, ...]:
    types = {"integer": int, "number": float, "string": str}
    coordinates = []
    for name, field in key.model_fields.items():
        schema = _adapter(key, name).json_schema()
        kinds = {part.get("type") for part in schema.get("anyOf", [schema])} - {"null"}
        if len(kinds) != 1 or not kinds <= types.keys():
            raise TypeError(f"{key.__name__}.{name}: a coordinate is an int, a float or a str")
        coordinates.append(Coordinate(name, types[str(*kinds)], field.title or name.replace("_", " ").capitalize()))
    return tuple(coordinates)


@cache
def _adapter(key: type[TrainingKey], name: str) -> TypeAdapter[Any]:
    field = key.model_fields[name]
    annotated: Any = Annotated[field.annotation, field]
    return TypeAdapter(annotated, config=ConfigDict(allow_inf_nan=False))
