"""What a machine tells of itself and of the code that runs on it."""

import subprocess
from pathlib import Path

import pytest

from workers import machine


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a test", "-c", "user.email=test@example.org")
    command = ["git", *who, "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the rooms that decide numbers, all of it committed."""
    for file in ("app/a.py", "workers/b.py", "README.md"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("x = 1\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    monkeypatch.setattr(machine, "_ROOT", tmp_path)
    return tmp_path


def test_a_clean_clone_names_its_commit(clone: Path) -> None:
    code = machine.code.__wrapped__()
    assert code == {"source": code["source"], "commit": git(clone, "rev-parse", "HEAD")[:12], "dirty": False}
    (clone / "README.md").write_text("another text decides no number")
    assert machine.code.__wrapped__() == code


def test_a_change_makes_it_dirty_and_two_changes_differ(clone: Path) -> None:
    told = [machine.code.__wrapped__()]
    for text in ("x = 2\n", "x = 3\n"):
        (clone / "workers" / "b.py").write_text(text)
        told.append(machine.code.__wrapped__())
    git(clone, "checkout", "-q", ".")
    (clone / "app" / "new.py").write_text("")
    told.append(machine.code.__wrapped__())
    assert [item["dirty"] for item in told] == [False, True, True, True]
    assert len({item["source"] for item in told}) == 4
    assert len({item["commit"] for item in told}) == 1


def test_without_a_clone_the_sources_are_still_told_apart(clone: Path) -> None:
    before = machine.code.__wrapped__()
    (clone / ".git").rename(clone / "elsewhere")
    code = machine.code.__wrapped__()
    assert code.keys() - {"version"} == {"source"}
    assert code["source"] == before["source"]


def test_only_what_decides_numbers_is_told_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in machine.environment():
        monkeypatch.delenv(name)
    monkeypatch.setenv("MKL_CBWR", "AVX2")
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "0")
    monkeypatch.setenv("SECRET_TOKEN", "x")
    assert machine.environment() == {"MKL_CBWR": "AVX2", "NVIDIA_TF32_OVERRIDE": "0"}


def test_packages_are_told_with_their_versions() -> None:
    import safetensors
    import scipy

    packages = machine.packages()
    assert (packages["scipy"], packages["safetensors"]) == (scipy.__version__, safetensors.__version__)
    assert "torch" not in packages
