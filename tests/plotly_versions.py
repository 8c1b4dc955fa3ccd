"""plotly.js as it comes with the installed plotly, and with the oldest and the newest of the range."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from plotly.offline import get_plotlyjs

from scripts.matrix import oldest, ranges

(RANGE,) = (requirement for requirement in ranges() if requirement.startswith("plotly"))
FETCHED = {"oldest": oldest(RANGE), "newest": RANGE}
KINDS = ["installed", *(pytest.param(kind, marks=pytest.mark.long) for kind in FETCHED)]


@cache
def plotly_js(kind: str) -> str:
    """The script of one of `KINDS`. One that is not installed is fetched by pip, but not installed."""
    if kind == "installed":
        return get_plotlyjs()
    with TemporaryDirectory() as folder:
        fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        command = [*fetch, "--no-deps", "--dest", folder, FETCHED[kind]]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            stop = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
            stop(f"{FETCHED[kind]} cannot be fetched: {done.stderr}")
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as files:
            source = files.read("plotly/package_data/plotly.min.js").decode()
    if source == get_plotlyjs():
        pytest.skip(f"The {kind} is the installed one.")
    return source
