"""Photographs to try with, in shades of grey; `samples/README.md` names their authors and licences."""

from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from app.pictures.picture import Picture, grey

SAMPLES: Final = Path(__file__).with_name("samples")


def draw(*, name: str = "cat") -> Picture:
    """Return the photograph of that name, 256 × 256: dark is ink.

    Raises FileNotFoundError on an unknown name. Source: scikit-image and scikit-learn, see `samples/README.md`.
    """
    with Image.open(SAMPLES / f"{name}.png", formats=["PNG"]) as image:
        return grey(np.asarray(image))
