"""Guided lessons: each is a Markdown file of this folder, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from optviz.lessons.lesson import Lesson, Page, read_lesson


@cache
def lessons() -> Mapping[str, Lesson]:
    """All lessons by their names, in the order to read them in."""
    sources = [file for file in files("optviz.lessons").iterdir() if file.name.endswith(".md")]
    read = [read_lesson(file.name.removesuffix(".md"), file.read_text(encoding="utf-8")) for file in sources]
    in_order = sorted(read, key=lambda lesson: (lesson.order, lesson.name))
    return MappingProxyType({lesson.name: lesson for lesson in in_order})


def find_whole(name: str) -> Lesson | None:
    """The lesson whose pages together have this name, such as "momentum.all"; None for none."""
    lesson = find_lesson(name)
    return lesson if lesson and lesson.whole == name else None


def find_page(name: str) -> Page | None:
    """The page of this name, such as "momentum.2"; None for none."""
    lesson = find_lesson(name)
    return next((page for page in lesson.pages if page.name == name), None) if lesson else None


def find_lesson(name: str) -> Lesson | None:
    """The lesson that a name of a page, or of all pages, belongs to; None for none."""
    lesson_name, dot, _ = name.partition(".")
    return lessons().get(lesson_name) if dot else None  # what is no page's name needs no file
