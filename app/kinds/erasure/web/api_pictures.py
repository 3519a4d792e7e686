"""Pictures for the erasure study: an upload as the small PNG of a spec, a look at it in weights, the photographs."""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from app.atlas.palettes import Theme
from app.contract.strict import Strict
from app.kinds.erasure.spec import LayerName, Width, matrix_of
from app.kinds.erasure.web.picture_previews import MAX_SIDE, preview
from app.methods.catalog import DatasetChoice, PictureChoice
from app.methods.dataset.digits import Digits
from app.methods.picture.text import PictureText
from app.pictures import sample, upload
from app.pictures.check import field_of, readable
from app.pictures.prepare import MAX_BYTES, Refused, prepare
from app.pictures.watermark import Placement
from app.web.core.context import SettingsDep
from app.web.core.one_by_one import OneByOne
from app.web.core.problems import BadField, Invalid, responses
from app.web.core.uploads import spooled

router = APIRouter(tags=["pictures"])

_FORM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["picture"],
    "additionalProperties": False,
    "properties": {
        "picture": {
            "type": "string",
            "format": "binary",
            "description": f"A PNG, a JPEG or a WebP of at most {MAX_BYTES:,} bytes and 40 million pixels.",
        }
    },
}
_LINE: Final = OneByOne("pictures", 16)
_PNG = {"description": "A picture.", "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}


class Prepared(BaseModel):
    """A picture that was uploaded, as a spec holds it: a grey PNG in base64, dark on white.

    `two_level` is true where it has two shades: then erasure is measured as the area under a curve, not a correlation.
    """

    png: str
    width: int
    height: int
    two_level: bool


class Ask(Strict):
    """What a look at a picture in weights needs: fields of an erasure spec, one width of it, and how to show it."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    picture: PictureChoice = PictureText(kind="text")
    contrast: float = Field(1.0, gt=0, le=1)
    placement: Placement = "multiplicative"
    layer: LayerName = "middle"
    dataset: DatasetChoice = Digits(kind="digits")
    width: Width = 256
    size: int = Field(MAX_SIDE, ge=64, le=MAX_SIDE, description="Pixels that a side may have.")
    theme: Theme = "light"


async def picture_file(request: Request, settings: SettingsDep) -> AsyncIterator[UploadFile]:
    """Yield the one file that a request brings. Raises Invalid, HTTPException."""
    wanted = BadField(path="picture", message="send multipart/form-data with one part `picture`, a file")
    form = await spooled(request, settings.data_dir / "imports", wanted, max_files=1)
    try:
        sent = form.multi_items()
        if len(sent) != 1 or sent[0][0] != "picture" or not isinstance(sent[0][1], UploadFile):
            raise Invalid([wanted])
        yield sent[0][1]
    finally:
        await form.close()


@router.post(
    "/pictures",
    responses=responses(503),
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}},
)
async def prepare_picture(file: Annotated[UploadFile, Depends(picture_file)]) -> Prepared:
    """Prepare an uploaded picture for a spec: grey, upright, at most 256×256; nothing is stored.

    Of an animation the first frame counts; what is transparent becomes white. A blank picture is refused. Pictures are
    decoded one by one; 503 when too many wait.
    """
    try:
        png = await _LINE.run(lambda: prepare(file.file.read(MAX_BYTES + 1)))
    except Refused as error:
        if error.too_large:
            raise HTTPException(413, f"The picture {error}.") from error
        raise Invalid([BadField(path="picture", message=str(error))]) from error
    height, width = (figure := upload.draw(png=png)).ink.shape
    return Prepared(png=png, width=width, height=height, two_level=figure.two_level)


@router.post("/pictures/preview", response_class=Response, responses={200: _PNG})
def preview_picture(ask: Ask) -> Response:
    """Return a picture in random weights as a training would start from, one pixel a weight, at most `size` a side.

    The header `X-Preview` describes it in JSON: rows, columns, every how many of them, where the colours end, in words.
    """
    picture = readable(ask.picture, f"picture.{field_of(ask.picture)}")
    rows, columns = matrix_of(ask.layer, ask.width, ask.dataset.n_inputs)
    shown = preview(
        picture, rows, columns, contrast=ask.contrast, placement=ask.placement, size=ask.size, theme=ask.theme
    )
    answer = {**shown._asdict(), "png": None}
    return Response(shown.png, media_type="image/png", headers={"X-Preview": json.dumps(answer)})


@router.get("/pictures/samples/{name}", response_class=Response, responses={200: _PNG})
def get_sample(
    name: Annotated[Literal["cat", "astronaut", "coffee", "flower"], Path(description="Which photograph.")],
) -> Response:
    """Return one of the photographs, in shades of grey."""
    content = (sample.SAMPLES / f"{name}.png").read_bytes()
    return Response(content, media_type="image/png", headers={"Cache-Control": "public, max-age=86400"})
