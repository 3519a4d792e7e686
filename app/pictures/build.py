"""From the parameters of a picture to the picture."""

from importlib import import_module

from app.contract.params import Params
from app.methods.catalog import CATALOG
from app.pictures.picture import Picture


def picture_of(params: Params) -> Picture:
    """The picture that filled-in parameters of the catalog's room `picture` stand for.

    Raises ValueError, whose words fit behind a field's name, when there is none to be made of them, and KeyError for
    parameters of another room.
    """
    module, _, function = CATALOG["picture"][params.kind].target.partition(":")
    fields = {name: getattr(params, name) for name in type(params).model_fields if name != "kind"}
    drawn: Picture = getattr(import_module(module), function)(**fields)
    return drawn
