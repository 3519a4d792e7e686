"""The presets of all kinds, by name."""

from collections.abc import Iterator, Mapping
from importlib import import_module

from app.contract.preset import Preset
from app.kinds.specs import EXPERIMENTS


def _presets() -> Iterator[Preset]:
    for kind in EXPERIMENTS:
        yield from import_module(f"app.kinds.{kind}.presets").PRESETS


PRESETS: Mapping[str, Preset] = {preset.name: preset for preset in _presets()}
