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
    """What files are called in an import: as given, or below their common folder where that leads elsewhere."""
    if all(not file.is_absolute() and ".." not in file.parts for file in files):
        return [file.as_posix() for file in files]
    folder = os.path.commonpath([file.resolve().parent for file in files])
    return [os.path.relpath(file.resolve(), folder) for file in files]


def show(console: Console, found: dict[str, Any]) -> None:
    """Print what was recognised: networks, tensors with their roles, and warnings."""
    networks = Table(
        Column("level", justify="right"),
        "replicate",
        "kept",
        Column("files", overflow="fold"),
        box=None,
        pad_edge=False,
    )
    for each in found["networks"]:
        kept = each["kept"]
        share = "not known" if kept is None else f"{kept:,} of {each['total']:,} ({kept / max(1, each['total']):.1%})"
        share += f", {each['collapse']}" if each["collapse"] else ""
        networks.add_row(str(each["level"]), str(each["replicate"]), share, escape(", ".join(each["files"])))
    console.print(networks)
    table = Table(
        *(Column(head, overflow="fold") for head in ("", "tensor", "shape", "role", "layer", "kept", "why")),
        box=None, pad_edge=False,
    )  # fmt: skip
    for line in found["tensors"][:_MANY]:
        counted = "" if line["kept"] is None else f"{_span(line['kept'])} of {line['total']:,}"
        shape = "×".join(map(str, line["shape"]))
        mark = "read" if line["taken"] else "left out"
        table.add_row(mark, *map(escape, (line["name"], shape, line["role"], line["layer"], counted, line["why"])))
    console.print(table)
    if len(found["tensors"]) > _MANY:
        console.print(f"and {len(found['tensors']) - _MANY} more tensors")
    console.print(escape(f"found: {found['holds']}"))
    for warning in found["warnings"]:
        console.print(escape(f"warning: {warning}"), style="yellow")


def _span(kept: Sequence[int]) -> str:
    return f"{kept[0]:,}" if len(set(kept)) == 1 else f"{max(kept):,} to {min(kept):,}"
