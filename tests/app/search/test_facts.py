"""A spec becomes names with values: components, lists and truth values."""

from app.kinds.presets import PRESETS
from app.search.facts import TEXT_LENGTH, VALUES, Fact, facts_of, singular
from app.search.fields import RUN, spec_fields


def test_components_lists_and_truth_values() -> None:
    spec = {
        "kind": "x",
        "optimizer": {"kind": "Adam", "lr": 0.1, "betas": [0.9, 0.99]},
        "branches": [{"kind": "random", "draws": 2}, {"kind": "reinit", "draws": 2}],
        "twins": True,
        "widths": [64, 64, 128],
        "ticket": None,
        "png": "a" * (TEXT_LENGTH + 1),
        "many": list(range(2 * VALUES)),
    }
    facts = facts_of(spec)
    assert facts[:13] == [
        Fact("kind", text="x"),
        Fact("optimizer", text="adam"),
        Fact("optimizer.lr", 0.1),
        Fact("optimizer.beta", 0.9),
        Fact("optimizer.beta", 0.99),
        Fact("branch", text="random"),
        Fact("branch.draws", 2.0),
        Fact("branch", text="reinit"),
        Fact("twins", text="true"),
        Fact("width", 64.0),
        Fact("width", 128.0),
        Fact("many", 0.0),
        Fact("many", 1.0),
    ]
    assert len(facts) == 11 + VALUES
    assert Fact("optimizer.lr", 0.1).leaf == "lr"


def test_lists_stand_under_their_singular() -> None:
    plurals = {"branches": "branch", "densities": "density", "lrs": "lr", "passes": "pass", "indexes": "index"}
    assert {plural: singular(plural) for plural in plurals} == plurals


def test_every_fact_of_every_preset_is_a_field_that_can_be_named() -> None:
    for preset in PRESETS.values():
        for fact in facts_of(preset.spec.model_dump(mode="json")):
            assert fact.path in spec_fields() or fact.path in RUN, fact
            kind = "number" if fact.number is not None else "word"
            assert fact.path in RUN or kind in spec_fields()[fact.path], fact
