"""Whether the picture of a spec is one that can be erased: looked at before anything is trained."""

from app.contract.experiment import Experiment, FieldError
from app.contract.params import Params
from app.pictures.build import picture_of
from app.pictures.picture import MIN_CONTRAST, Picture, contrast, fit


def check_picture(spec: Experiment) -> None:
    """Check that the picture of a spec can be erased; a spec without a picture passes.

    Raises FieldError, on the picture's own field, for one that is unreadable or blank, as it is or in the matrix of any
    width.
    """
    if not spec.pictured:
        return
    params: Params = getattr(spec, "picture")  # noqa: B009 (only some kinds have it)
    field = f"picture.{field_of(params)}"
    picture = readable(params, field)
    for rows, columns in spec.pictured:
        if contrast(fit(picture, rows, columns)) < MIN_CONTRAST:
            raise FieldError(field, f"is not visible in {rows}×{columns} weights: its lines are too fine")


def readable(params: Params, field: str) -> Picture:
    """Return the picture of filled-in parameters.

    Raises FieldError on `field` when there is none, or when it is blank.
    """
    try:
        picture = picture_of(params)
    except ValueError as error:
        raise FieldError(field, str(error)) from error
    if contrast(picture.ink) < MIN_CONTRAST:
        raise FieldError(field, "has no contrast: the erasure of a blank picture is undefined")
    return picture


def field_of(params: Params) -> str:
    """Return the field that a picture is built from: text, name or png."""
    return next(name for name in type(params).model_fields if name != "kind")
