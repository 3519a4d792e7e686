"""Uploads become small grey PNGs with known pixels, or are refused in words before they cost anything."""

import base64
import io
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from app.pictures import upload
from app.pictures.prepare import MAX_BYTES, Refused, prepare
from tests.app.pictures import images
from tests.app.pictures.images import encoded, photograph, ramp, square


@pytest.fixture(autouse=True)
def no_warning_escapes() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def pixels(data: bytes) -> NDArray[np.uint8]:
    """The pixels of what an upload becomes, read by another way than the product's."""
    png = base64.b64decode(prepare(data))
    with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
        assert image.mode == "L"
        assert not image.info
        assert not image.getexif()
        return np.asarray(image)


def refused(data: bytes) -> Refused:
    with pytest.raises(Refused) as error:
        prepare(data)
    return error.value


@pytest.mark.parametrize("format_", ["PNG", "WEBP"])
@pytest.mark.parametrize("shown", [square(), 255 - square(), ramp(), np.roll(square(), 7, axis=1)])
def test_small_grey_pictures_are_taken_as_they_are(shown: NDArray[np.uint8], format_: str) -> None:
    assert np.array_equal(pixels(encoded(shown, format_, **({"lossless": True} if format_ == "WEBP" else {}))), shown)


def test_a_jpeg_is_near_what_it_shows() -> None:
    truth = np.asarray(photograph().convert("L"), int)
    assert np.abs(pixels(encoded(photograph(), "JPEG", quality=95)).astype(int) - truth).mean() < 2
    cmyk = pixels(encoded(photograph().convert("CMYK"), "JPEG", quality=95)).astype(int)
    assert np.abs(cmyk - truth).mean() < 4


def test_large_pictures_are_averaged_and_keep_their_proportions() -> None:
    large = np.kron(ramp(64, 256), np.ones((4, 4), np.uint8))
    assert np.array_equal(pixels(encoded(large)), ramp(64, 256))
    assert pixels(encoded(photograph(1000, 300), "JPEG")).shape == (77, 256)
    assert pixels(encoded(photograph(10, 2000))).shape == (256, 1)


def test_two_shades_stay_two_unless_nothing_would_be_left() -> None:
    large = np.kron(square(), np.ones((5, 5), np.uint8))
    image = pixels(encoded(large))
    assert np.unique(image).tolist() == [0, 255]
    assert upload.draw(png=prepare(encoded(large))).two_level
    # Shifted by half a pixel of what comes out, every edge would be grey.
    assert np.unique(pixels(encoded(np.roll(large, 2, axis=1)))).tolist() == [0, 255]
    assert (image == 0).mean() == pytest.approx((square() == 0).mean(), abs=0.005)
    lines = np.full((1024, 1024), 255, np.uint8)
    lines[::8] = 0
    lines[:512] = 255
    assert len(np.unique(pixels(encoded(lines)))) == 2


def test_colours_become_their_luma() -> None:
    colours = Image.new("RGB", (4, 1))
    for x, colour in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]):
        colours.putpixel((x, 0), colour)
    truth = [round(0.299 * 255), round(0.587 * 255), round(0.114 * 255), 255]
    assert np.abs(pixels(encoded(colours))[0].astype(int) - truth).max() <= 1
    paletted = colours.convert("P", palette=Image.Palette.ADAPTIVE)
    assert np.abs(pixels(encoded(paletted))[0].astype(int) - truth).max() <= 1


def test_what_is_transparent_is_white() -> None:
    layered = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    layered.paste((0, 0, 0, 255), (0, 0, 4, 8))
    layered.paste((0, 0, 0, 51), (4, 0, 6, 8))
    for data in (encoded(layered), encoded(layered, "WEBP", lossless=True)):
        assert pixels(data)[0].tolist() == [0, 0, 0, 0, 204, 204, 255, 255]
    one_colour = Image.fromarray(square()).convert("P")
    assert np.unique(pixels(encoded(one_colour))).tolist() == [0, 255]
    # White letters on nothing are white on white; a palette may say that black is nothing.
    assert "no contrast" in str(refused(encoded(one_colour, transparency=0)))
    assert "no contrast" in str(refused(encoded(one_colour, transparency=bytes([0] * 256))))


def test_sixteen_bits_become_eight() -> None:
    deep = (ramp().astype(np.uint16) * 257)[:, ::2]
    assert np.array_equal(pixels(encoded(Image.fromarray(deep))), ramp()[:, ::2])


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_camera_that_was_held_otherwise(format_: str, orientation: int) -> None:
    # Row and column of the corner that is the stored picture's top left, when it is seen upright.
    corner = {1: (0, 0), 2: (0, 1), 3: (1, 1), 4: (1, 0), 5: (0, 0), 6: (0, 1), 7: (1, 1), 8: (1, 0)}[orientation]
    stored = np.full((48, 96), 255, np.uint8)
    stored[:16, :16] = 0
    exif = Image.Exif()
    exif[images.ORIENTATION] = orientation
    seen = pixels(encoded(Image.fromarray(stored), format_, exif=exif, quality=95))
    assert seen.shape == ((48, 96) if orientation < 5 else (96, 48))
    corners = [[seen[y, x] < 100 for x in (4, -4)] for y in (4, -4)]
    assert [at for at, dark in np.ndenumerate(np.array(corners)) if dark] == [corner]


