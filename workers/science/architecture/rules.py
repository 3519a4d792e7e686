"""Which rule follows which function, tensor method or module of torch."""

import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own abbreviation)
from torch import nn

from workers.science.architecture import operations as op
from workers.science.architecture import rearranging as to
from workers.science.architecture.operations import Dimensions, Operand, Rule, Shape

_ELEMENTWISE = (
    "abs", "add", "clamp", "clone", "contiguous", "detach", "div", "dropout", "elu", "exp", "float", "gelu",
    "hardswish", "hardtanh", "leaky_relu", "log", "masked_fill", "maximum", "minimum", "mish", "mul", "neg", "pow",
    "relu", "relu6", "rsqrt", "selu", "sigmoid", "silu", "softplus", "sqrt", "square", "sub", "tanh", "to",
    "true_divide", "truediv", "type_as", "where", "iadd", "imul", "isub", "itruediv", "eq", "ne", "lt", "le", "gt",
    "ge", "and_", "or_", "invert", "logical_not",
)  # fmt: skip
_NAMED: Mapping[str, Rule] = {
    **dict.fromkeys(_ELEMENTWISE, op.elementwise),
    **dict.fromkeys([f"{name}_" for name in _ELEMENTWISE if not name.endswith("_")], op.elementwise),
    **dict.fromkeys(("matmul", "bmm"), op.matmul),
    **dict.fromkeys(("softmax", "log_softmax"), op.softmax),
    **dict.fromkeys(("mean", "sum", "amax", "amin"), to.reduction),
    **dict.fromkeys(("reshape", "view", "flatten", "unflatten"), to.reshape),
    **dict.fromkeys(("cat", "concat", "concatenate"), to.concatenate),
    **dict.fromkeys(("chunk", "split"), to.chunks),
    **dict.fromkeys(("max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d"), op.pool),
    **dict.fromkeys(("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_max_pool2d"), op.pool),
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), op.convolution),
    **dict.fromkeys(("tril", "triu"), op.in_place),
    "permute": to.permute,
    "transpose": to.transpose, "expand": to.expand, "unsqueeze": to.insert, "pad": to.pad, "getattr": to.attribute,
    "getitem": to.item, "linear": op.linear, "batch_norm": op.batch_norm, "layer_norm": op.layer_norm,
    "group_norm": op.group_norm, "embedding": op.embedding, "scaled_dot_product_attention": op.attention,
}  # fmt: skip
_HOMES = (torch, F, operator)
FUNCTIONS: Mapping[Callable[..., Any], Rule] = {
    function: rule
    for name, rule in _NAMED.items()
    for home in _HOMES
    if callable(function := getattr(home, name, None))
} | {getattr: to.attribute}
"""By function; a function of another library that happens to have a known name is not known."""
METHODS: Mapping[str, Rule] = _NAMED
"""By name of a method of a tensor."""
Parameters: TypeAlias = Callable[[str], Operand | None]


def _layer(rule: Rule, *vectors: str, settings: tuple[str, ...] = ()) -> Rule:
    """Return the rule of a module that calls a function with its parameters and settings."""

    def of_module(shape: Shape, x: Operand, module: nn.Module, own: Parameters) -> Any:
        more = {name: getattr(module, name) for name in settings}
        return rule(shape, x, **{name: own(name) for name in vectors}, **more)

    return of_module


def _plain(rule: Rule) -> Rule:
    return lambda shape, x, module, _own: rule(shape, x, getattr(module, "dim", None))


def _prelu(shape: Shape, x: Operand, _module: nn.Module, own: Parameters) -> Dimensions:
    slope = own("weight")
    if slope is not None and slope.dimensions[0].size > 1:
        op.batch_norm(shape, x, weight=slope)
    return x.dimensions


_BATCH_NORM = _layer(op.batch_norm, "running_mean", "running_var", "weight", "bias")
_CONVOLUTION = _layer(op.convolution, "weight", "bias", settings=("groups",))
_ACTIVATIONS = (
    nn.ReLU, nn.GELU, nn.SiLU, nn.Tanh, nn.Sigmoid, nn.ELU, nn.SELU, nn.LeakyReLU, nn.Hardswish, nn.Hardtanh, nn.Mish,
    nn.ReLU6, nn.Softplus, nn.Dropout, nn.Identity,
)  # fmt: skip
_POOLS = (
    nn.MaxPool1d, nn.MaxPool2d, nn.AvgPool1d, nn.AvgPool2d, nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d,
    nn.AdaptiveMaxPool2d, nn.Dropout2d,
)  # fmt: skip
MODULES: Mapping[type[nn.Module], Rule] = {
    **dict.fromkeys(_ACTIVATIONS, _plain(op.elementwise)),
    **dict.fromkeys(_POOLS, _plain(op.pool)),
    **dict.fromkeys((nn.BatchNorm1d, nn.BatchNorm2d), _BATCH_NORM),
    **dict.fromkeys((nn.Conv1d, nn.Conv2d, nn.Conv3d), _CONVOLUTION),
    **dict.fromkeys((nn.Flatten, nn.Unflatten), _plain(to.reshape)),
    nn.Linear: _layer(op.linear, "weight", "bias"),
    nn.LayerNorm: _layer(op.layer_norm, "weight", "bias", settings=("normalized_shape",)),
    nn.GroupNorm: _layer(op.group_norm, "weight", "bias", settings=("num_groups",)),
    nn.Embedding: _layer(op.embedding, "weight"),
    nn.Softmax: _plain(op.softmax),
    nn.PReLU: _prelu,
}


def known(module: nn.Module) -> Rule | None:
    """Return the rule of a module whose `forward` is that of a known class; subclasses may set weights otherwise."""
    return next((rule for kind, rule in MODULES.items() if type(module).forward is kind.forward), None)
