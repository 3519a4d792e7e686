"""A header is believed only as far as the file bears it out; what it gets wrong is named."""

import io
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load, save

from app.imports.header import read_header
from app.imports.limits import MAX_HEADER_BYTES, MAX_NAME, MAX_TENSORS
from app.imports.refused import Refused
from tests.app.imports.files import one, raw

FINE = {"dtype": "U8", "shape": [6], "data_offsets": [0, 6]}


def read(content: bytes) -> Any:
    return read_header(io.BytesIO(content), len(content), "a.safetensors")


def refusal(content: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        read(content)
    assert caught.value.file in str(caught.value)
    return caught.value


@given(
    st.dictionaries(
        st.text("abcdefg._0123456789é", min_size=1, max_size=20).filter(lambda name: ".." not in name),
        st.tuples(st.sampled_from(["f2", "f4", "f8", "i1", "u1", "i8", "?"]), st.lists(st.integers(0, 4), max_size=4)),
        min_size=1,
        max_size=6,
    )
)
def test_what_the_library_writes_is_read_as_the_library_reads_it(tensors: dict[str, tuple[str, list[int]]]) -> None:
    content = save({name: np.zeros(shape, dtype) for name, (dtype, shape) in tensors.items()}, {"format": "np"})
    entries = read(content)
    expected = load(content)
    assert entries.keys() == expected.keys()
    for name, entry in entries.items():
        assert (entry.shape, entry.size) == (expected[name].shape, expected[name].size)


def test_a_tensor_starts_where_its_bytes_are() -> None:
    content = raw(
        {"a": {**FINE, "data_offsets": [3, 9]}, "b": {**FINE, "shape": [3], "data_offsets": [0, 3]}}, b"bbbaaaaaa"
    )
    entries = read(content)
    assert {name: content[entry.start : entry.start + entry.size] for name, entry in entries.items()} == {
        "a": b"aaaaaa",
        "b": b"bbb",
    }


@pytest.mark.parametrize(
    ("content", "field", "words"),
    [
        (one(dtype="F8_E4M3", shape=[7]), "data_offsets", "must span 7 bytes"),
        (one(dtype="../x"), "dtype", "must be the name of a type, such as F64"),
        (one(dtype=None), "dtype", "must be the name of a type"),
        (one(dtype=["U8"]), "dtype", "must be the name of a type"),
        (one(shape="6"), "shape", "integers"),
        (one(shape=[2.0, 3]), "shape", "integers"),
        (one(shape=[True, 6]), "shape", "integers"),
        (one(shape=[-2, -3]), "shape", "non-negative"),
        (one(shape=[1] * 9), "shape", "at most 8"),
        (one(shape=[10**6, 10**6]), "shape", "more elements than fit"),
        (one(shape=[2**62, 2**62, 2**62]), "shape", "more elements than fit"),
        (one(shape=[2**64]), "shape", "integers"),
        (one(shape=[7]), "data_offsets", "must span 7 bytes"),
        (one(dtype="F16"), "data_offsets", "must span 12 bytes"),
        (one(data_offsets=[0, 6, 6]), "data_offsets", "two integers"),
        (one(data_offsets=[6, 0]), "data_offsets", "must span"),
        (one(data_offsets=[-6, 0]), "data_offsets", "integers"),
        (one(data_offsets=[1, 7]), "data_offsets", "gap"),
        (one(data_offsets=[2**62, 2**62 + 6]), "data_offsets", "gap"),
        (one(extra=1), "", "must have exactly"),
        (raw({"fc1.weight": None}), "", "must have exactly dtype"),
        (raw({"a": FINE, "b": FINE}, bytes(6)), "data_offsets", "overlaps"),
        (raw({"a": {**FINE, "shape": [7], "data_offsets": [0, 7]}}, bytes(6)), "data_offsets", "past the end"),
    ],
)
def test_an_entry_that_lies_is_named_with_its_field(content: bytes, field: str, words: str) -> None:
    error = refusal(content)
    assert (error.field, words in str(error)) == (field, True), str(error)
    assert error.tensor in ("fc1.weight", "a", "b")


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "a/b", "a\\b", "..", "a..b", "", "a\nb", "a\x00", "x" * (MAX_NAME + 1), "a\u202eb", "\ud800"],
)
def test_a_name_that_is_a_path_or_no_line_is_refused(name: str) -> None:
    error = refusal(one(name))
    assert (error.field, error.status) == ("name", 422)
    assert len(str(error)) < 300
    assert str(error).isprintable()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "does not begin with"),
        (b"{}", "does not begin with"),
        (raw(b"{")[:8], "does not begin with"),
        (raw({"a": FINE}, bytes(6))[:-40], "but the file ends after"),
        (raw({"a": FINE}, bytes(5)), "past the end"),
        (raw({"a": FINE}, bytes(7)), "1 bytes at its end"),
        (raw(b"{}"), "no tensor"),
        (raw({"__metadata__": {"format": "pt"}}), "no tensor"),
        (raw({"a": FINE, "__metadata__": 3}, bytes(6)), "__metadata__"),
        (raw(b"{\xff}"), "not JSON"),
        (raw(b'{"a": NaN}'), "NaN is not a JSON number"),
        (raw(b'{"a": ' + b"1" * 5_000 + b"}"), "not JSON"),
        (raw(b"{" + b'"a":{' * 100_000), "not JSON: nested too deeply"),
        (raw(b'{"a": ' + b"[" * 200_000), "not JSON"),
        (raw(b'{"a":' + json.dumps(FINE).encode() + b',"a":' + json.dumps(FINE).encode() + b"}", bytes(6)), "twice"),
        (raw(b'{"a":{"dtype":"U8","dtype":"U8","shape":[6],"data_offsets":[0,6]}}', bytes(6)), "twice"),
    ],
)
def test_a_file_that_is_cut_or_no_json_is_refused(content: bytes, words: str) -> None:
    assert words in str(refusal(content))


def test_a_header_over_the_limit_is_not_read() -> None:
    class Counted(io.BytesIO):
        taken = 0

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            self.taken += len(data)
            return data

    content = raw(b"{" + b" " * MAX_HEADER_BYTES)
    file = Counted(content)
    with pytest.raises(Refused, match="claims 1,048,577 bytes") as caught:
        read_header(file, len(content), "a.safetensors")
    assert (caught.value.status, file.taken) == (413, 16)


def test_a_header_of_too_many_tensors_is_refused() -> None:
    none = {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}
    assert len(read(raw({str(i): none for i in range(MAX_TENSORS)}))) == MAX_TENSORS
    error = refusal(raw({str(i): none for i in range(MAX_TENSORS + 1)}))
    assert (error.status, "4,097 tensors" in str(error)) == (413, True)


@pytest.mark.parametrize("dtype", ["F8_E4M3", "F8_E5M2", "F4", "SOMETHING_NEW"])
def test_a_type_that_is_not_read_does_not_refuse_the_file(dtype: str) -> None:
    entries = read(raw({"a": FINE, "b": {**FINE, "dtype": dtype, "data_offsets": [6, 12]}}, bytes(12)))
    assert [entry.readable for entry in entries.values()] == [True, False]


def test_a_tensor_without_elements_needs_no_bytes() -> None:
    empty = {"dtype": "F32", "shape": [0, 10**12], "data_offsets": [0, 0]}
    assert read(raw({"a": empty, "b": FINE}, bytes(6)))["a"].size == 0
