"""A guest: what there is without the extras, what is said there, and what the wheel and the sdist hold."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

import pytest

import guest
from optviz.environment import EXTRAS
from optviz.version import __version__
from scripts import chromium
from scripts.live_app import INSTALLED, running_app

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SCRIPT = ROOT / "tests" / "guest.py"
FINE = {"status": 0, "said": ""}
NEEDED = [(extra, name) for extra, tasks in guest.NEEDS.items() for name in tasks]


def of_extras() -> Iterator[str]:
    """The names under which Python imports what the extras require."""
    required = {
        re.split("[>=]", requirement)[0].replace("-", "_")
        for extra in EXTRAS
        for requirement in PROJECT["optional-dependencies"][extra]
    }
    for name, distributions in packages_distributions().items():
        if required & {distribution.replace("-", "_") for distribution in distributions}:
            yield name


def done(python: Path | str, *words: str, **how: Any) -> dict[str, dict[str, Any]]:
    """What guest.py says in the environment of a Python."""
    command = [python, "-P", SCRIPT, *words]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, **how).stdout)


def refusal(outcome: dict[str, Any], extra: str) -> str:
    """The command that the one sentence of a refusal names."""
    assert outcome["status"] == 1, outcome["said"]
    (sentence,) = outcome["said"].splitlines()
    assert sentence.startswith("optviz: ")
    (command,) = re.findall(r'pip install "optviz\[\w+\]"', sentence)
    assert command == f'pip install "optviz[{extra}]"'
    return command


# -- without the extras' packages, which are only hidden -----------------------------------------------------


@pytest.fixture(scope="module")
def bare() -> dict[str, dict[str, Any]]:
    return done(
        sys.executable, "none", *EXTRAS, "--", *of_extras(), env=os.environ | {"PYTHONPATH": str(ROOT)}
    )


def test_every_extra_is_needed_for_something_here() -> None:
    assert guest.NEEDS.keys() == EXTRAS.keys()
    assert {"streamlit", "PIL", "pytorch_optimizer"} < {*of_extras()}


@pytest.mark.slow
@pytest.mark.parametrize("name", guest.WORKS)
def test_it_works_without_any_extra(bare, name) -> None:
    assert bare[name] == FINE


@pytest.mark.slow
@pytest.mark.parametrize(("extra", "name"), NEEDED)
def test_what_needs_an_extra_says_so(bare, extra, name) -> None:
    refusal(bare[name], extra)


# -- what is handed out --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git tracks: builds leave files in their folder, and take what older ones left there."""
    folder = tmp_path_factory.mktemp("source") / "optviz"
    for path in tracked():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, folder / path)
    return folder


def tracked(under: str = ".") -> list[str]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("only git knows which files belong to optviz")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", under]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for path in listed.split("\0") if path and (ROOT / path).is_file()]


@pytest.fixture(scope="module")
def built(source: Path) -> tuple[Path, Path]:
    """The wheel and the sdist, by the setuptools that torch brings."""
    if int(version("setuptools").partition(".")[0]) < 77:
        pytest.skip("this torch has brought no setuptools that knows today's pyproject.toml")
    code = "from setuptools.build_meta import *; build_wheel('dist'), build_sdist('dist')"
    subprocess.run([sys.executable, "-c", code], cwd=source, capture_output=True, check=True)
    (wheel,), (sdist,) = (source / "dist").glob("*.whl"), (source / "dist").glob("*.tar.gz")
    return wheel, sdist


@pytest.mark.slow
def test_wheel_and_sdist_hold_every_file_of_the_package_and_no_test(built) -> None:
    files = set(tracked("optviz"))
    assert {"optviz/py.typed", "optviz/__init__.pyi", "optviz/web/launch/config.toml"} < files
    with zipfile.ZipFile(built[0]) as wheel:
        assert {name for name in wheel.namelist() if ".dist-info/" not in name} == files
    with tarfile.open(built[1]) as sdist:
        held = {name.partition("/")[2] for name in sdist.getnames()}
    assert files | {"pyproject.toml", "README.md", "LICENSE"} <= held
    assert not [name for name in held if name.startswith("tests/test_")]


# -- installed -----------------------------------------------------------------------------------------------

PIN = next(
    line for line in (ROOT / "requirements.txt").read_text().splitlines() if line.startswith("torch==")
)
OUTSIDE = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
"""The environment of a person who has no checkout."""


