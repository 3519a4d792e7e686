"""All frames of a training in one file: an animation, or a strip side by side."""

import io
from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
from PIL import Image

from app.atlas.palettes import Theme
from app.kinds.erasure.film.pictures import SHADES, Pixels, Scale, palette, pixels, reach
from app.kinds.erasure.film.reader import FilmReader, Show, Still

Form: TypeAlias = Literal["webp", "gif", "png"]

MEDIA_TYPES: dict[Form, str] = {"webp": "image/webp", "gif": "image/gif", "png": "image/png"}
FRAME_MS = 300
MAX_SIDE = 1024
"""Pixels of a frame in a file, each way: some thirty frames are held at once."""
GAP = 2
_PAPER = 2 * SHADES + 1


def film(
    reader: FilmReader, stills: Sequence[Still], show: Show, scale: Scale, size: int, theme: Theme, form: Form
) -> bytes:
    """Return the frames of the wall, without words: animated WebP (lossless) or GIF, or a PNG with all of them.

    Every frame lasts `FRAME_MS`; frames that look alike one after another are one that lasts longer. In the PNG `GAP`
    pixels of paper part them. Raises NotFound, Corrupt.
    """
    out = io.BytesIO()
    with reader.exporting:
        frames = [pixels(reader, still, show, reach(reader, still, show, scale), size) for still in stills]
        if form == "png":
            _image(_side_by_side(frames), theme).save(out, "PNG")
        else:
            first, *rest = (_image(frame, theme) for frame in frames)
            more = {"lossless": True, "method": 0} if form == "webp" else {"optimize": False, "disposal": 1}
            first.save(out, form, save_all=True, append_images=rest, duration=FRAME_MS, loop=0, **more)
    return out.getvalue()


def _side_by_side(frames: Sequence[Pixels]) -> Pixels:
    gap = np.full((frames[0].shape[0], GAP), _PAPER, np.uint8)
    parts = [part for frame in frames for part in (gap, frame)]
    return np.concatenate(parts[1:], axis=1)


def _image(frame: Pixels, theme: Theme) -> Image.Image:
    image = Image.fromarray(frame, "P")
    image.putpalette(palette(theme))
    return image
