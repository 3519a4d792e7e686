"""A collection no longer looks at what there was at the start, and still frees what came later."""

import subprocess
import sys

CODE = """
import gc, weakref
from app.garbage import freeze, postpone

class Node:
    def __init__(self):
        self.itself = self

postpone()
before = gc.get_stats()
early = [Node() for _ in range(10_000)]
assert gc.get_stats() == before
freeze()
assert gc.isenabled()
assert gc.get_freeze_count() > 1_000
assert not any(isinstance(kept, Node) for kept in gc.get_objects())
late = weakref.ref(Node())
gc.collect()
assert late() is None
"""


def test_objects_of_the_start_are_left_alone_and_later_ones_are_freed() -> None:
    subprocess.run([sys.executable, "-c", CODE], check=True, timeout=30)
