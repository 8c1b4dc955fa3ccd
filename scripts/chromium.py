"""Find a Chromium; `python -m scripts.chromium` installs Debian's where none is and apt-get is there."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
MISSING = "The browser tests need Chromium or Chrome, and none was found (Debian: apt-get install chromium)."


def find() -> str | None:
    """The path of the first Chromium or Chrome on this machine."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return found or (str(MACOS) if MACOS.exists() else None)


def install() -> None:
    """Install Debian's chromium, as root or by a sudo that asks nothing; raise OSError where that fails."""
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        command = [*prefix, "apt-get", *step]
        print(*command, flush=True)
        if subprocess.run(command, env=environment, stdin=subprocess.DEVNULL).returncode != 0:
            raise OSError(f"{' '.join(command)} failed")


if __name__ == "__main__":
    if find() is None and shutil.which("apt-get"):
        try:
            install()
        except OSError as error:  # no sudo, or a refusal; the browser tests say what follows from that
            print(f"{MISSING} ({error})")