def test_a_broken_exif_is_no_reason() -> None:
    for exif in (b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0garbage"):
        assert np.abs(pixels(encoded(square(), "JPEG", exif=exif)).astype(int) - square()).mean() < 10


@pytest.mark.parametrize("format_", ["WEBP", "PNG"])
def test_of_an_animation_the_first_frame(format_: str) -> None:
    frames = [Image.fromarray(item).convert("RGB") for item in (square(), 255 - square(), square(left=30))]
    data = encoded(frames[0], format_, save_all=True, append_images=frames[1:], duration=50,
                   **({"lossless": True} if format_ == "WEBP" else {}))  # fmt: skip
    assert np.array_equal(pixels(data), square())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (images.SVG, "is an SVG"),
        (b"\xef\xbb\xbf  <!-- x --> <SVG>", "is an SVG"),
        (encoded(square(), "GIF"), "is a GIF: send a PNG, a JPEG or a WebP"),
        (encoded(square(), "BMP"), "is a BMP"),
        (encoded(square(), "TIFF"), "is a TIFF"),
        (encoded(square(), "ICO"), "is an icon"),
        (b"%PDF-1.7", "is a PDF"),
        (b"PK\3\4", "is a ZIP"),
        (b"\0\0\0\x1cftypheic", "a HEIC"),
        (b"hello", "no picture that is known here"),
        (b"\x89PNG\r\n\x1a\n", "is a PNG that"),
        (b"\xff\xd8\xff", "is a JPEG that"),
        (b"RIFF\x04\0\0\0WEBP", "is a WebP with a truncated header"),
        (b"RIFF\x05\0\0\0WEBP", "is a truncated WebP"),
        (encoded(np.full((30, 30), 200, np.uint8)), "has no contrast"),
        (encoded(np.full((30, 30), 200, np.uint8), "JPEG"), "has no contrast"),
        (encoded(np.where(square() == 0, 244, 255).astype(np.uint8)), "has no contrast"),
    ],
)  # fmt: skip
def test_what_is_refused_and_why(data: bytes, words: str) -> None:
    error = refused(data)
    assert words in str(error)
    assert not error.too_large


@pytest.mark.parametrize(
    "data",
    [
        images.png(50_000, 50_000),
        images.png(40_000_001, 1),
        images.png(2**31 - 1, 2**31 - 1),
        # The second of two headers counts.
        images.png(8, 8, before=images.chunk(b"IHDR", images.png(9_000, 9_000)[16:29])),
        images.jpeg(65_535, 65_535),
        images.webp(16_384, 16_384),
        images.webp(2**24, 2**24),
    ],
)
def test_a_bomb_is_refused_before_it_is_decoded(data: bytes) -> None:
    began = time.perf_counter()
    error = refused(data)
    assert error.too_large
    assert "at most 40 million" in str(error)
    assert time.perf_counter() - began < 0.1


def test_just_too_large_and_just_not() -> None:
    assert "at most 10,485,760 are allowed" in str(refused(b"\x89PNG\r\n\x1a\n" + bytes(MAX_BYTES)))
    # 40 million pixels of one shade and a corner, in 40 kB.
    allowed = Image.new("1", (8_000, 5_000), 1)
    allowed.paste(0, (0, 0, 4_000, 2_500))
    assert (pixels(encoded(allowed)) == 0).mean() == 0.25
    assert refused(encoded(Image.new("1", (8_000, 5_001)))).too_large


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP"])
def test_cut_off_at_every_97th_byte(format_: str) -> None:
    whole = encoded(photograph(), format_, quality=90)
    truth = pixels(whole)
    told: set[str] = set()
    for end in range(0, len(whole), 97):
        error = refused(whole[:end])
        told.add(str(error))
    assert any("truncated" in words for words in told), told
    # Cut off behind its pixels it is still whole.
    for end in range(len(whole) - 12, len(whole)):
        try:
            assert np.array_equal(pixels(whole[:end]), truth)
        except Refused:
            continue


GROWTH = """
import resource, sys
from pathlib import Path
from app.pictures.prepare import prepare
prepare(Path(sys.argv[1]).read_bytes())  # libraries
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
prepare(Path(sys.argv[2]).read_bytes())
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.parametrize(
    ("format_", "mode", "most"), [("JPEG", "RGB", 60), ("PNG", "P", 120), ("PNG", "RGBA", 260), ("WEBP", "RGB", 700)]
)
def test_memory_is_bounded_by_the_pixels_that_are_allowed(tmp_path: Path, format_: str, mode: str, most: float) -> None:
    # As many pixels as there may be; what they take is the decoder's four bytes, and no copy of them.
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(encoded(photograph().convert(mode), format_))
    picture = Image.new(mode, (8_000, 5_000), 255 if mode == "P" else "white")
    picture.paste(Image.new(mode, (4_000, 2_500), 0 if mode == "P" else "black"), (0, 0))
    if mode == "P":
        picture.putpalette(bytes(range(256)) * 3)
    large.write_bytes(encoded(picture, format_, **({"quality": 1, "method": 0} if format_ == "WEBP" else {})))
    command = [sys.executable, "-c", GROWTH, str(small), str(large)]
    grown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert float(grown) < most
