"""Benchmarks: each module has a NAME, a BOUND and `measure() -> float`; a measurement above the bound falls short."""
