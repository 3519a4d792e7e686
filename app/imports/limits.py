"""How much one import may hold; what is more is refused with the number named."""

from typing import Final

from app.contract.tickets import MAX_LAYER_NAME

MAX_BYTES: Final = 2**30
"""All files of an import together."""

MAX_FILES: Final = 61
"""Level 0 and as many levels after it as a run may have."""

MAX_HEADER_BYTES: Final = 2**20
"""The header of a file: a hundred bytes or so for each of its tensors."""

MAX_TENSORS: Final = 4_096
"""Of one file: ten for each layer that it may have."""

MAX_LAYERS: Final = 400
MAX_WEIGHTS: Final = 2**26
"""Weights of one layer."""

MAX_SIDE: Final = 2**18
"""Rows or columns of the matrix of a layer."""

MAX_DIMENSIONS: Final = 8
MAX_NAME: Final = MAX_LAYER_NAME
"""Characters of a tensor's name."""

BAND: Final = 2**20
"""Weights that are looked at together; at least one row of a layer and sixteen of it at most four times as many."""
