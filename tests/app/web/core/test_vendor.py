"""The vendored files are the ones their table names."""

import hashlib
import re
from pathlib import Path

VENDOR = Path(__file__).parents[4] / "static" / "vendor"
ROW = re.compile(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", re.MULTILINE)


def test_every_file_has_its_checksum() -> None:
    table = dict(ROW.findall((VENDOR / "README.md").read_text()))
    files = {
        str(path.relative_to(VENDOR)): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in ("plotly", "inter", "ibm-plex-mono", "jspdf", "svg2pdf", "client-zip")
        for path in (VENDOR / folder).iterdir()
        if path.name != "LICENSE"
    }
    assert table == files


def test_every_folder_has_its_licence() -> None:
    for folder in VENDOR.iterdir():
        if folder.is_dir():
            assert (folder / "LICENSE").is_file()
