"""The hardware experiment: a row for every format of every network, resumed, and of a ticket."""

from math import isnan
from pathlib import Path
from typing import Any

import pytest
import torch

from app.contract.events import Measured, Progress
from app.kinds.hardware.spec import FORMATS, REASONS, HardwareKey, HardwareSpec
from app.methods.model.char_transformer import CharTransformer
from app.methods.model.lenet_300_100 import Lenet300100
from app.methods.model.resnet_20 import Resnet20
from tests.workers.science.experiments.lottery_runs import rows
from workers.science.experiments.hardware import describe, run
from workers.science.experiments.ticket import SavedTicket, Ticket
from workers.science.models import char_transformer, lenet_300_100, resnet_20
from workers.science.models.init import initialise
from workers.science.models.prunable import prunable
from workers.science.outputs import Checkpoint, Output, Resume, Tensors
from workers.science.random import generator

NOWHERE = Path("no-data-set-is-read")
SMALL: dict[str, Any] = {
    "kind": "hardware", "layers": [(24, 16)], "densities": (0.5, 0.1), "batch_sizes": (4,), "repeats": 7,
    "replicates": 1,
}  # fmt: skip
TIMES = ("seconds", "seconds_low", "seconds_high", "speedup", "speedup_low", "speedup_high")


def spec(**fields: Any) -> HardwareSpec:
    return HardwareSpec.model_validate(SMALL | fields)


def ran(made: HardwareSpec, resume: Resume | None = None, **more: Any) -> list[Output]:
    return list(run(made, 0, datasets_dir=NOWHERE, resume=resume, **more))


def saved_ticket() -> SavedTicket:
    network = lenet_300_100.build((1, 8, 8), 10)
    draw = generator(5, "ticket")
    initialise(network, draw)
    weights = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    masks = {name: torch.rand(t.shape, generator=draw) < 0.05 for name, t in weights.items() if t.ndim > 1}
    # The first layer sees one half of the picture, and a unit is dead.
    masks["fc1.weight"][:, :32] = False
    masks["fc1.weight"][7] = False
    weights |= {name: weights[name] * mask for name, mask in masks.items()}
    return SavedTicket(Lenet300100(kind="lenet_300_100"), (1, 8, 8), 10, Ticket(masks, weights))


@pytest.fixture(scope="module")
def outputs() -> list[Output]:
    return ran(spec())


def test_every_format_has_a_row_for_every_density_and_mode(outputs: list[Output]) -> None:
    seen = rows(outputs, "hardware")
    names = [name for name in FORMATS if name != "semi_structured"]
    assert [(key.storage_format, row["target"], row["training"]) for key, row in seen] == [
        (name, target, training) for target in (0.5, 0.1) for training in (0, 1) for name in names
    ]
    for key, row in seen:
        assert (row["ticket"], row["n_in"], row["n_out"], row["batch_size"], row["refused"]) == (0, 24, 16, 4, 0)
        assert 0 < row["seconds_low"] <= row["seconds"] <= row["seconds_high"] < 0.1
        assert 0 < row["speedup_low"] <= row["speedup"] <= row["speedup_high"]
        assert row["error"] < 1e-4
        assert row["bytes"] > 0
        if key.storage_format == "dense":
            assert (row["speedup"], row["density"]) == (1, 1)
        else:
            assert row["density"] == pytest.approx(row["target"], abs=0.05)


def test_progress_counts_measurements_and_ends_whole(outputs: list[Output]) -> None:
    experiment = spec()
    done = [output.done for output in outputs if isinstance(output, Progress)]
    assert done == sorted(done)
    assert done[-1] == experiment.units_per_replicate == 2 * 2 * 5
    notes = [output.note for output in outputs if isinstance(output, Progress)]
    assert list(dict.fromkeys(notes)) == [
        f"24×16 at {share} %, {mode}" for share in (50, 10) for mode in ("inference", "training")
    ]
    assert {output.total for output in outputs if isinstance(output, Progress)} == {experiment.units_per_replicate}


def test_resumed_it_says_the_rest_of_the_same_things(outputs: list[Output]) -> None:
    """Times differ from run to run; all else is the same, and nothing is said twice."""

    def told(some: list[Output]) -> list[Any]:
        return [
            (key, {name: value for name, value in row.items() if name not in (*TIMES, "energy_j")})
            for key, row in rows(some, "hardware")
        ]

    whole = [output for output in outputs if isinstance(output, Measured | Checkpoint)]
    for at, output in enumerate(whole):
        if isinstance(output, Checkpoint):
            before = sum(isinstance(item, Measured) for item in whole[:at])
            again = ran(spec(), resume=Resume(output.state, lambda _name, _place: {}))
            assert repr(told(again)) == repr(told(outputs)[before:])


