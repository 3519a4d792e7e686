"""Imports that name the run whose architecture their layers have."""

import io
import json
import re
from collections.abc import Mapping
from typing import Any

import httpx
import numpy as np
import pytest
import torch
from safetensors.numpy import save

from app.atlas.collapses import collapses
from app.atlas.overlaps import overlaps
from app.atlas.reader import Reader
from app.atlas.units import unit
from app.contract.tickets import TicketRef
from app.kinds.imported.commands import import_again
from app.kinds.imported.spec import ImportedSpec
from app.plotting.tickets.overlap_view import OverlapOptions
from app.store import Store
from tests.app.masked_run import Kernels, MaskedRun, write_run
from tests.workers.science.architecture.networks import ResNet20
from workers.science.architecture.architecture import described
from workers.science.models.prunable import prunable

NETWORK = ResNet20(4)
SHAPES = {name.removesuffix(".weight"): layer.shape for name, layer in prunable(NETWORK).items()}
KNOWN = described(NETWORK, torch.zeros(2, 3, 8, 8))
REASON = {"reason": "not defined for this model, because no rule follows the operation roll"}
CUT = ("blocks.3.c1", "blocks.3.short.0")
NAMES = {name: f"net.{i}.{name.rpartition('.')[2]}" for i, name in enumerate(sorted(SHAPES))}
"""Names that tell nothing, in another order than the network's."""


def trained(store: Store, architecture: dict[str, Any] | None = KNOWN, empty: tuple[str, ...] = ()) -> MaskedRun:
    random = np.random.default_rng(0)
    full: Kernels = {name: np.ones(shape, bool) for name, shape in SHAPES.items()}
    pruned = {name: random.random(shape) < (0 if name in empty else 0.5) for name, shape in SHAPES.items()}
    return write_run(
        store, SHAPES, levels=1, architecture=architecture, masks=[[full, pruned]], picture=(3, 8, 8), with_strata=False
    )


def post(
    client: httpx.Client,
    run: MaskedRun,
    fields: Mapping[str, str],
    *,
    dry: bool = False,
    names: Mapping[str, str] | None = None,
) -> httpx.Response:
    """Import the masks of a run under other names, last layer first."""
    names = names or {name: name for name in SHAPES}
    files = [
        {f"{names[layer]}.weight_mask": mask.astype(np.uint8) for layer, mask in reversed(list(level.items()))}
        for level in run.masks[0]
    ]
    parts = [("files", (f"level_{i}.safetensors", io.BytesIO(save(file)))) for i, file in enumerate(files)]
    return client.post("/api/v1/imports", params={"dry_run": "true"} if dry else {}, files=parts, data=fields)


def refusal(answer: httpx.Response) -> tuple[str, str]:
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    return error["path"], error["message"]


def test_units_collapse_and_chance_are_those_of_the_run(client: httpx.Client, store: Store) -> None:
    reader = Reader(store)
    source = trained(store, empty=CUT)
    alone = post(client, source, {}).json()["id"]
    assert unit(reader, TicketRef(alone, 0, 1), 0, 2).out_degree is None  # a shortcut, and nothing says what it skips
    run = post(client, source, {"architecture_of": source.id}).json()
    assert [layer["name"] for layer in run["provenance"]["layers"]] == list(SHAPES)
    assert run["provenance"]["input"] == [3, 8, 8]
    ref = TicketRef(run["id"], 0, 1)
    for layer in (0, 4, len(SHAPES) - 2):
        mine, theirs = unit(reader, ref, layer, 2), unit(reader, source.ref(0, 1), layer, 2)
        assert theirs.reached
        assert (mine.readers, mine.out_degree, mine.in_degree) == (theirs.readers, theirs.out_degree, theirs.in_degree)
        assert [name for name, _ in mine.reached] == [name for name, _ in theirs.reached]
        for (_, ours), (_, expected) in zip(mine.reached, theirs.reached, strict=True):
            np.testing.assert_array_equal(ours, expected)
    lost = collapses(reader, store.run(source.id))
    assert collapses(reader, store.run(run["id"])) == lost
    assert (lost[0, 1].empty, lost[0, 1].cut) == (CUT, CUT[0])
    rows = [store.series(each, "layers") for each in (run["id"], source.id)]
    for column in ("kept", "dead_inputs", "dead_units"):
        np.testing.assert_array_equal(rows[0][column], rows[1][column])
    options = OverlapOptions(across="levels")
    shared, shared_there = (overlaps(reader, each, options) for each in (run["id"], source.id))
    assert shared.unpermuted == shared_there.unpermuted == ""
    np.testing.assert_array_equal(shared.expected["unit_permuted"], shared_there.expected["unit_permuted"])
    assert np.isfinite(shared.expected["unit_permuted"]).all()


