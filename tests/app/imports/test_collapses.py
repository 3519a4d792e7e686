"""What is cut before an import is what a search along all paths of the same masks finds."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save

from app.imports.collapses import gaps
from tests.app.imports.files import recognised

SHAPES = {"conv1": (6, 1, 3, 3), "conv2": (5, 6, 3, 3), "fc1": (7, 20), "fc2": (6, 7), "fc3": (3, 6)}
"""fc1 reads 4 places of each of conv2's 5 channels."""


def cut(masks: dict[str, NDArray[np.uint8]]) -> str:
    """The first layer none of whose units a kept path from the inputs reaches, found unit by unit."""
    reached = [True]
    for name, mask in masks.items():
        n_out, n_in = mask.shape[:2]
        inputs = [unit for unit in reached for _ in range(n_in // len(reached))]
        reached = [any(inputs[i] and mask[o, i].any() for i in range(n_in)) for o in range(n_out)]
        if not any(reached):
            return name
    return ""


@pytest.mark.parametrize("density", [0.02, 0.05, 0.1, 0.2, 0.9])
def test_what_is_cut_is_found_in_masks_of_any_density(tmp_path: Path, density: float) -> None:
    draw = np.random.default_rng(int(1000 * density))
    seen = []
    for _ in range(40):
        masks = {name: (draw.random(shape) < density).astype(np.uint8) for name, shape in SHAPES.items()}
        recognition = recognised(save({f"{name}.weight_mask": mask for name, mask in masks.items()}))
        names = [kernel.name for kernel in recognition.kernels]
        found = gaps(recognition, tmp_path).get((0, 0))
        empty = [name for name, mask in masks.items() if not mask.any()]
        expected = empty[0] if empty else cut(masks)
        assert ("" if found is None or found.cut is None else names[found.cut]) == expected
        assert ([] if found is None else [names[item] for item in found.empty]) == empty
        seen.append(expected)
    assert ("" in seen) == (density > 0.02)
    assert any(seen) == (density < 0.9)


def test_no_cut_is_claimed_where_a_name_shows_that_the_network_is_no_chain(tmp_path: Path) -> None:
    for aside, cut in (("b.shortcut", None), ("b.second", 1)):
        masks = {f"{name}.weight_mask": np.ones((4, 4), np.uint8) for name in ("a", aside, "c")}
        masks[f"{aside}.weight_mask"][:] = 0
        found = gaps(recognised(save(masks)), tmp_path)[0, 0]
        assert (found.empty, found.cut, found.bridged) == ((1,), cut, True)
        # Where nothing is empty, the units that one layer feeds are not matched with those that another reads.
        masks = {f"{name}.weight_mask": np.zeros((4, 4), np.uint8) for name in ("a", aside, "c")}
        for i, mask in enumerate(masks.values()):
            mask[i, i] = 1
        assert bool(gaps(recognised(save(masks)), tmp_path)) == (cut is not None)
