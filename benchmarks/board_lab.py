"""The same pages with 100,000 runs and 330,000 replicates on PostgreSQL, each over twice its bound.

Without points: none of these pages reads more of them than those of the smaller store.
"""

from benchmarks.board import pages, show, worst

NAME = "board_lab"
BOUND = 1.0

RUNS, TIMES = 100_000, 2


def measure() -> float:
    """Return the worst p95 over twice its bound."""
    return worst(pages("postgresql", RUNS, with_points=False)) / TIMES


if __name__ == "__main__":
    show(pages("postgresql", RUNS, with_points=False), TIMES)
