"""Run a traced model on an example, and record what becomes of each dimension of each tensor."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import torch
from torch import Tensor, fx, nn

from workers.science.architecture.errors import NotDefined
from workers.science.architecture.factors import Factor, fix
from workers.science.architecture.operations import Operand, Rule, fixed
from workers.science.architecture.rules import FUNCTIONS, METHODS, known


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return known(m) is not None or super().is_leaf_module(m, module_qualified_name)


class Trace(fx.Interpreter):
    """A model that was run once: `shapes` and `operands` by node, and the dimensions of each parameter and buffer read.

    Raises `NotDefined` for a model that is not traceable, and for an operation that no rule follows.
    """

    def __init__(self, model: nn.Module, example: Tensor) -> None:
        try:
            graph = _Tracer().trace(model)
        except Exception as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise NotDefined(f"torch.fx cannot trace it: {reason}") from error
        super().__init__(model, graph=graph)
        tensors = chain(model.named_parameters(remove_duplicate=True), model.named_buffers(remove_duplicate=True))
        # One that several modules share has one name.
        self._names = {id(tensor): name for name, tensor in tensors}
        self.operands: dict[fx.Node, Any] = {}
        self.tensors: dict[str, Operand] = {}
        for node in graph.nodes:
            if node.op == "call_module" and known(self.fetch_attr(str(node.target))) is None:
                raise _unknown(type(self.fetch_attr(str(node.target))).__name__)
        try:
            with _evaluating(model), torch.no_grad():
                self.run(example)
        except NotDefined as error:  # torch has added its own lines to the message
            raise NotDefined(error.reason) from error

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if n.op == "output":
            fx.map_arg(n.args, lambda node: fix(*_dimensions(self.operands.get(node))))
        elif isinstance(value, Tensor):
            operand = self._follow(n, value.shape, value)
            self.operands[n] = operand if isinstance(operand, Operand) else Operand(operand)
        elif isinstance(value, tuple | list) and value and all(isinstance(item, Tensor) for item in value):
            self.operands[n] = self._follow(n, [item.shape for item in value], value)
        return value

    def _follow(self, node: fx.Node, shape: Any, value: Any) -> Any:
        if node.op == "placeholder":
            return fixed(shape)
        if node.op == "get_attr":
            return self.tensor(value)
        reads_tensor = False

        def seen(argument: fx.Node) -> Any:
            """Return the dimensions of a tensor, or the number of the run."""
            nonlocal reads_tensor
            reads_tensor |= argument in self.operands
            return self.operands[argument] if argument in self.operands else self.env[argument]

        args, kwargs = fx.map_arg(node.args, seen), fx.map_arg(node.kwargs, seen)
        if not reads_tensor:
            return fixed(shape)
        name, rule = self._rule(node)
        if rule is None:
            raise _unknown(name)
        try:
            if node.op == "call_module":
                module = self.fetch_attr(str(node.target))
                return rule(shape, args[0], module, lambda name: self._own(module, name))
            return rule(shape, *args, **kwargs)
        except (TypeError, ValueError, IndexError, AttributeError) as error:
            if isinstance(error, NotDefined):
                raise
            raise NotDefined(f"the operation {name} is used in a way that is not followed: {error}") from error

    def _rule(self, node: fx.Node) -> tuple[str, Rule | None]:
        if node.op == "call_module":
            module = self.fetch_attr(str(node.target))
            return type(module).__name__, known(module)
        if node.op == "call_method":
            return str(node.target), METHODS.get(str(node.target))
        assert callable(node.target)  # noqa: S101 (nothing else is left)
        return getattr(node.target, "__name__", str(node.target)), FUNCTIONS.get(node.target)

    def _own(self, module: nn.Module, name: str) -> Operand | None:
        tensor = getattr(module, name)
        return None if tensor is None else self.tensor(tensor)

    def name_of(self, tensor: Tensor) -> str:
        """Return the first name of a parameter or buffer, "" for another tensor."""
        return self._names.get(id(tensor), "")

    def tensor(self, tensor: Tensor) -> Operand:
        """Return the operand of a parameter or buffer, the same at each use; a constant's entries are fixed."""
        name = self.name_of(tensor)
        if not name:
            return Operand(fixed(tensor.shape))
        if name not in self.tensors:
            self.tensors[name] = Operand([Factor(size) for size in tensor.shape])
        return self.tensors[name]


def _unknown(name: str) -> NotDefined:
    return NotDefined(f"no rule follows the operation {name}")


def _dimensions(operand: Any) -> list[Factor]:
    """Return all dimensions of an operand, or of several."""
    if isinstance(operand, Operand):
        return operand.dimensions
    return [factor for item in operand or () for factor in _dimensions(item)]


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Set a model to evaluation, module by module back to what it was afterwards."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
