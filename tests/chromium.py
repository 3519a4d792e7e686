"""Find a Chromium for the browser tests, or install one: Debian's package, else Playwright's own build."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# The same engine without windows, tabs and menus: a page costs half of the processor time.
HEADLESS = "chromium-headless-shell"
WHOLE = ("chromium", "chromium-browser", "google-chrome")

# A machine without a network fails within seconds.
IMPATIENT = ("-qq", "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=20", "-o", "Acquire::https::Timeout=20")


def find(*, whole: bool = False) -> str | None:
    """Path of a Chromium that is already on this machine, or None; `whole` is the browser that people use."""
    for name in (*WHOLE, HEADLESS) if whole else (HEADLESS, *WHOLE):
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        bundled = playwright.chromium.executable_path
    return bundled if Path(bundled).exists() else None


def install() -> None:
    """Install Debian's Chromium where apt may be used: the one without windows, else the whole one."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([apt, "update", *IMPATIENT], check=False, env=environment)
    for name in (HEADLESS, "chromium"):
        subprocess.run([apt, "install", "-y", *IMPATIENT, name], check=False, env=environment)
        if find():
            return


if __name__ == "__main__":
    if shutil.which(HEADLESS) is None:
        print("installing Chromium for the browser tests")  # noqa: T201
        install()
    if find() is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)
    if find() is None:
        sys.exit("no Chromium: install the package `chromium`, or run `playwright install chromium`")
