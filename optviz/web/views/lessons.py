"""Lessons on the page: a gallery of them, a reader beside the living picture, and a lesson as a whole."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

import optviz as ov
from optviz.export.films import last_frame
from optviz.lessons.catalogue import find_lesson, find_page, find_whole, lessons
from optviz.lessons.lesson import Lesson, Page, Question
from optviz.player import captions
from optviz.player.message import Drawn, Scheme, Telling
from optviz.spec.experiment import EXPERIMENT_PARAMS
from optviz.spec.params import Param
from optviz.web.compute import runs
from optviz.web.state import choices, fragments, limits
from optviz.web.state.session import session
from optviz.web.widgets import fields, kinds, player
from optviz.web.widgets.message import ReaderMessage

_COVER, _FIGURE = (480, 480), (1000, 700)
"""Size of a still picture in pixels: on a card, without axes, and in a lesson on one page."""
_OWN = "as in the lesson"


def title() -> str:
    """The title of what is read."""
    lesson = find_lesson(choices.view().page)
    return lesson.title if lesson else "Lessons"


def draw(picture: Callable[[], None]) -> None:
    """Draw what is read. `picture` draws the living picture, where it belongs beside the words."""
    name = choices.view().page
    if page := find_page(name):
        _page(page, picture)
    elif lesson := find_whole(name):
        _whole(lesson)
    else:
        _gallery()


# -- the gallery -------------------------------------------------------------------------------------------


def _gallery() -> None:
    theme = _theme()
    st.markdown(
        "Short lessons beside a living picture. Every number in them comes from an experiment that you can "
        "change: drag its start, turn its knobs, or open it in the playground."
    )
    with st.container(key="lesson-cards"):
        for place, lesson in enumerate(lessons().values(), start=1):
            with st.container(border=True, key=f"lesson-{lesson.name}"):
                st.image(_still(lesson.cover, theme, _COVER), alt=_alt(lesson.cover), width="stretch")
                st.markdown(f"**{place}. {lesson.title}**")
                st.caption(lesson.about)
                _begin(lesson)


def _begin(lesson: Lesson) -> None:
    """A button that begins the lesson, or goes on with the first page that has not been read."""
    names = [page.name for page in lesson.pages]
    unread = [name for name in names if name not in session().read]
    begun = 0 < len(unread) < len(names)
    first = unread[0] if begun else names[0]
    read = (f"read-{lesson.name}", choices.read_page, first)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Continue" if begun else "Begin", read[0], help=lesson.title, on_click=choices.act, args=read
        )
        done = "all read" if not unread else f"{len(names) - len(unread)} of {len(names)} pages read"
        st.caption(f"{done}, {_minutes(lesson)}" if len(unread) < len(names) else _length(lesson))


def _length(lesson: Lesson) -> str:
    return f"{len(lesson.pages)} pages, {_minutes(lesson)}"


def _minutes(lesson: Lesson) -> str:
    return f"about {lesson.minutes} minutes"


def _theme() -> str:
    """The theme of still pictures, "light" or "dark". They are drawn anew when the page's changes."""
    theme: Scheme = "dark" if st.context.theme.type == "dark" else "light"
    with st.container(key="turns"):
        drawn: Drawn = {"drawn": theme}
        player.component("player")(key="turn", data=drawn, on_turned_change=lambda: None)
    return theme


def _still(page: Page, theme: str, size: tuple[int, int]) -> str:
    """The last frame of a page, as a data URL: a file would be deleted when the visitor leaves."""
    return _drawn(page.experiment.to_url(page.view), theme, size)


@st.cache_data(show_spinner=False, max_entries=200)
def _drawn(link: str, theme: str, size: tuple[int, int]) -> str:
    experiment, view = ov.Experiment.from_url(link), ov.View.from_url(link)
    there = runs.trajectories(experiment)
    with runs.lock():
        picture = last_frame(experiment, there, size=size, theme=theme, view=view, bare=size == _COVER)
    return f"data:image/webp;base64,{base64.b64encode(picture).decode()}"


def _alt(page: Page) -> str:
    described: str = captions.words(page.experiment, page.view)["alt"]["picture"]
    return f"{described} {page.caption}"


# -- a page ------------------------------------------------------------------------------------------------


def _page(page: Page, picture: Callable[[], None]) -> None:
    lesson = find_lesson(page.name)
    assert lesson is not None
    session().read.add(page.name)
    with st.container(key="lesson"):
        with st.container(key="lesson-text"):
            _bar(lesson, lesson.pages.index(page))
            st.markdown(f"## {page.title}")
            if page == lesson.pages[0]:
                st.caption(f"{_length(lesson)}.")
            st.markdown(page.words)
            if page.question:
                _ask(page.question, page.name)
            if not _asks(page):
                _after(page)
        with st.container(key="lesson-picture"):
            picture()


def _asks(page: Page) -> bool:
    """Whether a page waits for an answer before it shows what happens."""
    return page.question is not None and page.name not in session().answers


def telling() -> Telling:
    """What the player is told about the page that is read."""
    page = find_page(choices.view().page)
    if page is None:
        return {}
    waits = _asks(page)
    caption = "Answer the question, and it plays." if waits else page.caption
    slow = page.view.beside == "code"  # so that each line can be seen to run
    return {"cue": {"page": page.name, "waits": waits, "slow": slow}, "caption": caption}


