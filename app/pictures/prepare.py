"""An uploaded picture as the small grey PNG that a spec holds, or words on why not; no upload is trusted."""

import io
import threading
import warnings
from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from app.pictures import upload
from app.pictures.picture import MIN_CONTRAST, SIDE, contrast, grey

MAX_BYTES: Final = 10 * 2**20
MAX_PIXELS: Final = 40_000_000

Format: TypeAlias = Literal["PNG", "JPEG", "WebP"]

_OPEN: Final[Mapping[Format, Callable[[io.BytesIO], ImageFile]]] = {
    # Not `Image.open`: its own limit is another, and it only warns.
    "PNG": PngImageFile,
    "JPEG": JpegImageFile,
    "WebP": WebPImageFile,
}
_OTHERS: Final = (
    (b"GIF8", "a GIF"),
    (b"BM", "a BMP"),
    (b"II*\0", "a TIFF"),
    (b"MM\0*", "a TIFF"),
    (b"%PDF", "a PDF"),
    (b"\0\0\1\0", "an icon file"),
    (b"PK\3\4", "a ZIP archive"),
)
_ORIENTATION: Final = 0x0112
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Modes whose colours can be counted.
_COUNTED: Final = ("1", "L", "P", "LA", "RGB", "RGBA")
# Pixels that are turned grey at a time.
_BAND: Final = 2**20
_ONE_AT_A_TIME: Final = threading.Lock()


class Refused(Exception):  # noqa: N818 (it is an answer, not a fault)
    """A picture that is not taken; its words can be shown. `too_large` is True if only the size is wrong."""

    def __init__(self, message: str, *, too_large: bool = False) -> None:
        super().__init__(message)
        self.too_large = too_large


def prepare(data: bytes) -> str:
    """Return the picture in a PNG, JPEG or WebP as base64 of a grey PNG of at most 256 × 256 pixels, dark on white.

    It is turned by its EXIF orientation and stripped of everything else. Of an animation the first frame is taken, and
    what is transparent becomes white. A picture of two colours keeps two shades. Raises Refused.
    """
    if len(data) > MAX_BYTES:
        raise Refused(f"has {len(data):,} bytes; at most {MAX_BYTES:,} are allowed", too_large=True)
    format_ = _format(data)
    # Pillow warns of what is odd in a file: it concerns its owner alone, and the answer has it.
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            small = _small(_opened(format_, data))
        except Refused:
            raise
        except Exception as error:
            # Whatever a decoder trips over, the file is at fault.
            raise Refused(_cause(format_, error)) from error
    if contrast(grey(np.asarray(small)).ink) < MIN_CONTRAST:
        raise Refused("has no contrast: the erasure of a blank picture is undefined")
    return upload.encode(small)


def _format(data: bytes) -> Format:
    """Return the format by the content, whatever the file is called. Raises Refused."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WebP"
    what = next((name for start, name in _OTHERS if data.startswith(start)), "")
    head = data[:4_096].lower()
    if b"<svg" in head:
        raise Refused("is an SVG, which is not a pixel image: export it as a PNG")
    if data[4:8] == b"ftyp":
        what = "an AVIF, a HEIC or a video"
    if not data:
        raise Refused("is empty: the file has no bytes")
    raise Refused(f"is {what or 'no picture that is known here'}: send a PNG, a JPEG or a WebP")


def _opened(format_: Format, data: bytes) -> ImageFile:
    """Return the picture before it is decoded. Raises Refused when it is too large, and what its decoder raises."""
    if format_ == "WebP":
        if int.from_bytes(data[4:8], "little") + 8 > len(data):
            raise Refused(_cause(format_, EOFError("truncated")))
        # Its decoder makes room for the picture when it is opened.
        _check_size(_webp_size(data))
    image = _OPEN[format_](io.BytesIO(data))
    _check_size(image.size)
    return image


def _check_size(size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        words = f"has {width:,}×{height:,} pixels; at most {MAX_PIXELS // 10**6} million are allowed"
        raise Refused(words, too_large=True)
    if width * height == 0:
        raise Refused("has no pixels")


def _webp_size(data: bytes) -> tuple[int, int]:
    """Return width and height from the first chunk of a WebP. Source: RFC 9649, sections 2.5 to 2.7."""
    chunk, body = data[12:16], data[20:30]
    if len(body) == 10 and chunk == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if len(body) == 10 and chunk == b"VP8 ":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    if len(body) >= 5 and chunk == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    raise Refused("is a WebP with a truncated header")


def _small(image: ImageFile) -> Image.Image:
    """Return the picture in grey, at most 256 × 256, turned upright."""
    if isinstance(image, JpegImageFile):
        # The decoder itself leaves out what would be averaged away.
        image.draft("L", (2 * SIDE, 2 * SIDE))
    image.load()
    # Asked after loading: a PNG may carry it behind its pixels.
    turn = _TURNS.get(_orientation(image))
    two = image.mode in _COUNTED and image.getcolors(2) is not None
    width, height = image.size
    scale = min(1.0, SIDE / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = _grey(image).resize(size, Image.Resampling.BOX)
    if two and scale < 1:
        small = _two_shades(small)
    return small if turn is None else small.transpose(turn)


def _orientation(image: ImageFile) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 (its picture is sound, whatever its notes are)
        return 1


def _grey(image: ImageFile) -> Image.Image:
    """Return the picture in 256 shades, on white; band by band, since a colour takes four bytes and a shade one."""
    width, height = image.size
    paper = Image.new("L", image.size)
    high = max(1, _BAND // width)
    for top in range(0, height, high):
        band = image.crop((0, top, width, min(height, top + high)))
        if band.mode.startswith("I"):  # 16 bits a pixel
            band = Image.fromarray((np.asarray(band) >> 8).clip(0, 255).astype(np.uint8))
        elif band.has_transparency_data:
            band = Image.alpha_composite(Image.new("RGBA", band.size, "white"), band.convert("RGBA"))
        elif band.mode == "CMYK":
            band = band.convert("RGB")
        paper.paste(band.convert("L"), (0, top))
    return paper


def _two_shades(small: Image.Image) -> Image.Image:
    """Return a picture drawn in two shades with two after shrinking, unless nothing would be left of its lines."""
    pixels = np.asarray(small)
    low, high = int(pixels.min()), int(pixels.max())
    dark = pixels <= (low + high) / 2
    return Image.fromarray(np.where(dark, low, high).astype(np.uint8))


def _cause(format_: Format, error: Exception) -> str:
    text = str(error)
    if "truncated" in text.lower():
        return f"is a truncated {format_}"
    words = "".join(c for c in text if c.isprintable())[:160] or type(error).__name__
    return f"is a {format_} that cannot be decoded: {words}"
