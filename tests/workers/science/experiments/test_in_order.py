"""What trainings say at once comes out one training after the other, through a checkpoint too."""

import json
from math import isnan, nan
from random import Random

import torch

from app.contract.events import Measured
from app.kinds.lottery.spec import LotteryKey
from workers.science.experiments.in_order import InOrder, Logged, Pending, pack, unpack
from workers.science.outputs import Tensors

A, B, C = (LotteryKey(draw=draw) for draw in range(3))


def row(key: LotteryKey, step: float) -> Measured:
    return Measured(series="erasure", key=key, columns={"step": [step], "loss": [nan if step == 1 else step / 3]})


def test_the_first_is_told_at_once_and_the_others_when_it_has_ended() -> None:
    order = InOrder([A, B, C], Pending())
    assert order.add(A, row(A, 0)) == [row(A, 0)]
    assert order.add(C, row(C, 0)) == []
    assert order.add(B, row(B, 0)) == []
    assert order.end(C) == []
    assert (order.ended(C), order.waits(C)) == (True, True)
    assert order.end(A) == [row(B, 0)]
    assert not order.waits(A)
    assert order.add(B, row(B, 2)) == [row(B, 2)]
    assert order.end(B) == [row(C, 0)]
    assert (order.pending, order.due()) == (Pending({}, []), [])


def test_however_they_are_mixed_and_cut_the_log_is_that_of_one_after_the_other() -> None:
    """Every training says four things; at each word the process may be another one, which has what was packed."""
    keys = [LotteryKey(draw=draw) for draw in range(5)]
    apart = [row(key, step) for key in keys for step in (0, 2, 3, 4)]
    draw = Random(0)
    for _ in range(50):
        order, said = InOrder(keys, Pending()), list[Logged]()
        left = {key: [row(key, step) for step in (0, 2, 3, 4)] for key in keys}
        while left:
            key = draw.choice(list(left))
            said += order.add(key, left[key].pop(0))
            if not left[key]:
                del left[key]
                said += order.end(key)
            if draw.random() < 0.3:
                told, tensors = pack(order.pending)
                pending = unpack(json.loads(json.dumps(told)), tensors, LotteryKey)
                order = InOrder([key for key in keys if order.waits(key)], pending)
                assert order.due() == []
        assert said == apart


def test_rows_and_tensors_come_back_to_the_bit() -> None:
    frame = Tensors("frame_000001", B, {"delta": torch.tensor([[-127, 3]], dtype=torch.int8)}, {"scale": "0.1"})
    init = Tensors("init", LotteryKey(level=1), {"weight": torch.tensor([[0.1, -0.0]])})
    told, tensors = pack(Pending({B: [row(B, 1), frame], C: [init]}, [C]))
    pending = unpack(json.loads(json.dumps(told)), tensors, LotteryKey)
    (measured, again), (start,) = pending.outputs[B], pending.outputs[C]
    assert isinstance(measured, Measured)
    assert measured.columns["step"] == [1]
    assert isnan(measured.columns["loss"][0])
    for one, other in ((again, frame), (start, init)):
        assert isinstance(one, Tensors)
        assert (one.name, one.key, one.meta) == (other.name, other.key, other.meta)
        assert {key: tensor.numpy().tobytes() for key, tensor in one.tensors.items()} == {
            key: tensor.numpy().tobytes() for key, tensor in other.tensors.items()
        }
    assert list(pending.ended) == [C]
