"""What no field takes, whatever client fills it in, and how a refusal names its field."""

from typing import Any

from pydantic import BaseModel, model_validator


class FieldError(ValueError):
    """A contradiction between fields, blamed on one of them: `field` is its dotted path."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class Strict(BaseModel):
    """Base of untrusted input: true and false are no numbers, however deep in a list they are."""

    @model_validator(mode="before")
    @classmethod
    def _no_boolean(cls, value: Any) -> Any:
        for name, item in value.items() if isinstance(value, dict) else ():
            # The fields are read last: pydantic takes its time over them, and every run of a list has a spec.
            if _has_boolean(item) and name in (fields := cls.model_fields) and fields[name].annotation is not bool:
                raise FieldError(name, "must not be true or false")
        return value


def _has_boolean(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_has_boolean, value))
    return isinstance(value, bool)
