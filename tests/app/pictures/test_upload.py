"""The PNG of a spec is read back as it was, and nothing else is decoded."""

import base64
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from app.pictures import upload
from app.pictures.picture import grey
from tests.app.pictures.images import chunk, encoded, png, ramp, square


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_ramp_and_square_come_back() -> None:
    for pixels in (ramp(), square(), 255 - square()):
        drawn = upload.draw(png=upload.encode(Image.fromarray(pixels)))
        assert np.array_equal(drawn.ink, grey(pixels).ink)
        assert drawn.two_level == grey(pixels).two_level
    assert np.allclose(upload.draw(png=text(encoded(ramp()))).ink, 1 - ramp() / 255, atol=1e-6)


def test_what_is_shown_dark_is_ink() -> None:
    assert upload.draw(png=text(encoded(square()))).ink[8, 16] == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("", "needs a picture"),
        ("no base64!", "must be base64"),
        ("é", "must be base64"),
        (text(b"GIF89a"), "must be a PNG"),
        (text(encoded(ramp(), "JPEG")), "must be a PNG"),
        (text(encoded(square())[:20]), "truncated header"),
        (text(png(257, 1)), "it has 257×1"),
        (text(png(1, 2**31 - 1)), "at most 256×256 pixels; it has 1×2,147,483,647"),
        (text(png(0, 5)), "it has 0×5"),
        (text(png(8, 8, mode=(16, 0))), "8-bit greyscale"),
        (text(encoded(Image.new("RGB", (8, 8)))), "8-bit greyscale"),
        (text(encoded(Image.new("P", (8, 8)))), "8-bit greyscale"),
        (text(encoded(square())[:-30]), "cannot be decoded"),
        (text(png(200, 200, data=b"short")), "cannot be decoded"),
        (text(png(8, 8, before=chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)))), "twice"),
        (text(png(8, 8, data=bytes(72), before=chunk(b"acTL", bytes(8)))), "animation"),
        (text(png(8, 8, before=chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**24))))), "cannot be decoded"),
    ],
)  # fmt: skip
def test_anything_else_is_refused_in_words(data: str, words: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=words):
            upload.draw(png=data)
