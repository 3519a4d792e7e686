"""Which file is which level of which replicate, and which files are shards of one network."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from app.contract.experiment import FieldError
from app.imports.limits import MAX_HEADER_BYTES
from app.imports.refused import Refused
from app.imports.source import Source
from app.masks.chain import natural

_SHARD: Final = re.compile(r"(.*)-(\d{5})-of-(\d{5})(\.safetensors)?")
_REPLICATE: Final = re.compile(r"(?:^|[/_.-])(?:replicate|rep|seed|trial)[_-]?(\d{1,9})(?=[/_.-]|$)", re.IGNORECASE)


class Network(NamedTuple):
    """One network: its files, of which there are several where it is kept in shards, and its place."""

    sources: tuple[Source, ...]
    replicate: int
    level: int

    @property
    def name(self) -> str:
        """Return the name of its first file."""
        return self.sources[0].name


def networks(sources: Sequence[Source], places: Sequence[tuple[int, int]] = ()) -> list[Network]:
    """Return the networks of an import by replicate and level. Raises Refused, FieldError for places that do not fit.

    `places` are (replicate, level) of each file but an index; files of one place are shards of one network. Without
    them, an index or the names decide about shards, and `replicate_1` or `seed_1` in all paths about replicates. Levels
    are then the natural order of whole paths.
    """
    indices = [source for source in sources if source.name.endswith(".json")]
    files = [source for source in sources if source not in indices]
    if not files:
        raise Refused(indices[0].name if indices else "the import", "needs at least one .safetensors file")
    groups = _groups(files, indices)
    if places:
        return _placed(files, groups, places)
    replicates = [_REPLICATE.search(group[0].name) for group in groups]
    numbers = [hit and int(hit[1]) for hit in replicates]
    known = sorted({number for number in numbers if number is not None}) if None not in numbers else []
    networks: list[Network] = []
    for replicate, number in enumerate(known if len(known) > 1 else [None]):
        mine = [group for group, its in zip(groups, numbers, strict=True) if number is None or its == number]
        mine.sort(key=lambda group: natural(group[0].name))
        networks += [Network(group, replicate, level) for level, group in enumerate(mine)]
    return networks


def _placed(
    files: Sequence[Source], groups: Sequence[tuple[Source, ...]], places: Sequence[tuple[int, int]]
) -> list[Network]:
    if len(places) != len(files):
        raise FieldError("places", f"needs one [replicate, level] for each of the {len(files)} files")
    by_place: dict[tuple[int, int], list[Source]] = {}
    for file, place in zip(files, places, strict=True):
        by_place.setdefault((place[0], place[1]), []).append(file)
    for group in groups:
        if sum(any(file in group for file in mine) for mine in by_place.values()) > 1:
            raise FieldError(
                "places",
                f"{group[0].name} and {group[1].name} are shards of one network: both need the same [replicate, level]",
            )
    replicates = sorted({replicate for replicate, _ in by_place})
    if replicates != list(range(len(replicates))):
        raise FieldError("places", f"replicates must be numbered from 0 without gaps, not {replicates}")
    for replicate in replicates:
        levels = sorted(level for its, level in by_place if its == replicate)
        if levels != list(range(len(levels))):
            raise FieldError(
                "places", f"levels of replicate {replicate} must be numbered from 0 without gaps, not {levels}"
            )
    return [Network(tuple(mine), *place) for place, mine in sorted(by_place.items())]


def _groups(files: Sequence[Source], indices: Sequence[Source]) -> list[tuple[Source, ...]]:
    """Return the files of each network. Raises Refused where a shard is missing."""
    left = {file.name: file for file in files}
    groups: list[tuple[Source, ...]] = []
    grouped: set[int] = set()
    for index in indices:
        folder = index.name.rpartition("/")[0]
        mine = []
        for name in sorted(set(_weight_map(index).values()), key=natural):
            file = left.get(f"{folder}/{name}" if folder else name)
            if file is None:
                raise Refused(index.name, f"it names {name[:120]!r}, which is not among the files")
            mine.append(file)
        if not mine:
            raise Refused(index.name, "its weight_map refers to no file")
        groups.append(tuple(mine))
        grouped |= {id(file) for file in mine}
    by_name: dict[tuple[str, str], list[Source]] = {}
    for file in files:
        shard = _SHARD.fullmatch(file.name)
        if id(file) in grouped:
            continue
        if shard is None:
            groups.append((file,))
        else:
            by_name.setdefault((shard[1], shard[3]), []).append(file)
    for (_, count), mine in by_name.items():
        if len(mine) != int(count):
            raise Refused(mine[0].name, f"it is one of {int(count)} shards of a network, but {len(mine)} were chosen")
        groups.append(tuple(sorted(mine, key=lambda file: natural(file.name))))
    return groups


def _weight_map(index: Source) -> Mapping[str, str]:
    """Read which tensor lies in which file from an index of shards. Raises Refused."""
    if index.size > MAX_HEADER_BYTES:
        raise Refused(index.name, f"{index.size:,} bytes; an index may have at most {MAX_HEADER_BYTES:,}", status=413)
    try:
        document: Any = json.loads(index.bytes(0, index.size))
    except (ValueError, RecursionError):
        raise Refused(index.name, "this is not JSON") from None
    files = document.get("weight_map") if isinstance(document, dict) else None
    if not isinstance(files, dict) or not all(isinstance(file, str) for file in files.values()):
        raise Refused(index.name, "an index of shards needs a weight_map from tensors to files")
    return files
