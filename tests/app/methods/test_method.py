"""A description that would not work is refused by the file's name, and one that works needs no list."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Literal

import pytest

import app.methods.schedule
from app.contract.look import Look
from app.contract.palette import INK
from app.contract.params import Params
from app.methods.find import methods
from app.methods.method import CODE, DRAWN, Method


def params(group: str, name: str, kind: str) -> type[Params]:
    """A class as `app/methods/<group>/<name>.py` would hold it."""
    params: type[Params] = type(
        "Knobs", (Params,), {"__module__": f"app.methods.{group}.{name}", "__annotations__": {"kind": Literal[kind]}}
    )
    return params


def described(group: str, name: str, kind: str, look: Look | None = None) -> Method:
    return Method(params=params(group, name, kind), title="T", summary="S.", source="-", look=look)


def test_the_code_follows_from_group_and_name() -> None:
    assert described("pruning", "snip", "snip").target == "workers.science.pruning.snip:prune"
    look = Look(INK, "solid", "circle", "Lamb", "Lamb")
    assert described("optimizer", "lamb", "lamb", look).target == ("workers.science.optim.lamb:build")


def test_a_kind_other_than_the_file_is_refused() -> None:
    with pytest.raises(ValueError, match=r"app/methods/pruning/snip\.py describes 'grasp'"):
        described("pruning", "snip", "grasp")


@pytest.mark.parametrize("group", sorted(DRAWN))
def test_a_method_that_is_drawn_needs_a_look(group: str) -> None:
    with pytest.raises(ValueError, match=rf"app/methods/{group}/new\.py has no look"):
        described(group, "new", "new")


def test_a_group_is_the_files_of_its_folder() -> None:
    root = Path(app.methods.schedule.__file__).parents[1]
    assert {path.name for path in root.iterdir() if path.is_dir() and path.name != "__pycache__"} == set(CODE)
    for group in CODE:
        assert set(methods(group)) == {path.stem for path in (root / group).glob("*.py")} - {"__init__"}


def test_methods_are_listed_by_order_then_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, order in (("b", ""), ("a", ""), ("c", "order=20,"), ("d", "order=3,")):
        (tmp_path / f"{name}.py").write_text(
            "from typing import Literal\n"
            "from app.contract.params import Params\n"
            "from app.methods.method import Method\n"
            f"class Knobs(Params):\n    kind: Literal['{name}']\n"
            f"METHOD = Method(params=Knobs, title='T', summary='S.', source='-', {order})\n"
        )
    package = ModuleType("app.methods.picture")
    package.__path__ = [str(tmp_path)]
    for module in [name for name in sys.modules if name.startswith("app.methods.picture")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "app.methods.picture", package)
    assert list(methods.__wrapped__("picture")) == ["d", "c", "a", "b"]
    for name in "abcd":
        monkeypatch.delitem(sys.modules, f"app.methods.picture.{name}")
