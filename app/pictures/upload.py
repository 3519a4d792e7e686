"""A picture that came with a spec: a small grey PNG; its bytes are checked before they are decoded."""

import base64
import binascii
import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from app.pictures.picture import SIDE, Picture, grey

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
# Signature, then length and name of the first chunk, then width, height, bit depth and colour type.
_HEADER_BYTES: Final = 26
_GREY: Final = bytes((8, 0))


def draw(*, png: str = "") -> Picture:
    """Return the picture of a grey PNG in base64: dark is ink; two-level where its pixels have two values.

    Raises ValueError, whose words fit behind a field's name, when it is no 8-bit grey PNG of at most 256 × 256.
    Source: -
    """
    if not png:
        raise ValueError("needs a picture: draw, drop or choose one")
    try:
        data = base64.b64decode(png, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be base64 of a PNG") from None
    _check_header(data)
    try:
        return grey(_decode(data))
    except Exception as error:
        # Whatever a decoder trips over, the bytes are at fault.
        raise ValueError(f"is a PNG that cannot be decoded: {error}") from error


def encode(pixels: Image.Image) -> str:
    """Return the base64 of a grey picture as PNG, which `draw` takes."""
    out = io.BytesIO()
    pixels.save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode()


def _check_header(data: bytes) -> None:
    """Check size and mode, before anything is decoded. Raises ValueError."""
    if not data.startswith(_SIGNATURE):
        raise ValueError("must be a PNG; it is another format")
    if len(data) < _HEADER_BYTES or data[12:16] != b"IHDR":
        raise ValueError("is a PNG with a truncated header")
    width, height = (int.from_bytes(data[at : at + 4]) for at in (16, 20))
    if not (0 < width <= SIDE and 0 < height <= SIDE):
        raise ValueError(f"must be at most {SIDE}×{SIDE} pixels; it has {width:,}×{height:,}")
    if data[24:26] != _GREY:
        raise ValueError("must be an 8-bit greyscale PNG, without colour or transparency")
    if b"acTL" in data:
        raise ValueError("must not be an animation")


def _decode(data: bytes) -> NDArray[np.uint8]:
    # Not `Image.open`, which would warn of the size before it can be checked.
    image = PngImageFile(io.BytesIO(data))
    # Of two headers the decoder takes the later one.
    if max(image.size) > SIDE or image.mode != "L":
        raise ValueError("it contains its header twice")
    return np.asarray(image)
