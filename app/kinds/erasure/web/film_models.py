"""What the routes of the film take and answer."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from app.atlas.palettes import Theme
from app.kinds.erasure.film import exports
from app.kinds.erasure.film.pictures import MAX_SIDE, Scale
from app.kinds.erasure.film.reader import Show
from app.kinds.erasure.film.strips import Fate, State
from app.kinds.erasure.key import Cell, Image
from app.web.core.columns import BOM

MAX_STEP = 100_000

MAX_VALUES = 65_536

Count: TypeAlias = Annotated[int, Field(ge=0, le=10_000)]

Row: TypeAlias = Annotated[int, Field(ge=0, le=1_000_000)]


class Which(BaseModel):
    """Query parameters that name one training of a run, as its series do."""

    model_config = ConfigDict(extra="forbid")

    replicate: Count = 0
    width: Count = Field(..., description="Units of both hidden layers.")
    image: Image = Field("picture", description="What the initial weights contain: the picture, or none, as in a twin.")
    optimizer: str = Field(..., max_length=40, description="The optimizer.")
    lr: float = Field(..., gt=0, le=100, description="The learning rate.")

    @property
    def cell(self) -> Cell:
        """Return the key of the training."""
        return Cell(self.width, self.image, self.optimizer, self.lr)

    @property
    def file_name(self) -> str:
        """Return the name of files of the training."""
        return f"r{self.replicate}-w{self.width}-{self.image}-{self.optimizer}-lr{self.lr!r}"


class FrameRequest(Which):
    """The same, and how frames are shown: W or ΔW, on one colour scale for all frames or on each frame's own."""

    show: Show = "weights"
    scale: Scale = "fixed"
    theme: Theme = "light"


class OneFrame(FrameRequest):
    """Query parameters of a frame."""

    step: int = Field(..., ge=0, le=MAX_STEP)
    size: int = Field(256, ge=1, le=MAX_SIDE, description="The largest width and height, in pixels.")


class Film(FrameRequest):
    """Query parameters of a film as a file; `csv` has what was measured at its frames."""

    format: Literal["webp", "gif", "png", "csv"] = "webp"
    bom: bool = Field(False, description=BOM)
    size: int = Field(512, ge=1, le=exports.MAX_SIDE, description="The largest width and height of a frame, in pixels.")


class Window(Which):
    """Query parameters of exact values: rows `top` to `bottom` and columns `left` to `right`."""

    step: int = Field(..., ge=0, le=MAX_STEP)
    top: Row = Field(0, description="First row.")
    bottom: Row = Field(..., description="One past the last row.")
    left: Row = Field(0, description="First column.")
    right: Row = Field(..., description="One past the last column.")
    format: Literal["json", "csv"] = "json"
    bom: bool = Field(False, description=BOM)


class WidthInfo(BaseModel):
    """A width and its matrix; the colour scale "fixed" ends at ± `reach`, None until the initial weights are saved."""

    width: int
    rows: int
    columns: int
    reach: float | None


class FrameInfo(BaseModel):
    """A frame: what was measured at its step; None where that was not, or was no number."""

    step: int
    fate: Fate | None
    loss: float | None
    movement: float | None
    visibility: float | None
    null_low: float | None
    null_high: float | None
    similarity: float | None
    train_accuracy: float | None
    test_accuracy: float | None


class StripInfo(BaseModel):
    """One training; a diverged one has no frame from `diverged_step` on."""

    width: int
    image: Image
    optimizer: str
    label: str
    lr: float
    total_steps: int
    state: State
    diverged_step: int | None
    frames: list[FrameInfo]


class FilmInfo(BaseModel):
    """The film wall of one replicate: `moments` are the steps at which every training has a frame."""

    seq: int
    replicate: int
    replicates: int
    moments: list[int]
    two_level: bool
    widths: list[WidthInfo]
    colors: dict[str, list[str]]
    cells: list[StripInfo]
