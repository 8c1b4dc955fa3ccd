"""The project keeps its own laws: pins, what is never called, settings, README."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from colors import contrast
from optviz.environment import EXTRAS

ROOT = Path(__file__).resolve().parents[2]


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


SETTINGS = tomllib.loads(text(".streamlit/config.toml"))
MODULES = {
    path: ast.parse(text(path))
    for path in sorted(found.relative_to(ROOT).as_posix() for found in ROOT.glob("optviz/**/*.py"))
}


# --- Pins ---


def requirements(path: str) -> list[str]:
    return [line for line in text(path).splitlines() if line and not line.startswith(("#", "-r "))]


RUN, DEVELOP = requirements("requirements.txt"), requirements("requirements-dev.txt")


@pytest.mark.parametrize("requirement", RUN + DEVELOP)
def test_requirements_are_exact_and_are_what_is_tested(requirement):
    name, version = re.fullmatch(r"([\w-]+)==([\d.]+)", requirement).groups()
    assert metadata.version(name).partition("+")[0] == version


def test_what_checks_the_browsers_part_is_exact_and_there_before_the_tests():
    pinned = json.loads(text("package.json"))["devDependencies"]
    assert "axe-core" in pinned and all(re.fullmatch(r"[\d.]+", version) for version in pinned.values())
    assert re.search(r"^test: .*\$\(js\)", text("Makefile"), re.MULTILINE)


PROJECT = tomllib.loads(text("pyproject.toml"))["project"]
EXTRA_PACKAGES = {
    extra: packages for extra, packages in PROJECT["optional-dependencies"].items() if extra != "all"
}
RANGES = sum(EXTRA_PACKAGES.values(), PROJECT["dependencies"])


@pytest.mark.parametrize("requirement", RANGES)
def test_the_package_requires_ranges_that_hold_what_is_tested(requirement):
    """A lower bound alone, but for Streamlit: a guest rules nothing out that was not seen to fail."""
    name, low, high = re.fullmatch(r"([\w-]+)>=([\d.]+)(?:,<([\d.]+))?", requirement).groups()
    pins = dict(line.split("==") for line in RUN + DEVELOP)
    assert numbers(low) <= numbers(pins[name])
    assert high is None or (name == "streamlit" and numbers(pins[name]) < numbers(high))


def numbers(version):
    return [int(part) for part in version.split(".")]


def test_what_is_not_there_is_said_for_every_extra():
    """And what the application runs with is what the package and its extras ask for."""
    assert EXTRA_PACKAGES.keys() == EXTRAS.keys()
    assert PROJECT["optional-dependencies"]["all"] == [f"optviz[{','.join(EXTRA_PACKAGES)}]"]
    asked = {re.split("[>=]", requirement)[0] for requirement in RANGES}
    assert {line.split("==")[0] for line in RUN} == asked - {"pytorch-optimizer"}


# --- What is never called ---

NEVER_CALLED = {"eval", "exec", "compile", "__import__"}
NEVER_IMPORTED = {"pickle", "marshal", "shelve", "dill", "joblib"}


@pytest.mark.parametrize("module", MODULES)
def test_nothing_runs_or_renders_what_a_user_typed(module):
    calls = [node for node in ast.walk(MODULES[module]) if isinstance(node, ast.Call)]
    assert {call.func.id for call in calls if isinstance(call.func, ast.Name)} & NEVER_CALLED == set()
    assert "unsafe_allow_html" not in {word.arg for call in calls for word in call.keywords}
    assert {name.split(".")[0] for name in imported(MODULES[module])} & NEVER_IMPORTED == set()


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize("module", MODULES)
def test_no_error_is_caught_in_silence(module):
    """Who catches whatever comes says, logs or raises what it was."""
    handlers = [node for node in ast.walk(MODULES[module]) if isinstance(node, ast.ExceptHandler)]
    for handler in handlers:
        if handler.type is None or ast.unparse(handler.type) in ("Exception", "BaseException"):
            used = {node.id for node in ast.walk(handler) if isinstance(node, ast.Name)}
            assert handler.name in used, ast.unparse(handler)


# --- Settings ---


def test_the_installed_command_has_the_checkouts_settings_and_entry():
    def entry(path: str) -> str:
        tree = ast.parse(text(path))
        return ast.unparse(ast.Module(tree.body[ast.get_docstring(tree) is not None :], []))

    assert text("optviz/web/launch/config.toml") == text(".streamlit/config.toml")
    assert entry("optviz/web/launch/app.py") == entry("app.py")


def test_telemetry_and_error_details_are_off_in_the_checkout():
    assert SETTINGS["browser"]["gatherUsageStats"] is False
    assert SETTINGS["client"]["showErrorDetails"] == "none"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("background", ["backgroundColor", "secondaryBackgroundColor"])
def test_text_can_be_read_in_both_themes(theme, background):
    colours = SETTINGS["theme"][theme]
    assert contrast(colours["textColor"], colours[background]) >= 7
    assert contrast(colours["primaryColor"], colours[background]) >= 4.5
    assert contrast(colours["primaryColor"], "#ffffff") >= 3  # ticks and knobs drawn on it


# --- Commands ---


def test_no_target_but_its_own_installs_a_browser():
    recipes = dict(re.findall(r"^([a-z-]+):.*\n((?:\t.*\n)*)", text("Makefile"), re.MULTILINE))
    assert [target for target, recipe in recipes.items() if "chromium" in recipe] == ["setup-browser"]
    assert not any(word in recipe for recipe in recipes.values() for word in ("apt-get install", "sudo -n"))


def test_what_is_run_before_a_change_is_taken_is_the_readmes_command():
    (command,) = re.search(r"## Test it\s+```sh\n(.+)\n```", text("README.md")).groups()
    for path in (".ci/run", ".github/workflows/ci.yml"):
        assert {"make lint", command} <= {line.split("run: ")[-1].strip() for line in text(path).splitlines()}


# --- README ---


def test_readme_says_what_each_extra_brings():
    rows = re.findall(r"^\| `(\w+)` \| ([\w, -]+) \| .+ \|$|^\| `all` ", text("README.md"), re.MULTILINE)
    told = {extra: brought.split(", ") for extra, brought in rows if extra}
    assert told == {extra: [re.split("[>=]", one)[0] for one in EXTRA_PACKAGES[extra]] for extra in EXTRAS}


def test_readme_names_the_commands_that_exist_and_the_packages_needed():
    readme = text("README.md")
    targets = re.findall(r"^([a-z-]+):.*## ", text("Makefile"), re.MULTILINE)
    code = " ".join(re.findall(r"```.*?```|`[^`]+`", readme, re.DOTALL))
    named = {target for line in re.findall(r"\bmake ([a-z -]+)", code) for target in line.split()}
    assert {"run", "test"} <= named <= set(targets)
    assert [line for line in RUN if line.partition("==")[0] not in readme] == []
