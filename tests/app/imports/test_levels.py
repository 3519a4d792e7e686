"""An import is what a run of the same masks would have measured and saved, told from dense arrays."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load

from app.contract.events import Measured
from app.contract.tickets import TicketKey
from app.imports import limits
from app.imports.levels import MaskSequence, Saved
from app.imports.refused import Refused
from app.masks import codec
from app.masks.sums import strata_of, sums
from tests.app.imports.files import DTYPES, Network, recognised, typed


class Made:
    """All outputs of a sequence of files: rows by level, tensors by (name, level)."""

    def __init__(self, files: list[bytes], folder: Path) -> None:
        self.recognition = recognised(*files)
        self.sequence = MaskSequence(self.recognition)
        self.rows: list[dict[str, list[float]]] = []
        self.saved: dict[tuple[str, int], dict[str, NDArray[Any]]] = {}
        for output in self.sequence.outputs(folder):
            if isinstance(output, Saved):
                self.saved[output.name, output.key.level] = load(b"".join(output.spool.chunks()))
            else:
                assert isinstance(output, Measured)
                assert (output.series, output.key) == ("layers", TicketKey(level=len(self.rows)))
                self.rows.append(output.columns)
        assert list(folder.iterdir()) == []

    def masks(self, name: str) -> list[NDArray[np.uint8]]:
        """The masks of a layer, level by level, unfolded as a reader does."""
        shape = next(layer.shape for layer in self.sequence.kernels if layer.name == name)
        rows, columns = codec.size_of(shape)
        base, found = codec.full(rows, columns), []
        for level in range(len(self.rows)):
            base = codec.decode(self.saved["mask", level][f"{name}.weight"], base)
            found.append(codec.unpack(base, columns).reshape(shape))
        return found


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("form", ["ticket", "pruned", "masks_alone", "weights_alone"])
def test_every_form_gives_the_masks_and_counts_of_the_dense_arrays(tmp_path: Path, form: str, nested: bool) -> None:
    network = Network(3, nested=nested)
    made = Made([getattr(network, form)(level) for level in range(3)], tmp_path)
    assert [layer.name for layer in made.sequence.kernels] == ["conv1", "conv2", "fc"]
    for number, (name, shape) in enumerate(network.SHAPES.items()):
        for level, mask in enumerate(made.masks(name)):
            truth = network.masks[level][name]
            before = network.masks[level - 1][name] if level else np.ones_like(truth)
            assert np.array_equal(mask, truth)
            by_unit = truth.reshape(shape[0], shape[1], -1)
            assert {column: values[number] for column, values in made.rows[level].items()} == {
                "layer": number,
                "kept": truth.sum(),
                "total": truth.size,
                "dead_inputs": (by_unit.sum(axis=(0, 2)) == 0).sum(),
                "dead_units": (by_unit.sum(axis=(1, 2)) == 0).sum(),
                "flipped": (truth != before).sum(),
            }


@pytest.mark.parametrize(
    ("form", "values", "initial"),
    [
        ("ticket", True, True),
        ("pruned", True, False),
        ("masks_alone", False, False),
        ("weights_alone", True, False),
    ],
)
def test_weights_are_saved_where_they_are_known(tmp_path: Path, form: str, values: bool, initial: bool) -> None:
    network = Network(2)
    made = Made([getattr(network, form)(level) for level in range(2)], tmp_path)
    assert (("ticket", 0) in made.saved, ("init", 0) in made.saved) == (values, initial)
    for name, shape in network.SHAPES.items():
        for level in range(2):
            bits, columns = codec.pack(network.masks[level][name]), codec.size_of(shape)[1]
            strata = strata_of(network.initial[name]) if initial else None
            expected = sums(bits, columns, strata)
            pyramid = made.saved["pyramid", level]
            assert {key for key in pyramid if key.startswith(f"{name}.")} == {
                f"{name}.weight.{key}" for key in expected
            }
            for key, array in expected.items():
                assert np.array_equal(pyramid[f"{name}.weight.{key}"], array)
                assert pyramid[f"{name}.weight.{key}"].dtype == array.dtype
            if values:
                kept = network.trained[level][name][network.masks[level][name] == 1]
                assert np.array_equal(made.saved["ticket", level][f"{name}.weight.values"], kept)
        if initial:
            assert np.array_equal(made.saved["init", 0][f"{name}.weight"], network.initial[name])


def test_a_layer_larger_than_a_band_is_read_in_bands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Made([Network(3).ticket(level) for level in range(3)], tmp_path)
    # `spans` has it as its default; bands of rows ask for it anew.
    monkeypatch.setattr(limits, "BAND", 64)
    monkeypatch.setattr("app.imports.source.spans.__defaults__", (64,))
    banded = Made([Network(3).ticket(level) for level in range(3)], tmp_path)
    assert banded.rows == whole.rows
    assert banded.saved.keys() == whole.saved.keys()
    for key, tensors in whole.saved.items():
        assert tensors.keys() == banded.saved[key].keys()
        assert all(np.array_equal(tensors[name], banded.saved[key][name]) for name in tensors)


@pytest.mark.parametrize("dtype", [*DTYPES, "BF16"])
def test_a_mask_may_be_of_any_type(tmp_path: Path, dtype: str) -> None:
    mask = np.random.default_rng(3).integers(0, 2, (5, 11))
    made = Made([typed({"fc.weight_mask": (mask, dtype)})], tmp_path)
    assert np.array_equal(made.masks("fc")[0], mask)


@pytest.mark.parametrize("dtype", ["F64", "F32", "F16", "BF16", "I8", "I64"])
def test_weights_of_any_type_are_kept_as_float32(tmp_path: Path, dtype: str) -> None:
    # Eighths of small whole numbers are exact in every type of floats.
    weights = np.random.default_rng(4).integers(-8, 9, (6, 7)) * (1.0 if dtype.startswith("I") else 0.125)
    made = Made([typed({"fc.weight": (weights, dtype)})], tmp_path)
    assert np.array_equal(made.masks("fc")[0], weights != 0)
    values = made.saved["ticket", 0]["fc.weight.values"]
    assert values.dtype == np.float32
    assert np.array_equal(values, weights[weights != 0])


def test_a_layer_that_was_not_pruned_counts_as_full(tmp_path: Path) -> None:
    mask, weights = np.eye(3), np.full((2, 3), 0.5)
    made = Made([typed({"fc.weight_mask": (mask, "F32"), "out.weight": (weights, "F32")})], tmp_path)
    assert made.rows[0]["kept"] == [3, 6]
    # Without the weights of every layer no ticket is one.
    assert ("ticket", 0) not in made.saved


def test_initial_weights_that_differ_between_files_are_nobodys(tmp_path: Path) -> None:
    first, other = Network(2), Network(2, seed=5)
    made = Made([first.ticket(0), other.ticket(1)], tmp_path)
    assert ("init", 0) not in made.saved
    assert made.recognition.holds == "masks, weights, no initial weights"
    assert Made([first.ticket(0), first.ticket(1)], tmp_path).recognition.holds == "masks, weights, initial weights"


@pytest.mark.parametrize("value", [2, -1, 0.5, float("nan"), float("inf")])
def test_a_mask_of_anything_but_0_and_1_is_refused(value: float) -> None:
    mask = np.ones((3, 4))
    mask[1, 2] = value
    with pytest.raises(Refused, match=r"element 6 is") as caught:
        recognised(typed({"fc.weight_mask": (mask, "F32")}))
    assert (caught.value.tensor, caught.value.field) == ("fc.weight_mask", "values")


def test_a_bool_that_is_neither_is_refused() -> None:
    content = typed({"fc.weight_mask": (np.ones((3, 4)), "BOOL")})
    with pytest.raises(Refused, match="element 11 is 7"):
        recognised(content[:-1] + b"\x07")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 1e300])
@pytest.mark.parametrize("end", ["", "_orig", "_trained"])
def test_weights_that_are_no_numbers_are_refused(value: float, end: str) -> None:
    weights = {name: (np.ones((3, 4)), "F64") for name in ("fc.weight_orig", "fc.weight_trained")}
    if not end:
        weights = {"fc.weight": (np.ones((3, 4)), "F64")}
    weights[f"fc.weight{end}"][0][2, 3] = value
    with pytest.raises(Refused, match="element 11 is not a finite") as caught:
        recognised(typed(weights))
    assert (caught.value.tensor, caught.value.field) == (f"fc.weight{end}", "values")


def test_files_over_the_limit_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    content = Network(1).ticket(0)
    monkeypatch.setattr(limits, "MAX_BYTES", 2 * len(content) - 1)
    recognised(content)
    with pytest.raises(Refused, match=r"2 files: .* at most") as caught:
        recognised(content, content)
    assert caught.value.status == 413
