"""Whatever is packed comes back bit by bit."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.store.chunks import pack, unpack

FLOATS = st.floats(allow_nan=True, allow_infinity=True, width=64)
TABLES = st.integers(1, 5).flatmap(
    lambda n: st.lists(st.lists(FLOATS, min_size=n, max_size=n), min_size=1, max_size=20)
)


@given(TABLES, st.data())
def test_unpack_inverts_pack_over_any_cut_into_chunks(rows: list[list[float]], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(rows)))
    columns = {str(i): list(values) for i, values in enumerate(zip(*rows, strict=True))}
    whole = np.array(rows, dtype=np.float64).T
    head = {name: values[:cut] for name, values in columns.items()}
    back = unpack([pack(head), pack(columns, cut)], len(columns))
    assert back.tobytes() == np.ascontiguousarray(whole).tobytes()  # bits, so that NaN and -0.0 count too
    assert back.dtype == np.float64
    assert back.flags.writeable


def test_the_bytes_are_little_endian_rows() -> None:
    assert pack({"a": [1.0, 3.0], "b": [2.0, 4.0]}) == np.array([1, 2, 3, 4], dtype="<f8").tobytes()


def test_no_rows_leave_empty_columns() -> None:
    assert unpack([], 3).shape == (3, 0)
