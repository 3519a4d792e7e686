"""Twelve hundred pictures that somebody has tampered with: each is refused in words or taken, and that is all."""

import base64
import random
import struct
import zlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from PIL import Image

from app.pictures import upload
from app.settings import Settings
from tests.app.pictures import images
from tests.app.pictures.images import encoded, photograph, ramp, square

FILES = 1_200


def valid() -> list[bytes]:
    """Small files of every format and mode, with and without notes and frames."""
    exif = Image.Exif()
    exif[images.ORIENTATION] = 6
    colours, letters = photograph(40, 30), Image.fromarray(square())
    frames: dict[str, Any] = {
        "save_all": True,
        "append_images": [colours.transpose(Image.Transpose.ROTATE_180)],
        "duration": 20,
    }
    return [
        encoded(colours), encoded(colours.convert("RGBA")), encoded(colours.convert("P")),
        encoded(letters.convert("1")), encoded(ramp(20, 90)), encoded(colours, exif=exif), encoded(colours, **frames),
        encoded(colours, "JPEG", quality=70), encoded(colours, "JPEG", progressive=True, exif=exif),
        encoded(colours.convert("CMYK"), "JPEG"), encoded(letters, "JPEG"),
        encoded(colours, "WEBP", exif=exif), encoded(colours.convert("RGBA"), "WEBP", lossless=True),
        encoded(colours, "WEBP", **frames),
    ]  # fmt: skip


def flip(rng: random.Random, content: bytes) -> bytes:
    """A few bytes, of the header as often as of the rest."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        changed[rng.randrange(min(len(changed), 60) if rng.random() < 0.5 else len(changed))] = rng.randrange(256)
    return bytes(changed)


def cut(rng: random.Random, content: bytes) -> bytes:
    kept = content[: rng.randrange(len(content))]
    return kept if rng.random() < 0.6 else kept + rng.randbytes(rng.randint(1, 99))


def repeat(rng: random.Random, content: bytes) -> bytes:
    """A piece once more, or in another place."""
    a, b = sorted(rng.randrange(len(content)) for _ in range(2))
    at = rng.randrange(len(content))
    return content[:at] + content[a:b] + content[at:]


def splice(rng: random.Random, content: bytes) -> bytes:
    """The head of one file on the tail of another."""
    other = rng.choice(VALID)
    return content[: rng.randrange(len(content))] + other[rng.randrange(len(other)) :]


def claim(rng: random.Random, content: bytes) -> bytes:
    """Another size than there is, under a right checksum where the format has one."""
    width, height = (rng.choice([0, 1, 7, 300, 6_000, 16_384, 65_535, 2**24, 2**31 - 1]) for _ in range(2))
    if content[1:4] == b"PNG":
        head = struct.pack(">II", width, height) + content[24:29]
        return content[:8] + images.chunk(b"IHDR", head) + content[33:]
    if content[:4] == b"RIFF":
        return content[:24] + rng.randbytes(6) + content[30:]
    at = max(content.find(b"\xff\xc0"), content.find(b"\xff\xc2"))
    return content[: at + 5] + struct.pack(">HH", height & 0xFFFF, width & 0xFFFF) + content[at + 9 :]


def chunks(rng: random.Random, content: bytes) -> bytes:
    """A sound PNG with something in it that a decoder may trip over."""
    bodies = [rng.randbytes(rng.randint(0, 40)), bytes(rng.randint(0, 2**16)), b"a\0\0" + zlib.compress(bytes(2**22))]
    names = (
        b"IHDR",
        b"PLTE",
        b"tRNS",
        b"iCCP",
        b"zTXt",
        b"iTXt",
        b"eXIf",
        b"acTL",
        b"fcTL",
        b"fdAT",
        b"gAMA",
        b"pHYs",
        b"IDAT",
    )
    before = b"".join(images.chunk(rng.choice(names), rng.choice(bodies)) for _ in range(rng.randint(1, 4)))
    mode = rng.choice([(1, 0), (8, 0), (16, 0), (8, 2), (8, 3), (8, 4), (8, 6), (16, 6), (3, 9)])
    rows = b"".join(b"\0" + rng.randbytes(64) for _ in range(16))
    return images.png(16, 16, mode=mode, data=rows, before=before)


VALID = valid()
MUTATIONS: tuple[Callable[[random.Random, bytes], bytes], ...] = (flip, flip, cut, repeat, splice, claim, chunks)


@pytest.mark.timeout(120)
def test_twelve_hundred_tampered_pictures(client: httpx.Client, settings: Settings) -> None:
    rng = random.Random(2025)
    answers: Counter[int] = Counter()
    words: set[str] = set()
    for number in range(FILES):
        content = MUTATIONS[number % len(MUTATIONS)](rng, rng.choice(VALID))
        answer = client.post("/api/v1/pictures", files={"picture": ("x", content)})
        answers[answer.status_code] += 1
        assert answer.status_code in (200, 413, 422), (number, answer.text)
        if answer.status_code == 200:
            body = answer.json()
            # Whatever it was made of, a spec can hold it and the preview can show it.
            assert max(body["width"], body["height"]) <= 256
            assert len(base64.b64decode(body["png"])) < 100_000
            assert upload.draw(png=body["png"]).two_level == body["two_level"]
        else:
            assert len(answer.content) < 2_000
            assert " object at 0x" not in answer.json()["detail"]
            words.add(answer.json()["detail"])
    # Some mutations do no harm; a fuzz whose files are all refused alike would show little.
    assert 100 < answers[200] < FILES // 2
    assert answers[413] > 20
    assert len(words) > 20
    assert list((settings.data_dir / "imports").iterdir()) == []


@pytest.mark.timeout(120)
def test_three_hundred_tampered_pictures_in_a_spec(client: httpx.Client) -> None:
    rng = random.Random(7)
    grey = [encoded(square()), encoded(ramp(20, 90))]
    answers: Counter[int] = Counter()
    for number in range(300):
        content = MUTATIONS[number % len(MUTATIONS)](rng, rng.choice(grey))
        picture = {"kind": "upload", "png": base64.b64encode(content).decode()[:200_000]}
        answer = client.post("/api/v1/pictures/preview", json={"picture": picture, "width": 32})
        answers[answer.status_code] += 1
        assert answer.status_code in (200, 422), answer.text
        assert answer.status_code == 200 or answer.json()["errors"][0]["path"] == "picture.png"
    assert min(answers[200], answers[422]) > 20
