"""What the name of a tensor alone shows: which parameter it belongs to and as what, or why it is no kernel."""

import re
from typing import Final, Literal, NamedTuple, TypeAlias

Part: TypeAlias = Literal["weights", "mask", "inverted mask", "orig", "initial", "trained", "gain", "direction"]
"""What a tensor may be to its parameter; `orig` is what torch.nn.utils.prune calls so, weights or initial weights."""

Role: TypeAlias = Literal[
    "mask", "inverted mask", "weights", "initial weights", "trained weights", "direction", "gain", "bias", "norm",
    "embedding", "scale", "score", "optimizer state", "average", "buffer", "empty", "unsupported type", "other",
]  # fmt: skip
"""What a tensor is, in the words of the table that readers see."""

_ENDS: Final[tuple[tuple[str, Part], ...]] = (("_mask", "mask"), ("_orig", "orig"), ("_trained", "trained"))
_PARAMETRIZED: Final = re.compile(r"(?:(.*)\.)?parametrizations\.([^.]+)\.(original[01]?|\d+\..*)")
_MMA: Final = re.compile(r"((?:.*\.)?)__(\w+?)_mma_mask")

_RULES: Final[tuple[tuple[str, Role, str], ...]] = (
    ((r"(^|[._])(optimizers?|optim|opt_state|optimizer_states?)\.|(^|[._])(max_)?(exp_avg(_sq)?|momentum_buffer"
      r"|square_avg|grad_avg|acc_delta)(\.|$)"), "optimizer state", "the optimizer's state"),
    ((r"(^|[._])((attn|attention|causal|key_padding|padding|src|tgt|future)[._]?mask|relative_position_index"
      r"|position_ids|masked_bias|inv_freq|(cos|sin)_cached)$"), "buffer",
     "a buffer of the network, such as an attention mask; it is not pruned"),
    (r"(^|[._])((mask_|popup_|weight_)?scores?|importances?|saliency)$", "score",
     "pruning scores, not weights"),
    ((r"(^|[._])(q?scales?|scale_inv|scale_factor|q?zeros?(_points?)?|zero_points?|amax|absmax|step_size|g_idx"
      r"|quant_map|scb)$"), "scale", "quantisation scales, not weights"),
    (r"(^|[._])(qweight|weight_packed|packed_weight)$", "other", "packed numbers, which are not supported"),
    (r"bias(_(orig|mask|trained))?$|bias_table$", "bias", "biases are not prunable"),
    (r"(^|[._])mma_pruned_p$", "other", "a copy of the pruned weights"),
)  # fmt: skip
_NOT_KERNELS: Final = tuple((re.compile(pattern, re.IGNORECASE), role, why) for pattern, role, why in _RULES)
_AVERAGE: Final = re.compile(r"(^|[._])(ema|swa|averaged|shadow|polyak)(?=[._]|$)", re.IGNORECASE)
_EMBEDDING: Final = re.compile(
    r"(^|[._])(wte|wpe|\w*embed(ding)?s?|embed_tokens|(cls|mask|dist|register)_tokens?)(\.(weight|embedding))?$",
    re.IGNORECASE,
)
_NORM: Final = re.compile(
    r"(^|[._])(bn|ln|(batch|layer|group|instance|rms)?_?norm)(\d*|_\w{1,3})\.[^.]+$", re.IGNORECASE
)


class Named(NamedTuple):
    """A tensor's name taken apart: parameter `stem` and what the tensor is to it.

    `role` and `why` are set where the name shows that it is no kernel; `part` then is what it would be otherwise.
    """

    stem: str
    part: Part
    role: Role | None = None
    why: str = ""


def taken_apart(name: str) -> Named:
    """Return which parameter a tensor belongs to, and as what."""
    for pattern, role, why in _NOT_KERNELS:
        if pattern.search(name):
            return Named(name, "weights", role, why)
    hit = _PARAMETRIZED.fullmatch(name)
    if hit:
        stem = f"{hit[1]}.{hit[2]}" if hit[1] else hit[2]
        if hit[3] in ("original", "original0", "original1"):
            parts: dict[str, Part] = {"original": "orig", "original0": "gain", "original1": "direction"}
            return Named(stem, parts[hit[3]])
        if re.search(r"mask\w*$", hit[3]):
            return Named(stem, "mask")
        return Named(name, "weights", "other", "a parameter of a parametrization, not weights")
    hit = _MMA.fullmatch(name)
    if hit:
        return Named(hit[1] + hit[2], "mask")
    if name.endswith(".mask"):
        return Named(name.removesuffix(".mask"), "mask")
    for end, part in _ENDS:
        if name.endswith(end):
            return Named(name.removesuffix(end), part)
    if name.endswith(("weight_g", "weight_v")):
        return Named(name[:-2], "gain" if name.endswith("g") else "direction")
    return Named(name, "weights")


def without_average(name: str) -> str:
    """Return the name without what marks it as an average over training; the same where nothing does."""
    return _AVERAGE.sub("", name).strip("._")


def is_embedding(name: str) -> bool:
    """Return whether the name is that of a table of embeddings or of a learned token."""
    return bool(_EMBEDDING.search(name))


def is_norm(name: str) -> bool:
    """Return whether the name is that of a parameter of a normalisation."""
    return bool(_NORM.search(name))


def names_kernel(stem: str) -> bool:
    """Return whether a parameter has a name that frameworks give kernels."""
    return stem.rpartition(".")[2].partition(":")[0].endswith(("weight", "kernel"))


def is_flax(stem: str) -> bool:
    """Return whether a parameter has the name that Flax and Keras give kernels, which they store inputs first."""
    return stem.rpartition(".")[2].partition(":")[0] == "kernel"


def layer_name(stem: str) -> str:
    """Return the name of a layer from that of its kernel."""
    for end in (".weight", ".kernel:0", ".kernel"):
        if stem.endswith(end):
            return stem.removesuffix(end)
    return stem
