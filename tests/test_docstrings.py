"""Docstrings begin with a verb in the imperative and have short sentences, in all code but tests and migrations."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
READ = ("app", "benchmarks", "workers")
BEFORE = ROOT / "app" / "store" / "migrations" / "versions"
"""Migrations are left as they were."""
MOST = 25
"""Words of a sentence."""
_VERBS = """Act Add Announce Answer Append Apply Ask Assign Attach Begin Bring Build Calibrate Call Cancel Change Check
Claim Clear Close Collect Combine Compare Compress Compute Connect Convert Copy Count Create Cut Decode Delete Derive
Detect Do Download Drain Draw Drop Encode End Ensure Enter Estimate Evaluate Exclude Exit Expand Export Extend Extract
Fetch Fill Find Finish Flush Forget Freeze Generate Get Give Go Grant Group Handle Have Hide Import Initialise Insert
Install Invite Join Keep Lay Leave Let List Load Log Look Make Mark Measure Merge Migrate Move Name Normalise Note
Notify Number Offer Open Pair Parse Pass Pause Permute Play Post Prepare Print Prune Publish Purge Put Queue Raise Read
Reap Record Refresh Refuse Register Reject Release Remember Remove Rename Render Replace Replay Rerun Reset Resolve
Restore Resume Return Revoke Rewrite Run Save Say Select Send Serve Set Share Show Simulate Skip Spawn Split Start Stop
Store Strip Submit Subscribe Summarise Sweep Switch Take Tell Tie Time Train Try Turn Unpack Update Upload Use Validate
Verify Visit Wait Walk Warm Watch Write Yield Zoom"""
VERBS = frozenset(_VERBS.split())
_NOUN = re.compile(r"\w+ of\b")
"""A verb that is a noun there, such as in "Time of a step"."""
# A sentence ends at its full stop, a paragraph, or a rule of a grammar.
_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`\"(])|\n\s*\n|\n(?=[a-z, ]+ = )")


def faults(source: str) -> Iterator[str]:
    """Yield what is wrong with the docstrings of a module: a name, and its first word or its long sentence."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        name, text = getattr(node, "name", "module"), ast.get_docstring(node)
        if text is None:
            continue
        first = text.split(maxsplit=1)[0].rstrip(",:.;")
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (first not in VERBS or _NOUN.match(text)):
            yield f"{name}: {first}"
        for sentence in _END.split(text):
            if len(sentence.split()) > MOST:
                yield f"{name}: {sentence}"


def test_docstrings_begin_with_a_verb_and_are_short() -> None:
    files = [file for folder in READ for file in (ROOT / folder).rglob("*.py") if BEFORE not in file.parents]
    assert len(files) > 700
    assert {str(file.relative_to(ROOT)): wrong for file in files if (wrong := list(faults(file.read_text())))} == {}


@pytest.mark.parametrize("page", ["add-a-method", "add-a-model", "add-an-experiment"])
def test_examples_of_the_docs_are_written_so(page: str) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / f"{page}.md").read_text(), re.DOTALL)
    assert len(blocks) > 1
    assert [wrong for block in blocks for wrong in faults(block)] == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("The rows of a run.", "f: The"),
        ("Whether a run has ended.", "f: Whether"),
        ("How many there are.", "f: How"),
        ("Time of a step.", "f: Time"),
        (f"Return {'a ' * 25}run.", f"f: Return {'a ' * 25}run."),
        (f"Return a run. It has{' a' * 24} row.", f"f: It has{' a' * 24} row."),
    ],
)
def test_a_planted_docstring_is_found(text: str, fault: str) -> None:
    assert list(faults(f'def f():\n    """{text}"""')) == [fault]
    assert list(faults('def f():\n    """Return a run. Raises NotFound."""')) == []