def test_a_dry_run_tells_collapse_by_the_architecture(client: httpx.Client, store: Store) -> None:
    bridged, cut = trained(store, empty=("blocks.1.c1",)), trained(store, empty=CUT)
    for run, words in ((bridged, ""), (cut, "layer collapse at level 1 in blocks.3.c1 and blocks.3.short.0")):
        seen = post(client, run, {"architecture_of": run.id}, dry=True).json()
        assert (seen["networks"][1]["collapse"], seen["architecture_of"]) == (words, run.id)
    assert post(client, bridged, {}, dry=True).json()["networks"][1]["collapse"]


def test_layers_that_neither_name_nor_shape_tells_apart_are_proposed_and_then_taken(
    client: httpx.Client, store: Store
) -> None:
    run = trained(store, empty=CUT)
    path, message = refusal(post(client, run, {"architecture_of": run.id}, names=NAMES))
    assert path == "architecture_layers"
    assert f"names and shapes do not determine which layer of the files is which of run {run.id}" in message
    proposal = json.loads(re.findall(r"\{.*\}", message)[0])
    alone = [name for name, shape in SHAPES.items() if list(SHAPES.values()).count(shape) == 1]
    assert proposal.keys() == set(NAMES.values()) - {NAMES[name] for name in alone}
    pairs = {NAMES[name]: name for name in SHAPES if name not in alone}
    fields = {"architecture_of": run.id, "architecture_layers": json.dumps(pairs)}
    made = post(client, run, fields, names=NAMES).json()
    assert [layer["name"] for layer in made["provenance"]["layers"]] == [NAMES[name] for name in SHAPES]
    reader = Reader(store)
    mine, theirs = unit(reader, TicketRef(made["id"], 0, 1), 0, 2), unit(reader, run.ref(0, 1), 0, 2)
    assert mine.readers == [NAMES[name] for name in theirs.readers]
    cli, curl = import_again(ImportedSpec.model_validate(made["spec"]), "again", "http://here")
    for field in fields.values():
        assert field in cli
        assert field in curl


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ("[]", "must be a JSON object"),
        ("{", "is not JSON"),
        ('{"out": 3}', "must be a JSON object"),
        ('{"nothing": "out"}', "names 'nothing', which is none of the files; they have "),
        ('{"out": "nothing"}', "names 'nothing', which is none of run "),
        ('{"out": "stem"}', "does not fit: out is 10×16, stem of run "),
        ('{"blocks.0.c1": "blocks.0.c2", "blocks.0.c2": "blocks.0.c2"}', "names blocks.0.c2 of run "),
    ],
)
def test_pairs_that_do_not_fit_are_refused(client: httpx.Client, store: Store, pairs: str, words: str) -> None:
    run = trained(store)
    path, message = refusal(post(client, run, {"architecture_of": run.id, "architecture_layers": pairs}))
    assert path == "architecture_layers"
    assert words in message


def test_runs_without_the_architecture_of_the_files_are_refused(client: httpx.Client, store: Store) -> None:
    run = trained(store)
    for fields, words in (
        ({"architecture_of": "0000000000"}, "must name a run of this installation; there is no '0000000000'"),
        ({"architecture_of": trained(store, None).id}, "is not: it has not started yet"),
        ({"architecture_of": trained(store, REASON).id}, REASON["reason"]),
        ({"architecture_layers": '{"a": "b"}'}, "must name the run whose layers architecture_layers gives"),
    ):
        for dry in (True, False):
            path, message = refusal(post(client, run, fields, dry=dry))
            assert path == "architecture_of"
            assert words in message


def test_a_layer_of_another_shape_or_too_few_layers_are_named(client: httpx.Client, store: Store) -> None:
    run = trained(store)
    masks = {f"{name}.weight_mask": np.ones(shape, np.uint8) for name, shape in SHAPES.items()}
    one_less = {name: mask for name, mask in masks.items() if name != "blocks.8.c2.weight_mask"}
    other = {**masks, "out.weight_mask": np.ones((11, 16), np.uint8)}
    lost = "no layer of the files corresponds to"
    for tensors, words in (
        (one_less, f"does not fit: {lost} blocks.8.c2 (16×16×3×3)"),
        (other, f"does not fit: no layer of {{run}} corresponds to out (11×16); {lost} out (10×16)"),
    ):
        file = [("files", ("one.safetensors", io.BytesIO(save(tensors))))]
        answer = client.post("/api/v1/imports", files=file, data={"architecture_of": run.id})
        assert refusal(answer) == ("architecture_of", words.format(run=f"run {run.id}"))


def test_the_form_returns_a_refusal_at_its_field_with_what_was_typed(client: httpx.Client, store: Store) -> None:
    run = trained(store)
    file = [("files", ("one.safetensors", io.BytesIO(save({"a.weight_mask": np.eye(3, dtype=np.uint8)}))))]
    answer = client.post("/import", files=file, data={"architecture_of": run.id})
    assert answer.status_code == 422
    assert f'value="{run.id}"' in answer.text
    assert 'id="f-architecture_of-error">Architecture of run does not fit: no layer of run' in answer.text
