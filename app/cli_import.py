"""What the command line prints of an import before it is stored."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

_MANY = 40


def names_of(files: Sequence[Path]) -> list[str]:
    """Return the names of files in an import: as given, or below their common folder where that leads elsewhere."""
    if all(not file.is_absolute() and ".." not in file.parts for file in files):
        return [file.as_posix() for file in files]
    folder = os.path.commonpath([file.resolve().parent for file in files])
    return [os.path.relpath(file.resolve(), folder) for file in files]


def show(console: Console, recognition: dict[str, Any]) -> None:
    """Print what was recognised: networks, tensors with their roles, and warnings."""
    networks = Table(
        Column("level", justify="right"),
        "replicate",
        "kept",
        Column("files", overflow="fold"),
        box=None,
        pad_edge=False,
    )
    for network in recognition["networks"]:
        kept = network["kept"]
        share = (
            "not known" if kept is None else f"{kept:,} of {network['total']:,} ({kept / max(1, network['total']):.1%})"
        )
        share += f", {network['collapse']}" if network["collapse"] else ""
        networks.add_row(str(network["level"]), str(network["replicate"]), share, escape(", ".join(network["files"])))
    console.print(networks)
    table = Table(
        *(Column(head, overflow="fold") for head in ("", "tensor", "shape", "role", "layer", "kept", "why")),
        box=None, pad_edge=False,
    )  # fmt: skip
    for line in recognition["tensors"][:_MANY]:
        counted = "" if line["kept"] is None else f"{_span(line['kept'])} of {line['total']:,}"
        shape = "×".join(map(str, line["shape"]))
        mark = "read" if line["taken"] else "left out"
        table.add_row(mark, *map(escape, (line["name"], shape, line["role"], line["layer"], counted, line["why"])))
    console.print(table)
    if len(recognition["tensors"]) > _MANY:
        console.print(f"and {len(recognition['tensors']) - _MANY} more tensors")
    console.print(escape(f"found: {recognition['holds']}"))
    if recognition["architecture_of"]:
        console.print(f"architecture: that of run {recognition['architecture_of']}")
    for warning in recognition["warnings"]:
        console.print(escape(f"warning: {warning}"), style="yellow")


def _span(kept: Sequence[int]) -> str:
    return f"{kept[0]:,}" if len(set(kept)) == 1 else f"{max(kept):,} to {min(kept):,}"
