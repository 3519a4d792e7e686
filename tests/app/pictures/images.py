"""Pictures as strangers send them, made here byte by byte or by an encoder, with known answers."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ORIENTATION = 0x0112
SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def encoded(pixels: NDArray[np.uint8] | Image.Image, format_: str = "PNG", **options: Any) -> bytes:
    """A file of that format."""
    image = Image.fromarray(pixels) if isinstance(pixels, np.ndarray) else pixels
    out = io.BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()


def square(side: int = 64, top: int = 8, left: int = 16, size: int = 24) -> NDArray[np.uint8]:
    """A black square on white, nowhere in the middle: `(side, side)`."""
    pixels = np.full((side, side), 255, np.uint8)
    pixels[top : top + size, left : left + size] = 0
    return pixels


def ramp(height: int = 64, width: int = 256) -> NDArray[np.uint8]:
    """From black at the left to white at the right."""
    return np.tile(np.linspace(0, 255, width).round().astype(np.uint8), (height, 1))


def photograph(width: int = 120, height: int = 90) -> Image.Image:
    """Something smooth in colours."""
    y, x = np.mgrid[0:height, 0:width]
    bands = [127 + 120 * np.sin(x / 17 + k) * np.cos(y / (11 + k)) for k in range(3)]
    return Image.fromarray(np.stack(bands, axis=2).astype(np.uint8))


def chunk(name: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, *, mode: tuple[int, int] = (8, 0), data: bytes = b"", before: bytes = b"") -> bytes:
    """A PNG whose header says what it is told, whatever its data are."""
    header = struct.pack(">IIBBBBB", width, height, *mode, 0, 0, 0)
    rest = chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + rest


def webp(width: int, height: int) -> bytes:
    """The beginning of an extended WebP of that size."""
    body = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    riff = b"WEBPVP8X" + struct.pack("<I", 10) + body
    return b"RIFF" + struct.pack("<I", len(riff)) + riff


def jpeg(width: int, height: int) -> bytes:
    """A sound JPEG of 8 × 8 whose header claims another size."""
    sound = encoded(np.zeros((8, 8), np.uint8), "JPEG")
    at = sound.index(b"\xff\xc0")
    return sound[: at + 5] + struct.pack(">HH", height, width) + sound[at + 9 :]
