"""The photographs are there, small, grey and different from each other, and their sources are told."""

from typing import get_args

import numpy as np
import pytest
from PIL import Image

from app.methods.picture.sample import PictureSample
from app.pictures import sample
from app.pictures.picture import contrast

NAMES = get_args(PictureSample.model_fields["name"].annotation)


@pytest.mark.parametrize("name", NAMES)
def test_a_photograph(name: str) -> None:
    picture = sample.draw(name=name)
    assert picture.ink.shape == (256, 256)
    assert not picture.two_level
    assert contrast(picture.ink) == 1
    # Shades of all kinds, and no noise: neighbours are alike.
    assert len(np.unique(picture.ink)) > 30
    assert np.corrcoef(picture.ink[:, 1:].ravel(), picture.ink[:, :-1].ravel())[0, 1] > 0.85
    path = sample.SAMPLES / f"{name}.png"
    assert path.stat().st_size < 60_000
    with Image.open(path) as image:
        assert (image.mode, image.info) == ("L", {})
        # Dark is ink.
        assert np.allclose(picture.ink, 1 - np.asarray(image) / 255, atol=1e-6)


def test_each_has_its_source() -> None:
    readme = (sample.SAMPLES / "README.md").read_text()
    assert sorted(path.stem for path in sample.SAMPLES.glob("*.png")) == sorted(NAMES)
    assert all(f"`{name}.png`" in readme for name in NAMES)
