"""What the papers for contributors say of the code is so: the drawing, the places, the way of a number."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def section(paper: str, title: str) -> str:
    """What stands under a heading of the second level."""
    return re.split(r"^## ", text(paper).split(f"\n## {title}\n")[1], flags=re.MULTILINE)[0]


def rows(part: str) -> list[list[str]]:
    """The cells of a table, row by row, without its head."""
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


ARCHITECTURE = "docs/architecture.md"
WAY = rows(section(ARCHITECTURE, "From a slider to a pixel"))
PLACES = rows(section(ARCHITECTURE, "One place each"))
LINKS = {
    (paper, link)
    for paper in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", ARCHITECTURE, "docs/hosting.md")
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text(paper))
}


def test_the_drawing_has_every_package_in_the_order_of_imports():
    (drawing,) = re.findall(r"```\n(.*?)```", section(ARCHITECTURE, "The drawing"), re.DOTALL)
    assert drawing in section("README.md", "How it is built")  # a stranger sees it in either
    drawn = [word for line in drawing.splitlines() for word in re.findall(r"[a-z]+", line[:36])]
    # README's table is in the order that test_architecture.py holds imports to.
    listed = re.findall(r"^\| `optviz/(\w+)(?:/|\.py)` \|", text("README.md"), re.MULTILINE)
    assert drawn == [name for name in listed if name != "version"]


@pytest.mark.parametrize(("file", "function"), [(file, function) for file, function, _ in WAY])
def test_every_function_on_the_way_from_slider_to_pixel_exists(file, function):
    path, name = file.strip("`"), function.strip("`")
    defined = rf"^ *def {name}\(" if path.endswith(".py") else rf"^ *(export )?(function )?{name}\(.*\) {{"
    assert re.search(defined, text(path), re.MULTILINE)


def test_every_place_exists_and_has_a_recipe():
    recipes = re.findall(r"^### To add (.+)$", text("CONTRIBUTING.md"), re.MULTILINE)
    assert [what for what, _ in PLACES] == recipes
    assert all((ROOT / path).exists() for _, where in PLACES for path in re.findall(r"`(.+?)`", where))


@pytest.mark.parametrize(("paper", "link"), sorted(LINKS))
def test_links_between_papers_lead_somewhere(paper, link):
    assert (ROOT / paper).parent.joinpath(link).exists()


def test_contributing_names_targets_that_exist():
    targets = re.findall(r"^([a-z-]+):.*## ", text("Makefile"), re.MULTILINE)
    code = " ".join(re.findall(r"```sh.*?```|`[^`\n]+`", text("CONTRIBUTING.md"), re.DOTALL))
    assert {"quick", "test"} <= set(re.findall(r"\bmake ([a-z-]+)", code)) <= set(targets)


def test_a_commit_is_checked_by_what_lint_runs():
    (lint,) = re.findall(r"^lint:.*\n((?:\t.*\n)+)", text("Makefile"), re.MULTILINE)
    hooks = text(".pre-commit-config.yaml")
    for tool in ("ruff check", "ruff format", "mypy", "run --silent lint"):
        assert tool in lint and tool in hooks


def test_the_folders_of_tests_are_those_that_are_there():
    named = re.findall(r"`tests/(\w+)/`", section(ARCHITECTURE, "What is proven, and where"))
    folders = {
        path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"
    }
    assert set(named) == folders
