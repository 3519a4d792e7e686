"""Modules are replaced by name, and nothing else of a network changes."""

import torch
from torch import Tensor, nn

from tests.workers.science.architecture.networks import Transformer
from workers.science.sparse.replace import replaced


def test_a_nested_module_is_replaced_and_all_tensors_are_shared() -> None:
    model = Transformer().eval()
    part = nn.Linear(16, 64)
    found = replaced(model, {"layers.1.up": part})
    assert found.get_submodule("layers.1.up") is part
    assert model.get_submodule("layers.1.up") is not part
    for name, tensor in model.named_parameters():
        assert name.startswith("layers.1.up.") or found.get_parameter(name) is tensor
    part.load_state_dict(model.get_submodule("layers.1.up").state_dict())
    x = torch.zeros(2, 12, dtype=torch.int64)
    assert torch.equal(found(x), model(x))
    assert not found.training


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Linear(3, 3)
        self.other = self.one
        self.both = [self.one, self.one]

    def forward(self, x: Tensor) -> Tensor:
        return self.other(self.both[1](self.one(x)))  # type: ignore[no-any-return]


def test_a_module_is_replaced_wherever_it_is() -> None:
    part = nn.Linear(3, 3)
    found = replaced(Twice(), {"one": part})
    x = torch.rand(2, 3)
    assert torch.equal(found(x), part(part(part(x))))


def test_the_network_itself_can_be_the_part() -> None:
    part = nn.Linear(3, 3)
    assert replaced(nn.Linear(3, 3), {"": part}) is part
