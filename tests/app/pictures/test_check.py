"""A spec whose picture cannot be erased is refused at the picture's own field."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.contract.experiment import FieldError
from app.kinds.erasure.spec import ErasureSpec, matrix_of
from app.kinds.presets import PRESETS
from app.pictures import upload
from app.pictures.build import picture_of
from app.pictures.check import check_picture
from tests.app.pictures.images import square


def spec(picture: dict[str, Any], **changed: Any) -> ErasureSpec:
    fields = {
        "kind": "erasure",
        "picture": picture,
        "dataset": {"kind": "digits"},
        "optimizers": [{"kind": "adam", "lrs": [0.01]}],
    }
    return ErasureSpec.model_validate(fields | changed)


def png(pixels: Any) -> dict[str, str]:
    return {"kind": "upload", "png": upload.encode(Image.fromarray(np.asarray(pixels, np.uint8)))}


LINE = np.full((256, 256), 255)
LINE[100, :] = 0


@pytest.mark.parametrize("layer", ["first", "middle", "last"])
@pytest.mark.parametrize(
    "picture", [{"kind": "text"}, {"kind": "text", "text": "é8"}, {"kind": "sample", "name": "coffee"}, png(square())]
)
def test_a_picture_passes_in_every_layer(picture: dict[str, Any], layer: str) -> None:
    check_picture(spec(picture, layer=layer, widths=[64, 256]))


@pytest.mark.parametrize(
    ("picture", "changed", "field", "words"),
    [
        ({"kind": "text", "text": "日"}, {}, "picture.text", "the typeface lacks: 日"),
        ({"kind": "upload"}, {}, "picture.png", "needs a picture"),
        ({"kind": "upload", "png": "AAAA"}, {}, "picture.png", "must be a PNG"),
        (png(np.full((40, 40), 255)), {}, "picture.png", "has no contrast"),
        # All ink is blank, too, even where a matrix has a margin beside it.
        (png(np.zeros((40, 40))), {"layer": "first"}, "picture.png", "has no contrast"),
        (png(np.where(square() == 0, 245, 255)), {}, "picture.png", "has no contrast"),
        (png(LINE), {"widths": [256, 32]}, "picture.png", "is not visible in 32×32 weights"),
    ],
)
def test_a_picture_is_refused(picture: dict[str, Any], changed: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(FieldError, match=words) as refused:
        check_picture(spec(picture, **changed))
    assert refused.value.field == field


def test_other_experiments_pass() -> None:
    check_picture(PRESETS["digits-tickets"].spec)


def test_the_shapes_of_the_matrices() -> None:
    assert [matrix_of(layer, 256, 784) for layer in ("first", "middle", "last")] == [(256, 784), (256, 256), (10, 256)]


def test_parameters_of_another_room_are_no_picture() -> None:
    with pytest.raises(KeyError):
        picture_of(spec({"kind": "text"}).dataset)
