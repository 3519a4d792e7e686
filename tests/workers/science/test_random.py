"""Keyed generators."""

import torch

from workers.science.random import generator


def draw(generator: torch.Generator) -> list[float]:
    return torch.rand(4, generator=generator).tolist()


def test_same_key_same_stream() -> None:
    assert draw(generator(3, 1, "init")) == draw(generator(3, 1, "init"))


def test_every_part_of_the_key_matters() -> None:
    keys: list[tuple[int | str, ...]] = [
        (), (0,), (1,), ("0",), (0, 0), ("a", "b"), ("ab",), ("b", "a"), ("a", 1), ("a", "1"), ('a", "b',),
    ]  # fmt: skip
    streams = [draw(generator(seed, *key)) for seed in (0, 1) for key in keys]
    assert len({tuple(stream) for stream in streams}) == 2 * len(keys)


def test_streams_are_pinned() -> None:
    """A change here changes every number that a stored run would reproduce. (`printf '[0]' | sha256sum`, halved.)"""
    assert generator(0).initial_seed() == 1999793380834467432
    assert generator(7, 2, "shuffled", 3).initial_seed() == 8454326231160518252


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    draw(generator(0, "init"))
    assert torch.equal(before, torch.get_rng_state())