def test_a_ticket_is_timed_whole_and_kept_compacted() -> None:
    ticket = saved_ticket()
    experiment = spec(layers=(), ticket="abc:0:3")
    outputs = ran(experiment, tickets=[ticket])
    seen = rows(outputs, "hardware")
    assert [(key.storage_format, row["training"]) for key, row in seen] == [
        (name, training) for training in (0, 1) for name in FORMATS if name != "semi_structured"
    ]
    kept = sum(int(mask.sum()) for mask in ticket.ticket.masks.values())
    total = sum(mask.numel() for mask in ticket.ticket.masks.values())
    for key, row in seen:
        assert (row["ticket"], row["n_in"], row["n_out"]) == (1, 0, 0)
        assert row["target"] == pytest.approx(kept / total)
        assert row["error"] < 1e-3
        if key.storage_format in ("masked_dense", "csr"):
            assert row["density"] == row["target"]
    small, dense = (
        next(row["bytes"] for key, row in seen if key.storage_format == name) for name in ("compacted", "dense")
    )
    assert small < dense
    (artifact,) = [output for output in outputs if isinstance(output, Tensors)]
    assert (artifact.name, artifact.key, artifact.meta) == (
        "compacted",
        HardwareKey(storage_format="compacted"),
        {"collapsed": "null"},
    )
    columns = artifact.tensors["fc1.weight.columns"]
    assert int(columns.min()) >= 32
    assert 7 not in artifact.tensors["fc1.weight.rows"].tolist()
    x = torch.rand(3, 64)
    hidden = torch.relu(x[:, columns] @ artifact.tensors["fc1.weight"].T + artifact.tensors["fc1.bias"])
    hidden = torch.relu(hidden @ artifact.tensors["fc2.weight"].T + artifact.tensors["fc2.bias"])
    y = hidden @ artifact.tensors["fc3.weight"].T + artifact.tensors["fc3.bias"]
    torch.testing.assert_close(y, ticket.network()(x.reshape(3, 1, 8, 8)))


def test_what_the_device_cannot_do_is_a_row_that_says_why() -> None:
    """A run for a GPU, on the CPU: 2:4 is refused, half precision in CSR too, and everything else is timed."""
    experiment = spec(device="gpu", dtype="bfloat16", formats=("csr", "compacted", "semi_structured"), densities=(0.5,))
    seen = {(key.storage_format, row["training"]): row for key, row in rows(ran(experiment), "hardware")}
    assert len(seen) == 2 * 4
    reasons = {key: list(REASONS)[int(row["refused"]) - 1] for key, row in seen.items() if row["refused"]}
    assert reasons == {
        ("semi_structured", 0): "device", ("semi_structured", 1): "device", ("csr", 0): "dtype", ("csr", 1): "dtype",
    }  # fmt: skip
    for key, row in seen.items():
        assert isnan(row["seconds"]) == isnan(row["speedup"]) == isnan(row["bytes"]) == (key in reasons)


def test_energy_is_told_where_the_machine_counts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a counter it is NaN; with one that moves by a joule at each look, every format takes some."""
    looks = iter(range(1_000_000))
    experiment = spec(densities=(0.5,), modes=("inference",), formats=("csr",))
    monkeypatch.setattr("workers.science.experiments.hardware.meter", lambda _device: lambda: float(next(looks)))
    monkeypatch.setattr("workers.science.sparse.energy.ENOUGH_S", 0.001)
    assert all(row["energy_j"] > 0 for _, row in rows(ran(experiment), "hardware"))
    monkeypatch.setattr("workers.science.experiments.hardware.meter", lambda _device: None)
    assert all(isnan(row["energy_j"]) for _, row in rows(ran(experiment), "hardware"))


def test_the_plan_names_what_is_timed() -> None:
    assert describe(spec(), NOWHERE) == {"timed": "float32", "sizes": [[24, 16]]}


def test_a_transformers_ticket_is_timed_on_symbols() -> None:
    """Its inputs are whole numbers, of which no gradient is asked; every format agrees with the dense network."""
    params = CharTransformer(kind="char_transformer", layers=1, width=16, heads=2)
    network = char_transformer.build((64,), 65, layers=1, width=16, heads=2)
    draw = generator(5, "ticket")
    initialise(network, draw)
    weights = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    masks = {name: torch.rand(layer.shape, generator=draw) < 0.2 for name, layer in prunable(network).items()}
    # Two units of the perceptron that nothing reads: they can go.
    masks["layers.0.down.weight"][:, 3:5] = False
    weights |= {name: weights[name] * mask for name, mask in masks.items()}
    ticket = SavedTicket(params, (64,), 65, Ticket(masks, weights))
    outputs = ran(spec(layers=(), ticket="a:0:1"), tickets=[ticket])
    timed = rows(outputs, "hardware")
    assert {place.storage_format for place, _ in timed} == set(FORMATS) - {"semi_structured"}
    for place, row in timed:
        if place.storage_format == "structured":
            # Leaving out units of perceptrons alone, without which heads and stream stay, leaves too many weights.
            assert list(REASONS)[int(row["refused"]) - 1] == "units"
        else:
            assert (row["refused"], row["error"] < 1e-3) == (0, True), place
    (artifact,) = [output for output in outputs if isinstance(output, Tensors)]
    read = int(masks["layers.0.down.weight"].any(dim=0).sum())
    assert read <= 62
    assert artifact.tensors["layers.0.up.weight"].shape == (read, 16)


def test_a_residual_ticket_is_timed_in_the_formats_that_know_it() -> None:
    network = resnet_20.build((1, 8, 8), 10)
    draw = generator(5, "ticket")
    initialise(network, draw, "kaiming_normal")
    weights = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    masks = {name: torch.rand(layer.shape, generator=draw) < 0.2 for name, layer in prunable(network).items()}
    weights |= {name: weights[name] * mask for name, mask in masks.items()}
    params = Resnet20(kind="resnet_20")
    ticket = SavedTicket(params, (1, 8, 8), 10, Ticket(masks, weights))
    timed = ran(spec(layers=(), ticket="a:0:1"), tickets=[ticket])
    for key, row in rows(timed, "hardware"):
        assert row["refused"] == 0
        assert row["error"] < 1e-3
        assert key.storage_format in FORMATS
