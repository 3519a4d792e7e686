"""Find a Chromium for the browser tests, or install one: Debian's package, else Playwright's own build."""

import os
import shutil
import subprocess
import sys
from pathlib import Path


def find() -> str | None:
    """Path of a Chromium that is already on this machine, or None."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        bundled = playwright.chromium.executable_path
    return bundled if Path(bundled).exists() else None


def install() -> None:
    """Install Chromium with whichever of apt and Playwright works here."""
    apt = shutil.which("apt-get")
    if apt and os.geteuid() == 0:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run([apt, "update", "-qq"], check=False, env=environment)
        if subprocess.run([apt, "install", "-y", "-qq", "chromium"], check=False, env=environment).returncode == 0:
            return
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)


if __name__ == "__main__":
    if find() is None:
        print("installing Chromium for the browser tests")  # noqa: T201
        install()
    if find() is None:
        sys.exit("no Chromium: install the package `chromium`, or run `playwright install chromium`")
