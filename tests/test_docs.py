"""README and docs are true: links lead somewhere, commands and settings exist, every setting is documented."""

import re
from pathlib import Path

import pytest

from app.kinds.presets import PRESETS
from app.settings import Settings

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_that_exist(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_named_in_prose_exist(page: Path) -> None:
    for target in re.findall(r"`make ([a-z]+)", page.read_text()):
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), f"{page.name} names make {target}"


@pytest.mark.parametrize("field", Settings.model_fields)
def test_every_setting_stands_in_the_readme(field: str) -> None:
    assert f"`TICKETSCOPE_{field.upper()}`" in README


def test_no_setting_stands_in_the_readme_that_does_not_exist() -> None:
    named = set(re.findall(r"`TICKETSCOPE_([A-Z_]+)`", README))
    assert named <= {field.upper() for field in Settings.model_fields}


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_stands_in_the_readme(preset: str) -> None:
    assert f"`{preset}`" in README


def test_the_readme_commands_of_the_program_exist() -> None:
    from typer.main import get_command

    from app.cli import app

    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"^(?:\.venv/bin/)?ticketscope ([a-z]+)", README, re.MULTILINE))
    assert named
    assert named <= known
