"""Find a Chromium; `python -m scripts.chromium` (`make setup-browser`) installs it and what drives it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
MISSING = "The browser tests need Chromium or Chrome, and none was found: `make setup-browser` installs one."


def find() -> str | None:
    """The path of the first Chromium or Chrome on this machine."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return found or (str(MACOS) if MACOS.exists() else None)


def driver_starts() -> bool:
    """Whether Playwright's driver runs: a program that needs libatomic, which a bare Debian lacks."""
    command = [sys.executable, "-m", "playwright", "--version"]
    return subprocess.run(command, capture_output=True).returncode == 0


def install() -> None:
    """Install Debian's packages, as root or by a sudo that asks nothing; raise OSError where that fails."""
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    packages = ["libatomic1"] if find() else ["chromium", "libatomic1"]
    for step in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        command = [*prefix, "apt-get", *step]
        print(*command, flush=True)
        if subprocess.run(command, env=environment, stdin=subprocess.DEVNULL).returncode != 0:
            raise OSError(f"{' '.join(command)} failed")


def main() -> None:
    """Exit with a sentence where the browser tests cannot run."""
    if find() and driver_starts():
        print("Chromium and its driver are there.")
    elif shutil.which("apt-get"):
        try:
            install()
        except OSError as error:  # no sudo, or a refusal
            sys.exit(f"The browser tests cannot run: {error}.")
    else:
        sys.exit("The browser tests need Chromium or Chrome. Install one: without apt-get, this does not.")


if __name__ == "__main__":
    main()
