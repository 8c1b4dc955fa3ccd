"""Guided lessons: each is a Markdown file of this folder, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from optviz.lessons.expectations import Expectation
from optviz.lessons.lesson import Lesson, Page, Question, Variant, read_lesson

__all__ = [
    "Expectation",
    "Lesson",
    "Page",
    "Question",
    "Variant",
    "find_page",
    "find_whole",
    "lessons",
    "page_name",
    "read_lesson",
    "whole_name",
]


@cache
def lessons() -> Mapping[str, Lesson]:
    """All lessons by their names, in the order to read them in."""
    sources = [file for file in files(__name__).iterdir() if file.name.endswith(".md")]
    read = [read_lesson(file.name.removesuffix(".md"), file.read_text(encoding="utf-8")) for file in sources]
    return MappingProxyType({one.name: one for one in sorted(read, key=lambda one: (one.order, one.name))})


def page_name(lesson: Lesson, place: int) -> str:
    """What an address calls a page, counted from 0: "momentum.1" for the first one."""
    return f"{lesson.name}.{place + 1}"


def whole_name(lesson: Lesson) -> str:
    """What an address calls all pages of a lesson together: "momentum.all"."""
    return f"{lesson.name}.all"


def find_whole(name: str) -> Lesson | None:
    """The lesson of that name, as `whole_name` gives it, if there is one."""
    lesson_name, _, rest = name.partition(".")
    return lessons().get(lesson_name) if rest == "all" else None


def find_page(name: str) -> tuple[Lesson, int] | None:
    """The lesson and the place of the page of that name, as `page_name` gives it, if there is one."""
    lesson_name, _, number = name.partition(".")
    lesson = lessons().get(lesson_name)
    if lesson is None or not number.isdecimal() or not number.isascii():
        return None
    place = int(number[:4]) - 1
    return (lesson, place) if 0 <= place < len(lesson.pages) else None
