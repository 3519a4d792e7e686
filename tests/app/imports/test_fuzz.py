"""Eight hundred files that somebody has tampered with: each is refused or imported, and nothing else ever happens."""

import json
import random
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.settings import Settings
from app.store import Store
from tests.app.imports.files import Network, one, raw, typed

FILES = 800
NUMBERS: tuple[Any, ...] = (
    0, -1, 1, 2, 2**31 - 1, 2**31, 2**32, 2**40, 2**53, 2**63 - 1, 2**63, 2**64, 10**12, 10**30, 1.5, 1e308, True, None,
    "1", [], {}, [[]], float("nan"), float("inf"), "\u0000", "../x", "F32", "BOOL", "__metadata__", "\ud800",
)  # fmt: skip


def valid() -> list[bytes]:
    network = Network(2)
    forms = (network.ticket, network.pruned, network.masks_alone, network.weights_alone)
    mixed = typed({f"{dtype}.weight": (network.initial["fc"].round(), dtype) for dtype in ("F16", "BF16", "I8", "F64")})
    return [*(form(level) for form in forms for level in range(2)), mixed, one()]


def parts(content: bytes) -> tuple[dict[str, Any], bytes]:
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def flip(rng: random.Random, content: bytes) -> bytes:
    """A few bytes, of the header as often as of the data."""
    changed = bytearray(content)
    length = int.from_bytes(content[:8], "little")
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(min(len(changed), 8 + length) if rng.random() < 0.7 else len(changed))
        changed[at] = rng.randrange(256)
    return bytes(changed)


def cut(rng: random.Random, content: bytes) -> bytes:
    kept = content[: rng.randrange(len(content))]
    return kept if rng.random() < 0.6 else kept + rng.randbytes(rng.randint(1, 99))


def lie_about_the_length(rng: random.Random, content: bytes) -> bytes:
    length = int.from_bytes(content[:8], "little")
    claimed = rng.choice(
        [0, 1, length - 1, length + 1, length + 8, 2**20, 2**20 + 1, 2**32, 2**63, rng.getrandbits(64)]
    )
    return claimed.to_bytes(8, "little") + content[8:]


def edit(rng: random.Random, content: bytes) -> bytes:
    """One to three values of the header in place of which something else stands."""
    header, data = parts(content)
    for _ in range(rng.randint(1, 3)):
        name = rng.choice(list(header))
        entry = header[name]
        what = rng.random()
        if what < 0.15:
            header[rng.choice(["a/b", "..", "", "x" * 300, "\u202e", "fc.weight_mask", "é"])] = header.pop(name)
        elif what < 0.25:
            header[name] = rng.choice(NUMBERS)
        elif isinstance(entry, dict) and entry:
            key = rng.choice(list(entry))
            value = entry[key]
            if isinstance(value, list) and value and rng.random() < 0.7:
                value[rng.randrange(len(value))] = rng.choice(NUMBERS)
            elif rng.random() < 0.8:
                entry[key] = rng.choice(NUMBERS)
            else:
                del entry[key]
    return raw(header, data)


def splice_text(rng: random.Random, content: bytes) -> bytes:
    """A piece of the header's text in place of another, under the right length."""
    length = int.from_bytes(content[:8], "little")
    text, data = content[8 : 8 + length], content[8 + length :]
    a, b = sorted(rng.randrange(len(text)) for _ in range(2))
    c, d = sorted(rng.randrange(len(text)) for _ in range(2))
    return raw(text[:a] + text[c:d] + text[b:], data)


def mix(rng: random.Random, content: bytes) -> bytes:
    """The header of one file over the data of another."""
    other = rng.choice(VALID)
    return raw(parts(content)[0] | parts(other)[0] if rng.random() < 0.5 else parts(content)[0], parts(other)[1])


def any_json(rng: random.Random, content: bytes) -> bytes:
    def value(depth: int) -> Any:
        if depth == 0 or rng.random() < 0.3:
            return rng.choice(NUMBERS)
        if rng.random() < 0.5:
            return [value(depth - 1) for _ in range(rng.randrange(4))]
        names = ("dtype", "shape", "data_offsets", "fc.weight", "__metadata__")
        return {rng.choice(names): value(depth - 1) for _ in range(rng.randrange(4))}

    return raw({f"l{i}.weight": value(3) for i in range(rng.randint(1, 3))}, content[-rng.randint(1, 50) :])


VALID = valid()
MUTATIONS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    flip, cut, lie_about_the_length, edit, edit, splice_text, mix, any_json,
)  # fmt: skip


@pytest.mark.timeout(300)
def test_eight_hundred_tampered_files(client: httpx.Client, store: Store, settings: Settings) -> None:
    rng = random.Random(2024)
    answers: dict[int, int] = {}
    imported = 0
    for number in range(FILES):
        mutate = MUTATIONS[number % len(MUTATIONS)]
        contents = [mutate(rng, rng.choice(VALID))]
        if number % 5 == 0:  # a sequence, of which one file is sound
            contents.insert(rng.randrange(2), rng.choice(VALID))
        files = [("files", (f"{i}.safetensors", content)) for i, content in enumerate(contents)]
        answer = client.post("/api/v1/imports", files=files)
        answers[answer.status_code] = answers.get(answer.status_code, 0) + 1
        assert answer.status_code in (201, 413, 422), (number, mutate, answer.text)
        if answer.status_code == 201:
            imported += 1
            run = answer.json()["id"]
            assert client.get(f"/api/v1/runs/{run}/tickets/0/0").status_code == 200
        else:
            assert "safetensors" in answer.json()["detail"]
            assert len(answer.content) < 4_000
    # Some mutations do no harm; a fuzz whose files are all refused alike would show little.
    assert 20 < imported < FILES // 2
    assert answers[413] > 20
    assert sum(store.count_runs().values()) == imported
    saved = {ref.id for run in store.last_seqs() for ref in store.artifacts(run)}
    kept = {path.name for path in (settings.data_dir / "artifacts").rglob("*") if path.is_file()}
    assert kept == saved
    assert list((settings.data_dir / "imports").iterdir()) == []
