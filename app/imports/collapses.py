"""Which levels of recognised networks have collapsed, before anything of them is stored."""

from collections.abc import Mapping
from math import ceil, prod
from pathlib import Path

from app.imports.levels import bits_of
from app.imports.orientation import Kernel
from app.imports.recognition import Level, Recognition
from app.masks import reach
from app.masks.chain import no_link
from app.masks.codec import Bits
from app.masks.collapse import Counts, Gap, chained, connected, first_cut, gap
from app.masks.connectivity import dead
from app.masks.routes import Network


def gaps(recognition: Recognition, folder: Path, network: Network | None = None) -> Mapping[tuple[int, int], Gap]:
    """Return where the collapsed ones of the networks are cut, by replicate and level; `folder` is for large ones.

    Without the architecture of the `network`, layers are taken as a chain where shapes and names allow it.
    """
    gaps: dict[tuple[int, int], Gap] = {}
    for level in recognition.levels:
        cut = _gap(recognition.kernels, level, folder, network)
        if cut is not None:
            gaps[level.network.replicate, level.network.level] = cut
    return gaps


def _gap(kernels: list[Kernel], level: Level, folder: Path, network: Network | None) -> Gap | None:
    least = [_least(level_layer.kept, kernel) for level_layer, kernel in zip(level.counted, kernels, strict=True)]
    layers = {kernel.key: (layer, kernel) for layer, kernel in zip(level.layers, kernels, strict=True)}
    if network is not None:

        def masks(key: str) -> Bits | None:
            return bits_of(*layers[key], folder) if key in layers else None

        return reach.gap(network, list(layers), least, lambda: reach.first_cut(network, list(layers), masks))
    # Groups of a convolution are not followed, and shortcuts not guessed: both leave the order of layers unknown.
    linked = not no_link(kernel.name for kernel in kernels)
    shapes = [kernel.shape if linked and kernel.groups == 1 else kernel.shape[:1] for kernel in kernels]
    if not all(item.kept for item in least) or not chained(shapes):
        return gap(shapes, least, lambda: None)
    if connected(shapes, least):  # most masks are dense enough that nothing has to be read again
        return None
    counts = [
        Counts(degrees.kept, *dead(bits_of(layer, kernel, folder), kernel.shape))
        for degrees, (layer, kernel) in zip(least, layers.values(), strict=True)
    ]
    # One layer at a time, since a whole network may not fit in memory.
    return gap(
        shapes, counts, lambda: first_cut((bits_of(*layer, folder), layer[1].shape) for layer in layers.values())
    )


def _least(kept: int, kernel: Kernel) -> Counts:
    """Return counts of the mask that reads the fewest inputs and feeds the fewest units of all with so many weights."""
    if len(kernel.shape) < 2:
        return Counts(kept, 0, 0)
    n_out, n_in, *window = kernel.shape
    size = max(1, prod(window))
    return Counts(kept, n_in - ceil(kept / (n_out * size)), n_out - ceil(kept / (n_in * size)))
