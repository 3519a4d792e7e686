"""Which kernels a traced model has, in forward order, and what each of them is for."""

from dataclasses import dataclass, field

from torch import Tensor, fx, nn

from app.contract.architecture import Kernel, Role
from workers.science.architecture.tracing import Trace

INPUT = ""
_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Embedding)
_KERNEL_CALLS = {"linear", "conv1d", "conv2d", "conv3d", "embedding"}
_SUMS = {"add", "iadd", "add_"}
_PRODUCTS = {"matmul", "bmm"}
_ATTENTION = "scaled_dot_product_attention"


@dataclass
class _Flow:
    """What reaches a node: the nearest kernels, and all kernels before it.

    `query` and `key` are set from a product of two computed tensors on, `heads` from an attention on, until the next
    kernel.
    """

    nearest: set[str] = field(default_factory=set)
    before: set[str] = field(default_factory=set)
    query: set[str] = field(default_factory=set)
    key: set[str] = field(default_factory=set)
    heads: int = 0


@dataclass
class _Found:
    shape: tuple[int, ...]
    role: Role
    reads: set[str]
    heads: int = 0
    groups: int = 1


def kernels_of(trace: Trace) -> tuple[Kernel, ...]:
    """Return the kernels of a traced model in forward order."""
    flows: dict[fx.Node, _Flow] = {}
    kernels: dict[str, _Found] = {}
    for node in trace.graph.nodes:
        flow = _Flow({INPUT}) if node.op == "placeholder" else _joined(trace, flows, node)
        flows[node] = flow
        call = _call(node)
        if weight := _weight(trace, node):
            name, tensor, groups = weight
            if name not in kernels:
                embedding = "embedding" in call or isinstance(_module(trace, node), nn.Embedding)
                role: Role = "embedding" if embedding else "attention_out" if flow.heads else "hidden"
                kernels[name] = _Found(tuple(tensor.shape), role, set(flow.nearest), flow.heads, groups)
            else:
                kernels[name].reads |= flow.nearest
            flows[node] = _Flow({name}, flow.before | {name})
        elif call in _SUMS:
            _shortcut(kernels, *(flows[tensor] for tensor in _tensors(node)))
        elif call == _ATTENTION:
            query, key, value = (flows[tensor] for tensor in _tensors(node)[:3])
            _attend(trace, node, flow, kernels, (query.nearest, key.nearest, value.nearest))
        elif call in _PRODUCTS:
            left, right = (flows[tensor] for tensor in _tensors(node)[:2])
            if left.query:
                _attend(trace, node, flow, kernels, (left.query, left.key, right.nearest))
            else:
                flow.query, flow.key = set(left.nearest), set(right.nearest)
        if node.op == "output":
            _ends(kernels, flow)
    order = [INPUT, *kernels]
    return tuple(
        Kernel(
            name, kernel.shape, kernel.role, tuple(sorted(kernel.reads, key=order.index)), kernel.heads, kernel.groups
        )
        for name, kernel in kernels.items()
    )


def _joined(trace: Trace, flows: dict[fx.Node, _Flow], node: fx.Node) -> _Flow:
    joined = _Flow()
    for all_input_node in node.all_input_nodes:
        if all_input_node not in trace.operands:  # a number, such as a tensor's length
            continue
        flow = flows[all_input_node]
        joined.nearest |= flow.nearest
        joined.before |= flow.before
        joined.query |= flow.query
        joined.key |= flow.key
        joined.heads = max(joined.heads, flow.heads)
    return joined


def _call(node: fx.Node) -> str:
    """Return the name of the function or method that a node calls, "" for none."""
    if node.op == "call_function":
        return getattr(node.target, "__name__", "")
    return str(node.target) if node.op == "call_method" else ""


def _tensors(node: fx.Node) -> list[fx.Node]:
    """Return the arguments that are results of other nodes, in order; the same one may come twice."""
    return [item for item in (*node.args, *node.kwargs.values()) if isinstance(item, fx.Node)]


def _module(trace: Trace, node: fx.Node) -> nn.Module | None:
    return trace.module.get_submodule(str(node.target)) if node.op == "call_module" else None


def _weight(trace: Trace, node: fx.Node) -> tuple[str, Tensor, int] | None:
    """Return name, tensor and groups of the kernel that a node multiplies by, None where it has none."""
    module = _module(trace, node)
    if isinstance(module, _LAYERS):
        return trace.name_of(module.weight), module.weight, int(getattr(module, "groups", 1))
    if _call(node) in _KERNEL_CALLS:
        weight = node.args[1] if len(node.args) > 1 else node.kwargs.get("weight")
        if isinstance(weight, fx.Node) and weight.op == "get_attr":
            tensor = trace.fetch_attr(str(weight.target))
            groups = node.args[6] if len(node.args) > 6 else node.kwargs.get("groups", 1)
            return trace.name_of(tensor), tensor, groups if isinstance(groups, int) else 1
    return None


def _shortcut(kernels: dict[str, _Found], *branches: _Flow) -> None:
    """Mark a kernel as a shortcut if it is alone on one of two added branches, with several on the other."""
    if len(branches) != 2:
        return
    one, other = branches
    for mine, theirs in ((one, other), (other, one)):
        alone, parallel = mine.before - theirs.before, theirs.before - mine.before
        if len(alone) == 1 < len(parallel) and kernels[name := alone.pop()].role in ("first", "hidden"):
            kernels[name].role = "shortcut"


def _attend(
    trace: Trace, node: fx.Node, flow: _Flow, kernels: dict[str, _Found], reads: tuple[set[str], set[str], set[str]]
) -> None:
    """Give the kernels of queries, keys and values their roles; the next kernel is the attention's output."""
    shape = [factor.size for factor in trace.operands[node].dimensions]
    flow.heads, flow.query, flow.key = shape[-3] if len(shape) > 3 else 1, set(), set()
    names: tuple[Role, Role, Role] = ("query", "key", "value")
    for name in set.union(*reads) - {INPUT}:
        roles = [role for role, kernels in zip(names, reads, strict=True) if name in kernels]
        kernels[name].role = roles[0] if len(roles) == 1 else "query_key_value"
        kernels[name].heads = flow.heads


def _ends(kernels: dict[str, _Found], flow: _Flow) -> None:
    """Name the kernels that read the input, and those that nothing but the output reads."""
    for kernel in kernels.values():
        if INPUT in kernel.reads and kernel.role == "hidden":
            kernel.role = "first"
    for name in flow.nearest - {INPUT}:
        if not any(name in item.reads for item in kernels.values()):
            kernels[name].role = "output"
