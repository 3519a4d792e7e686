"""The fields of a submitted form."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request


async def form_data(request: Request) -> dict[str, str]:
    """Return the fields of a submitted form; of a name that comes twice, the last (a ticked box after its hidden
    `off`).
    """
    return {name: value for name, value in (await request.form()).multi_items() if isinstance(value, str)}


FormDep = Annotated[Mapping[str, str], Depends(form_data)]
