"""Hardware: how much faster a sparse layer, or a ticket, really is on the machine that works on it."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, get_args

from pydantic import BeforeValidator, Field, model_validator

from app.contract.entry import Entry
from app.contract.experiment import Experiment, FieldError, Pace, Replicates, Seed
from app.contract.params import unit
from app.contract.tickets import TicketRef
from app.contract.training_key import TrainingKey
from app.contract.words import plural

Format: TypeAlias = Literal["masked_dense", "csr", "compacted", "structured", "semi_structured"]
Mode: TypeAlias = Literal["inference", "training"]
Dtype: TypeAlias = Literal["float32", "float64", "float16", "bfloat16"]
FORMATS: tuple[str, ...] = ("dense", *get_args(Format))
"""Formats of a network, in the order that all figures use; dense is always timed, as the others are ratios to it."""

REASONS: Mapping[str, str] = {
    "device": "needs a GPU",
    "capability": "needs a GPU of compute capability 8.0 or later",
    "dtype": "not supported for this data type on this device",
    "training": "for inference only",
    "density": "keeps at most half of the weights",
    "layers": "no layer can be stored in this format",
    "torch": "refused by PyTorch on this machine",
    "collapse": "not counted, as layer collapse leaves a constant output",
    "units": "not defined for this model, because its units cannot be left out one by one",
}
"""Why a row holds no time; the column `refused` is 1 + the place in this mapping, 0 where there is a time."""

TOLERANCE: Mapping[str, float] = {"float32": 1e-3, "float64": 1e-9, "float16": 0.05, "bfloat16": 0.3}
"""Largest relative error against double precision that rounding explains; beyond it, numbers are called wrong."""

MAX_MEASUREMENTS = 20_000
_PAIR = re.compile(r"(\d+)\s*[x×*]\s*(\d+)", re.IGNORECASE)


def _sides(value: Any) -> Any:
    """Return the pair of numbers of `784×300`, as a form writes it."""
    hit = _PAIR.fullmatch(value.strip()) if isinstance(value, str) else None
    return hit.groups() if hit else value


Side: TypeAlias = Annotated[int, Field(ge=1, le=4096)]
Size: TypeAlias = Annotated[tuple[Side, Side], BeforeValidator(_sides)]
Density: TypeAlias = Annotated[float, Field(gt=0, le=1)]
Batch: TypeAlias = Annotated[int, Field(ge=1, le=8192)]


class HardwareKey(TrainingKey):
    """The format that a measurement is of."""

    storage_format: str = Field(max_length=40, title="Format")


class HardwareSpec(Experiment):
    """Time and memory of sparse layers, or of one ticket, in several formats against the dense one on the same device.

    A replicate draws weights, masks and inputs anew, except those of a ticket. Defined in docs/protocol.md, Hardware.
    """

    kind: Literal["hardware"]
    layers: tuple[Size, ...] = Field(
        ((784, 300), (300, 100)),
        max_length=8,
        description="Linear layers as inputs×units; empty when only a ticket is timed.",
        json_schema_extra=unit("inputs × units"),
    )
    densities: tuple[Density, ...] = Field(
        (0.5, 0.2, 0.1, 0.05, 0.02, 0.01),
        min_length=1,
        max_length=16,
        description="Fractions of weights that the layers keep, at random positions.",
    )
    ticket: str = Field(
        "",
        max_length=60,
        description="A ticket to time as a whole network, as run:replicate:level, such as 06f3k2m9qa:0:5. Empty: none.",
    )
    formats: tuple[Format, ...] = Field(
        ("masked_dense", "csr", "compacted", "structured"),
        min_length=1,
        max_length=len(get_args(Format)),
        title="Formats",
        description="What is compared with dense. Masked dense multiplies by the mask in every pass; CSR stores kept "
        "weights only; compacted removes dead inputs and units; structured is a smaller dense network of as many "
        "weights; semi-structured keeps 2 of 4 neighbours, for GPUs from compute capability 8.0.",
    )
    modes: tuple[Mode, ...] = Field(
        ("inference", "training"),
        min_length=1,
        max_length=2,
        description="Inference is the forward pass; training also includes the gradients and a step of SGD.",
    )
    batch_sizes: tuple[Batch, ...] = Field(
        (60,), min_length=1, max_length=4, description="Examples per pass.", json_schema_extra=unit("examples")
    )
    dtype: Dtype = Field("float32", title="Data type", description="Data type of weights and inputs.")
    repeats: int = Field(
        11,
        ge=7,
        le=101,
        title="Repetitions of a timing",
        description="How often each pass is timed, the formats in turn; the median is reported.",
        json_schema_extra=unit("times"),
    )
    replicates: Replicates = 3
    seed: Seed = 0
    device: Literal["cpu", "gpu"] = Field("cpu", description="The device that is timed.")

    key: ClassVar[type[TrainingKey]] = HardwareKey
    ends: ClassVar[str] = "hardware"
    repeatable: ClassVar[bool] = False
    grows: ClassVar[frozenset[str]] = frozenset({"replicates"})

    @property
    def dataset_name(self) -> str:
        """Return the name of its data in a list of runs."""
        return "random inputs"

    @property
    def model_name(self) -> str:
        """Return the name of its network in a list of runs: its layers, or the ticket."""
        sizes = [f"{n_in}x{n_out}" for n_in, n_out in self.layers]
        return f"ticket {self.ticket}" if not sizes else sizes[0] if len(sizes) == 1 else f"{len(sizes)} layers"

    @property
    def tickets(self) -> tuple[TicketRef, ...]:
        """Return the ticket to time, if any."""
        return (TicketRef.parse(self.ticket),) if self.ticket else ()

    @property
    def work(self) -> tuple[int, str]:
        """Return how much the run is, and of what: formats timed."""
        return self.replicates * self.units_per_replicate, "measurement"

    @property
    def formula(self) -> str:
        """Return such as `3 replicates × 2 layers × 6 densities × 2 modes × 1 batch size × 5 formats`."""
        grid = f"{plural(len(self.layers), 'layer')} × {plural(len(self.densities), 'density', 'densities')}"
        what = " + ".join([*([grid] if self.layers else []), *(["1 ticket"] if self.ticket else [])])
        return " × ".join(
            (
                plural(self.replicates, "replicate"),
                f"({what})" if self.layers and self.ticket else what,
                plural(len(self.modes), "mode"),
                plural(len(self.batch_sizes), "batch size"),
                f"{1 + len(self.formats)} formats",
            )
        )

    def parts(self) -> Iterator[tuple[HardwareKey, int]]:
        """Yield all measurements as one part: nothing is trained, and every format is compared with dense."""
        yield HardwareKey(storage_format="dense"), self.units_per_replicate

    @property
    def units_per_replicate(self) -> int:
        """Return the number of measurements of one replicate."""
        networks = len(self.layers) * len(self.densities) + bool(self.ticket)
        return networks * len(self.modes) * len(self.batch_sizes) * (1 + len(self.formats))

    @property
    def pace(self) -> Pace:
        """Return one pace for all measurements: small passes are repeated until they take as long as others."""
        return Pace("hardware", "any", 1, "per measurement")

    @model_validator(mode="after")
    def _consistent(self) -> "HardwareSpec":
        for name in ("formats", "modes", "layers", "densities", "batch_sizes"):
            if len(set(getattr(self, name))) < len(getattr(self, name)):
                raise FieldError(name, "lists a value twice")
        if not self.layers and not self.ticket:
            raise FieldError("layers", "needs at least one where there is no ticket to time")
        self._check_ticket()
        self._check_device()
        if (measurements := self.replicates * self.units_per_replicate) > MAX_MEASUREMENTS:
            raise FieldError("densities", f"{measurements:,} measurements exceed the limit of {MAX_MEASUREMENTS:,}")
        return self

    def _check_ticket(self) -> None:
        try:
            refs = self.tickets
        except ValueError as error:
            raise FieldError("ticket", str(error)) from None
        if any(not ref.is_winning or ref.draw for ref in refs):
            raise FieldError("ticket", "must be a winning ticket: of controls only the masks are saved")

    def _check_device(self) -> None:
        half = self.dtype in ("float16", "bfloat16")
        if "semi_structured" in self.formats:
            if self.device == "cpu":
                raise FieldError("formats", f"semi_structured {REASONS['capability']}, and device is cpu")
            if not half:
                raise FieldError("dtype", f"semi_structured needs float16 or bfloat16, not {self.dtype}")
            if self.modes == ("training",):
                raise FieldError("modes", "semi_structured is for inference only")
        if "csr" in self.formats and self.device == "cpu" and half:
            raise FieldError("dtype", f"csr needs float32 or float64 on a CPU, not {self.dtype}")


ENTRY = Entry(
    "workers.science.experiments.hardware:run",
    HardwareSpec,
    "Hardware",
    "Is a sparse layer or a ticket faster than the dense one on a real machine, and below which density?",
    "torch.sparse; Mishra et al. 2021, arXiv 2104.08378",
)