def pip(python: Path, *words: str | Path) -> str:
    """What pip says, for the environment of a Python."""
    command = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check", *words]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, env=OUTSIDE)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def environment(folder: Path) -> Path:
    """The Python of a new virtual environment."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The Python of an environment with the wheel and what it requires, and with nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    python = environment(folder / "venv")
    pip(python, "install", "--quiet", built[0], PIN)
    yield python
    shutil.rmtree(folder)  # a gigabyte


@pytest.fixture(scope="module")
def without(installed: Path) -> dict[str, dict[str, Any]]:
    return done(installed, "none", *EXTRAS, "--", env=OUTSIDE)


@pytest.fixture
def own(installed: Path, tmp_path: Path) -> Path:
    """The Python of an environment for one test: all that `installed` has is there, too."""
    python = environment(tmp_path / "venv")
    (there,), (here,) = ([*one.parents[1].glob("lib/python*/site-packages")] for one in (installed, python))
    (here / "installed.pth").write_text(f"{there}\n", encoding="utf-8")
    return python


@pytest.fixture
def add(own: Path, without: dict[str, dict[str, Any]]) -> Callable[[str], None]:
    """Does what is said where an extra is missing, word for word."""

    def add(extra: str) -> None:
        (command,) = {refusal(without[name], extra) for name in guest.NEEDS[extra]}
        pip(own, *shlex.split(command)[1:], "--quiet")

    return add


@pytest.mark.long
def test_a_wheel_made_of_the_sdist_is_the_wheel(built, tmp_path) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", tmp_path, built[1]], check=True
    )
    (again,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(built[0]) as first, zipfile.ZipFile(again) as second:
        assert {one.filename: one.CRC for one in first.infolist()} == {
            one.filename: one.CRC for one in second.infolist()
        }


@pytest.mark.long
def test_the_installed_package_works_without_any_extra(installed, without) -> None:
    there = {line.split("==")[0].lower() for line in pip(installed, "freeze").splitlines()}
    brought = {
        re.split("[>=]", one)[0] for extra in EXTRAS for one in PROJECT["optional-dependencies"][extra]
    }
    assert {"torch", "numpy", "plotly"} < there and not there & brought
    assert {name: without[name] for name in guest.WORKS} == dict.fromkeys(guest.WORKS, FINE)
    for extra, name in NEEDED:
        refusal(without[name], extra)
    script = installed.parent / "optviz"
    said = subprocess.run(
        [script, "--version"], capture_output=True, text=True, check=True, env=OUTSIDE
    ).stdout
    assert said == f"optviz {__version__}\n"


@pytest.mark.long
@pytest.mark.parametrize("extra", [extra for extra in EXTRAS if extra != "app"])
def test_what_is_said_to_be_missing_is_enough(own, add, extra, tmp_path) -> None:
    browser = {}
    if extra == "pictures":
        if (path := chromium.find()) is None:
            pytest.skip(chromium.MISSING)
        browser = {"BROWSER_PATH": path}
    add(extra)
    now = done(own, extra, "--", cwd=tmp_path, env=OUTSIDE | browser)
    assert [(name, now[name]) for name in guest.NEEDS[extra] if now[name]["status"] != 0] == []


@pytest.mark.long
def test_the_app_opens_with_its_extra_alone(own, add, tmp_path) -> None:
    add("app")
    with running_app((str(own), *INSTALLED[1:]), tmp_path, search="") as app:
        assert "Traceback" not in app.output()
    code = (
        "import optviz.web.cli as cli; from streamlit.testing.v1 import AppTest; "
        "page = AppTest.from_file(str(cli.LAUNCH / 'app.py'), default_timeout=120).run(); "
        "print(cli.__file__, len(page.get('bidi_component')), [error.value for error in page.exception])"
    )
    page = subprocess.run(
        [own, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, env=OUTSIDE
    )
    where, components, errors = page.stdout.split(maxsplit=2)
    assert "site-packages" in where and int(components) > 1 and errors == "[]\n", page.stderr


@pytest.mark.long
def test_a_typed_program_knows_what_the_installed_package_returns(installed, tmp_path) -> None:
    program = shutil.copy(ROOT / "tests" / "typed_program.py", tmp_path)
    command = [sys.executable, "-m", "mypy", "--strict", "--python-executable", installed, program]
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=OUTSIDE)
    assert checked.stdout == "Success: no issues found in 1 source file\n", checked.stdout + checked.stderr
    subprocess.run([installed, program], cwd=tmp_path, check=True, env=OUTSIDE)


@pytest.mark.long
def test_the_sdist_installs(built, own, tmp_path) -> None:
    pip(own, "install", "--quiet", "--ignore-installed", "--no-deps", built[1])
    command = [own.parent / "optviz", "run", guest.LINK]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, env=OUTSIDE)
    assert ran.stdout.count("after 12 steps") == 2


@pytest.mark.long
def test_it_takes_the_torch_that_the_newest_torchvision_wants(source) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--dry-run",
        "--ignore-installed",
        source,
        "torchvision",
    ]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, env=OUTSIDE)
    if "No matching distribution found for torchvision" in finished.stderr:
        pytest.skip("there is no torchvision for this Python")
    assert finished.returncode == 0, finished.stderr
    assert re.search(r"^Would install .*optviz-\S+ .*torchvision-", finished.stdout, re.MULTILINE)
