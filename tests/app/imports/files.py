"""Safetensors files made by hand, so that they may be wrong in any way."""

import io
import json
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from app.imports.places import networks
from app.imports.recognition import Recognition, recognise
from app.imports.source import Source
from app.imports.table import UNDECIDED, Choices

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1",
          "BOOL": "?"}  # fmt: skip


def raw(header: Any, data: bytes = b"", *, length: int | None = None) -> bytes:
    """A file with this header (JSON, or bytes as they are) and these tensors; `length` is what it claims."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def one(name: str = "fc1.weight", dtype: Any = "U8", shape: Any = (2, 3), **changed: Any) -> bytes:
    """A file of one tensor of six bytes, whose entry says what it is told to."""
    return raw({name: {"dtype": dtype, "shape": shape, "data_offsets": [0, 6], **changed}}, bytes(6))


def as_dtype(array: NDArray[Any], dtype: str) -> tuple[bytes, list[int]]:
    """Bytes and shape of an array in a type of the format; BF16 keeps the upper half of each float32."""
    if dtype == "BF16":
        return (array.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes(), list(array.shape)
    return array.astype(DTYPES[dtype]).tobytes(), list(array.shape)


def typed(tensors: dict[str, tuple[NDArray[Any], str]]) -> bytes:
    """A file of arrays, each in its own type."""
    header: dict[str, Any] = {}
    data = b""
    for name, (array, dtype) in tensors.items():
        content, shape = as_dtype(array, dtype)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    return raw(header, data)


def source(content: bytes, name: str = "a.safetensors") -> Source:
    return Source(name, io.BytesIO(content))


def recognised(*contents: bytes, choices: Choices = UNDECIDED) -> Recognition:
    """What files called l0, l1 … are, level by level."""
    return recognise(networks([source(content, f"l{i}") for i, content in enumerate(contents)]), choices)


class Network:
    """Three layers, pruned level by level, as dense arrays: what every view of an import must agree with."""

    SHAPES: ClassVar = {"conv1": (4, 3, 3, 3), "conv2": (5, 4, 3, 3), "fc": (10, 45)}

    def __init__(self, levels: int, *, nested: bool = True, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.initial = {name: rng.normal(size=shape).astype(np.float32) for name, shape in self.SHAPES.items()}
        self.trained = [
            {name: rng.normal(size=shape).astype(np.float32) for name, shape in self.SHAPES.items()}
            for _ in range(levels)
        ]
        masks = {name: np.ones(shape, np.uint8) for name, shape in self.SHAPES.items()}
        self.masks = [masks]
        for _ in range(levels - 1):
            kept = {name: (rng.random(shape) < 0.6).astype(np.uint8) for name, shape in self.SHAPES.items()}
            masks = {name: kept[name] * masks[name] if nested else kept[name] for name in kept}
            self.masks.append(masks)

    def ticket(self, level: int) -> bytes:
        """As this program's own downloads are, with a bias and buffers that belong to no mask."""
        tensors: dict[str, NDArray[Any]] = {"step": np.array([7], np.int64), "table": np.ones((2, 2), np.int64)}
        for name in self.SHAPES:
            mask = self.masks[level][name]
            tensors |= {
                f"{name}.weight_orig": self.initial[name],
                f"{name}.weight_mask": mask,
                f"{name}.weight_trained": self.trained[level][name] * mask,
                f"{name}.bias_orig": np.ones(len(mask), np.float32),
            }
        return save(tensors)

    def pruned(self, level: int) -> bytes:
        """As torch.nn.utils.prune names them: weights before masking, and masks of floats."""
        tensors: dict[str, NDArray[Any]] = {}
        for name in self.SHAPES:
            tensors[f"{name}.weight_orig"] = self.trained[level][name]
            tensors[f"{name}.weight_mask"] = self.masks[level][name].astype(np.float32)
            tensors[f"{name}.bias"] = np.zeros(len(self.masks[level][name]), np.float32)
        return save(tensors)

    def masks_alone(self, level: int) -> bytes:
        return save({f"{name}.weight_mask": self.masks[level][name].astype(bool) for name in self.SHAPES})

    def weights_alone(self, level: int) -> bytes:
        return save({f"{name}.weight": self.trained[level][name] * self.masks[level][name] for name in self.SHAPES})
