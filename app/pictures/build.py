"""From the parameters of a picture to the picture."""

from importlib import import_module

from app.contract.params import Params
from app.methods.catalog import CATALOG
from app.pictures.picture import Picture


def picture_of(params: Params) -> Picture:
    """Build the picture that filled-in parameters of the catalog's group `picture` describe.

    Raises ValueError, whose words fit behind a field's name, when they describe none. Raises KeyError for parameters of
    another group.
    """
    module, _, function = CATALOG["picture"][params.kind].target.partition(":")
    fields = {name: getattr(params, name) for name in type(params).model_fields if name != "kind"}
    drawn: Picture = getattr(import_module(module), function)(**fields)
    return drawn