def _bar(lesson: Lesson, place: int | None) -> None:
    """The bar with Back, Next and everything else that can be done with the lesson."""
    all_lessons = list(lessons().values())
    at = all_lessons.index(lesson)
    later = all_lessons[at + 1] if at + 1 < len(all_lessons) else None
    message: ReaderMessage = {
        "lesson": lesson.title,
        "place": place,
        "pages": [{"name": page.name, "title": page.title} for page in lesson.pages],
        "whole": lesson.whole,
        "after": {"name": later.pages[0].name, "title": later.title} if later else None,
    }

    def turned() -> None:
        choices.act("reader", _turn, st.session_state["reader"]["go"])

    player.component("reader")(key="reader", data=message, on_go_change=turned)


def _turn(to: Any) -> None:
    """Go where the bar leads. Raises ValueError for anything else: it comes from a browser."""
    if to == "lessons":
        choices.go_to("lessons")
    elif isinstance(to, str):
        choices.read_page(to)
    else:
        raise ValueError("There is no such page.")


def _ask(question: Question, name: str) -> None:
    given = session().answers.get(name)

    def answer() -> None:
        choices.act("answer", _answer, name, st.session_state[f"answer-{name}"])

    st.radio(
        f"**Predict.** {question.ask}",
        question.choices,
        index=question.choices.index(given) if given else None,
        key=f"answer-{name}",
        on_change=answer,
    )
    if given is None:
        st.button("Just show me", key="show", on_click=choices.act, args=("answer", _answer, name, ""))
        return
    right = question.choices[question.answer]
    if given == right:
        st.success(f"**Right.** {question.because}", icon=":material/check:")
    else:
        said = "The answer" if not given else "Not quite: the answer"
        st.info(f"**{said} is “{right}”.** {question.because}", icon=":material/lightbulb:")


def _answer(name: str, choice: str | None) -> None:
    session().answers[name] = choice or ""


def _after(page: Page) -> None:
    """What a comparison is worth, and the sections for those who want to know more, as chosen in the bar."""
    if page.fair:
        st.markdown(page.fair)
    for key, text in (("formulas", page.formulas), ("code", page.code)):
        if text:
            with st.container(key=f"depth-{key}-{page.title}"):
                st.markdown(text)


# -- what the reader may change ----------------------------------------------------------------------------


def below_the_picture() -> None:
    """The knobs of the page that is read, and the ways out of it."""
    page = find_page(choices.view().page)
    if page is None or _asks(page):
        return
    if page.knobs:
        with st.container(key="knobs"):
            for owner, name in page.knobs:
                _knob(page, owner, name)
    with st.container(horizontal=True, key="ways-out"):
        if choices.experiment() != page.experiment:
            again = ("again", choices.read_page, page.name)
            icon = ":material/undo:"
            st.button(_OWN.capitalize(), "again", icon=icon, on_click=choices.act, args=again)
        icon, out = ":material/open_in_new:", ("play-with", choices.play_with_page)
        st.button("Open in the playground", "play-with", icon=icon, on_click=choices.act, args=out)


def _knob(page: Page, owner: str, name: str) -> None:
    """A widget for one number of the experiment, as it is drawn in the playground."""
    field, param, own = _declared(page.experiment, owner, name)
    shown = replace(field, shown_in=(fragments.RESULTS,))
    resets = {_OWN: own}
    if name == "lr":
        fields.draw_rate(shown, param, resets, owner)
    else:
        label = name if owner in ("surface", "experiment") else f"{owner}: {name}"
        kinds.draw(shown, label, param, resets, 220)


def _declared(own: ov.Experiment, owner: str, name: str) -> tuple[choices.Field, Param, Any]:
    """The field of a knob, what it may be, and its value in the lesson."""
    if owner == "experiment":
        param = replace(EXPERIMENT_PARAMS[name], kind=limits.EXPERIMENT[name])
        return choices.experiment_field(name), param, getattr(own, name)
    if owner == "surface":
        param = ov.SURFACES[own.surface.name].declared(own.surface.params)[name]
        return choices.surface_field(name), param, own.surface.params.get(name, param.default)
    place = [run.name for run in own.runs].index(owner)
    slot, spec = choices.slots()[place], own.runs[place].optimizer
    param = ov.OPTIMIZERS[spec.name].params[name]
    value = spec.params.get(name, param.default)
    return _labelled(choices.optimizer_field(slot, name), slot, own.runs[place].label, value), param, value


def _labelled(field: choices.Field, slot: int, label: str, own: Any) -> choices.Field:
    """The field of a competitor whose label may name its value: then the label changes with it."""
    said = re.compile(rf"(?<![\d.]){re.escape(fields.show_value(own))}(?![\d.])")

    def put(value: Any) -> None:
        field.set(value)
        choices.run_field(slot, "label").set(said.sub(fields.show_value(value), label))

    return replace(field, set=put)


# -- a lesson as a whole -----------------------------------------------------------------------------------


def _whole(lesson: Lesson) -> None:
    """All pages below each other, with still pictures, to print or to read at a stretch."""
    theme = _theme()
    with st.container(key="lesson-whole"):
        _bar(lesson, None)
        st.markdown(f"{lesson.about} Here the pictures stand still; on the single pages they play.")
        st.caption(f"{_length(lesson)}.")
        for page in lesson.pages:
            _article(page, theme)


def _article(page: Page, theme: str) -> None:
    st.markdown(f"## {page.title}")
    st.markdown(page.words)
    if page.question:
        st.markdown(f"**Predict.** {page.question.ask}\n" + _bullets(page.question.choices))
    st.image(_still(page, theme, _FIGURE), alt=_alt(page), width="stretch")
    st.caption(page.caption)
    if page.question:
        right = page.question.choices[page.question.answer]
        st.markdown(f"**The answer is “{right}”.** {page.question.because}")
    _after(page)


def _bullets(lines: Sequence[str]) -> str:
    return "".join(f"\n- {line}" for line in lines)
