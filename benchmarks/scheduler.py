"""Fair share of people on a virtual clock: 1,000 workers, 100,000 shards, 50 people; prints what it came to.

What is measured is the worst of its three promises, each as a share of its bound. No person's slot time differs from
the equal share by more than 5 %. Slots wait for claims at most 1 % of the time. A run of low priority waits for its
first slot at most two hours and a shard.
"""

import sys

from app.store.queue_order import AGE_S
from benchmarks.scheduler_lab import LONGEST_S, Report, jobs, simulate

NAME = "scheduler"
BOUND = 1.0
"""Share of the bounds."""

PEOPLE, SHARDS, WORKERS = 50, 100_000, 1000
SHARE, OVERHEAD = 0.05, 0.01
WAIT_S = 2 * AGE_S + LONGEST_S


def measure() -> float:
    """Return the worst of the three, as a share of its bound."""
    report = simulate(jobs(PEOPLE, SHARDS), WORKERS)
    print(table(report), file=sys.stderr)
    return worst(report)


def worst(report: Report) -> float:
    """Return the worst of the three promises, as a share of its bound."""
    waits = max(report.longest_wait_s.values())
    return max(report.share_error / SHARE, report.overhead / OVERHEAD, waits / WAIT_S)


def table(report: Report) -> str:
    """Return what a simulation came to, a line for each figure."""
    waits = ", ".join(f"{name} {seconds:,.0f} s" for name, seconds in sorted(report.longest_wait_s.items()))
    rows = (
        ("shards", f"{report.shards:,}"),
        ("virtual time", f"{report.makespan_s / 3600:.1f} h"),
        ("largest deviation from the equal share", f"{100 * report.share_error:.3f} % (bound {100 * SHARE:g} %)"),
        ("slot time that waited for claims", f"{100 * report.overhead:.4f} % (bound {100 * OVERHEAD:g} %)"),
        ("longest wait for a slot", f"{waits} (bound {WAIT_S:,.0f} s)"),
        ("a claim", f"{1000 * report.claim_s:.1f} ms"),
        ("a release", f"{1000 * report.release_s:.1f} ms"),
    )
    return "\n".join(f"  {name:<40} {value}" for name, value in rows)
