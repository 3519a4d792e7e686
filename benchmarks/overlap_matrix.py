"""How long 60 masks of 16.8 million weights take to be compared, each with each, on one core."""

import time

import numpy as np

from app.masks.codec import Bits, unpack
from app.masks.overlap import intersections

NAME = "overlap_matrix"
BOUND = 1.0
"""Seconds of one processor."""

SIDE, LEVELS, REPLICATES = 4096, 20, 3


def measure() -> float:
    """Return the processor time of the whole matrix, the best of three rounds.

    Check a corner of the masks with booleans.
    """
    masks = [mask for replicate in range(REPLICATES) for mask in chain(replicate)]
    intersections(masks[:2])
    times = []
    for _ in range(3):
        began = time.process_time()
        shared = intersections(masks)
        times.append(time.process_time() - began)
    assert all(shared[i, i] == np.bitwise_count(mask).sum() for i, mask in enumerate(masks))
    corner = [mask[:64, :16] for mask in masks[::7]]
    plain = [unpack(mask, 128).astype(bool) for mask in corner]
    assert intersections(corner).tolist() == [[int((a & b).sum()) for b in plain] for a in plain]
    return min(times)


def chain(replicate: int) -> list[Bits]:
    """Return masks of the levels of one replicate, each within the one before: about a quarter of its bits goes."""
    draw = np.random.default_rng(replicate)
    mask = np.full((SIDE, SIDE // 8), 255, np.uint8)
    levels = []
    for _ in range(LEVELS):
        levels.append(mask)
        gone = np.frombuffer(draw.bytes(2 * mask.size), np.uint8).reshape(2, *mask.shape)
        mask = mask & ~(gone[0] & gone[1])
    return levels
