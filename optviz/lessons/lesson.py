"""A lesson: pages of text, each beside an experiment, read from one Markdown file.

The file begins with its front matter in TOML, between two lines of `+++`: `title`, `about`, `order`, and
for each page, under `[pages."its title"]`, its experiment and what to see in it. Then come the pages: below
`## its title` the words for everybody, below `### In formulas` and `### In code` what only some want to
read. A page may ask a question first: `ask`, `choices` and `answer` stand in the front matter, the reason
below `### Answer`. What the words say about a change, such as "set the noise to 0.01", is claimed in
`what_if`.

Who wins a race depends on the learning rates. So a page whose runs differ in more than their rate says what
the comparison is worth: `tuned` says how the runs compare when each has the best of `TRIES` rates, and a
`what_if` with `tuned` (the criterion of `ov.tune`) proves it; `untuned` says what the rates are for, where
nobody wins. The page shows whichever it has.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from optviz.lessons.expectations import Expectation
from optviz.spec.experiment import Experiment, OptimizerSpec, SurfaceSpec, unknown_words
from optviz.spec.params import describe
from optviz.spec.view import View

FORMULAS, CODE, ANSWER = "In formulas", "In code", "Answer"
_FENCE = "+++"
_SETTINGS = {
    "experiment",
    "caption",
    "expect",
    "what_if",
    "try",
    "ask",
    "choices",
    "answer",
    "tuned",
    "untuned",
}

TRIES, SPAN = 31, 100.0
"""How many learning rates each run of a fair comparison is given, evenly on a log scale: from the page's own
divided by this to the page's own times this."""
ARRIVED = 0.01
"""The distance from a minimizer that counts as reached, on every page whose link does not say another."""

_WORDS_A_MINUTE, _SECONDS_A_QUESTION = 200, 20
_WHOLE, _SLOWEST, _SLOW = 8, 15, 0.4
"""How the player plays (clock.js): seconds of a whole run, the least steps a second, those in slow motion."""


@dataclass(frozen=True)
class Question:
    """What a page asks before it shows what happens."""

    ask: str
    choices: tuple[str, ...]
    answer: int
    """The place of the right choice."""
    because: str
    """Markdown: why, and what follows from it."""


@dataclass(frozen=True)
class Variant:
    """A changed experiment that the words of a page speak about."""

    experiment: Experiment
    tuned: str
    """The criterion of `ov.tune` by which each run gets the best of `TRIES` rates; empty where none does."""
    expectations: tuple[Expectation, ...]


@dataclass(frozen=True)
class Page:
    """A text beside a picture."""

    title: str
    words: str
    """Markdown, for everybody."""
    formulas: str
    """Markdown with LaTeX; may be empty."""
    code: str
    """Markdown with torch code; may be empty."""
    experiment: Experiment
    view: View
    """How the experiment is shown, with this page beside it."""
    caption: str
    """What to see in the picture."""
    knobs: tuple[tuple[str, str], ...]
    """What the reader is invited to change: the name of a run, "surface" or "experiment", and a parameter."""
    expectations: tuple[Expectation, ...]
    """Claims about the experiment; a test runs it and checks them."""
    variants: tuple[Variant, ...]
    """What happens when the reader makes the changes that the words name; tested, too."""
    question: Question | None
    tuned: str
    """Markdown: how its runs compare when each has the best of `TRIES` rates; may be empty."""
    untuned: str
    """Markdown: what the rates are for, where runs that differ are shown and nobody wins."""

    @property
    def name(self) -> str:
        """Its name in an address: "momentum.1" for the first page of a lesson."""
        return self.view.page

    @property
    def fair(self) -> str:
        """Markdown: what comparing its runs is worth; empty where they differ in their rates alone."""
        if self.tuned:
            return f"**With the best of {TRIES} rates each.** {self.tuned}"
        return f"**Nothing is tuned here.** {self.untuned}" if self.untuned else ""

    @property
    def seconds(self) -> float:
        """How many seconds it takes to read, to answer and to watch once."""
        asked = self.question
        said = [self.title, self.words, self.caption, self.fair]
        said += [asked.ask, *asked.choices, asked.because] if asked else []
        reading = len(" ".join(said).split()) / _WORDS_A_MINUTE * 60
        slow = self.view.beside == "code"
        steps = self.experiment.steps
        playing = steps / (_SLOW if slow else max(steps / _WHOLE, _SLOWEST))
        return reading + playing + (_SECONDS_A_QUESTION if asked else 0)


@dataclass(frozen=True)
class Lesson:
    """A few pages on one subject."""

    name: str
    """The file's name, which addresses use."""
    title: str
    about: str
    """One sentence: what there is to learn."""
    order: int
    """Lessons are read by ascending order."""
    pages: tuple[Page, ...]
    cover: Page
    """The page whose picture stands for the lesson."""

    @property
    def whole(self) -> str:
        """The name of all of its pages together in an address: "momentum.all"."""
        return f"{self.name}.all"

    @property
    def minutes(self) -> int:
        """How many minutes it takes to read all pages, answer their questions and watch each run once."""
        return math.ceil(sum(page.seconds for page in self.pages) / 60)


def read_lesson(name: str, text: str) -> Lesson:
    """The lesson that a file holds.

    Args:
        name: The file's name, without its ending.
        text: Its content.

    Raises:
        ValueError: The text is no lesson. The sentence names the lesson, the page and what is wrong with it.
    """
    try:
        front, body = _parts(text)
        pages = _pages(name, _take(front, "pages", dict), _sections(body, 2))
        cover = str(front.pop("cover", pages[0].title))
        lesson = Lesson(
            name,
            _take(front, "title", str),
            _take(front, "about", str),
            _take(front, "order", int),
            pages,
            next((page for page in pages if page.title == cover), pages[0]),
        )
        if lesson.cover.title != cover:
            raise ValueError(f"cover: there is no page {describe(cover)}.")
        _end(front)
    except ValueError as error:
        raise ValueError(f"Lesson {name}: {error}") from None
    return lesson


def _parts(text: str) -> tuple[dict[str, Any], str]:
    """The front matter and the Markdown after it."""
    opening, _, rest = text.partition(f"{_FENCE}\n")
    front, fence, body = rest.partition(f"\n{_FENCE}\n")
    if opening.strip() or not fence:
        raise ValueError(f"It must begin with its front matter, between two lines of {_FENCE}.")
    return tomllib.loads(front), body


def _sections(text: str, level: int) -> dict[str, str]:
    """The text below each heading of this level, by the heading; under "" the text above the first."""
    heading = re.compile(rf"^{'#' * level} (.+)$", re.M)
    top, *rest = heading.split(_without_code(text))
    whole = {"": top} | dict(zip(rest[::2], rest[1::2], strict=True))
    if len(whole) - 1 < len(rest) // 2:
        raise ValueError("Two headings are alike.")
    return {title.strip(): part.replace(_HIDDEN, "#").strip() for title, part in whole.items()}


_HIDDEN = "\x00"


def _fenced(text: str) -> str:
    """The text with each $$ on a line of its own: else Markdown takes a formula of two lines for text."""
    return re.sub(r"\$\$(.+?)\$\$", lambda block: f"\n$$\n{block[1].strip()}\n$$\n", text, flags=re.S).strip()


def _without_code(text: str) -> str:
    """The text with each # in a block of code hidden: there it is a comment, not a heading."""
    return re.sub(r"^```.*?^```", lambda block: block[0].replace("#", _HIDDEN), text, flags=re.M | re.S)


def _pages(lesson: str, settings: Mapping[str, Any], texts: Mapping[str, str]) -> tuple[Page, ...]:
    written = {title: text for title, text in texts.items() if title}
    if unknown := written.keys() ^ settings.keys():
        raise ValueError(
            f"The page {describe(unknown.pop())} is not both in the front matter and in the text."
        )
    if not written:
        raise ValueError("It has no pages.")
    return tuple(
        _page(f"{lesson}.{number}", title, settings[title], text)
        for number, (title, text) in enumerate(written.items(), start=1)
    )


def _page(name: str, title: str, settings: dict[str, Any], text: str) -> Page:
    try:
        if unknown := settings.keys() - _SETTINGS:
            raise ValueError(f"{describe(unknown.pop())} means nothing here.")
        sections = _sections(text, 3)
        if unknown := sections.keys() - {"", FORMULAS, CODE, ANSWER}:
            raise ValueError(f"There is no place for a heading {describe(unknown.pop())}.")
        link = _take(settings, "experiment", str).replace("+", "%2B")  # a plus is meant, not a space
        if misspelt := unknown_words(link):  # they would be left out
            raise ValueError(f"The link has words that mean nothing: {', '.join(map(describe, misspelt))}.")
        experiment, view = Experiment.from_url(link), View.from_url(link)
        within = ARRIVED if view.within is None else view.within
        page = Page(
            title,
            _fenced(sections[""]),
            _fenced(sections.get(FORMULAS, "")),
            sections.get(CODE, ""),
            experiment,
            replace(view, page=name, within=within),
            _take(settings, "caption", str),
            tuple(_knob(knob) for knob in settings.get("try", [])),
            tuple(Expectation(sentence) for sentence in settings.get("expect", [])),
            tuple(_variant(experiment, written) for written in settings.get("what_if", [])),
            _question(settings, _fenced(sections.get(ANSWER, ""))),
            str(settings.get("tuned", "")),
            str(settings.get("untuned", "")),
        )
        _check(page)
    except ValueError as error:
        raise ValueError(f"page {describe(title)}: {error}") from None
    return page


def _knob(text: str) -> tuple[str, str]:
    owner, colon, name = text.rpartition(": ")
    return (owner if colon else "experiment"), name


def _variant(experiment: Experiment, written: dict[str, Any]) -> Variant:
    """A changed experiment: `set` has new values by their knobs, and may be missing where rates are tuned."""
    tuned = _take(written, "tuned", str) if "tuned" in written else ""
    changes = _take(written, "set", dict) if "set" in written or not tuned else {}
    for knob, value in changes.items():
        experiment = _changed(experiment, *_knob(knob), value)
    expectations = tuple(Expectation(sentence) for sentence in _take(written, "expect", list))
    _end(written)
    return Variant(experiment, tuned, expectations)


def _changed(experiment: Experiment, owner: str, name: str, value: Any) -> Experiment:
    if owner == "experiment":
        return replace(experiment, **{name: value})
    if owner == "surface":
        surface = experiment.surface
        return replace(experiment, surface=SurfaceSpec(surface.name, {**surface.params, name: value}))
    runs = {run.name: run for run in experiment.runs}
    if owner not in runs:
        raise ValueError(f"It has no run {describe(owner)}.")
    optimizer = runs[owner].optimizer
    spec = OptimizerSpec(optimizer.name, {**optimizer.params, name: value})
    return replace(experiment, runs=tuple({**runs, owner: replace(runs[owner], optimizer=spec)}.values()))


def _question(settings: Mapping[str, Any], because: str) -> Question | None:
    if "ask" not in settings:
        if because or settings.keys() & {"choices", "answer"}:
            raise ValueError("An answer needs a question: ask.")
        return None
    choices = tuple(settings.get("choices", ()))
    if settings.get("answer") not in choices or not because:
        raise ValueError(f"A question needs choices, one of them as its answer, and a section {ANSWER}.")
    return Question(settings["ask"], choices, choices.index(settings["answer"]), because)


def _check(page: Page) -> None:
    """Refuse a page that speaks of runs that it does not have, or says too little."""
    names = {run.name for run in page.experiment.runs}
    if len(names) < len(page.experiment.runs):
        raise ValueError("Two of its runs have one name.")
    spoken = {name for expectation in page.expectations for name in expectation.runs}
    spoken |= {owner for owner, _ in page.knobs} - {"surface", "experiment"}
    if unknown := spoken - names:
        raise ValueError(f"It has no run {describe(unknown.pop())}.")
    if not page.words or not page.expectations:
        raise ValueError("It needs words, and at least one expectation.")
    _check_fairness(page)


def _check_fairness(page: Page) -> None:
    """Refuse a page that compares its runs and does not say, with proof, what that is worth."""
    if bool(page.tuned) + bool(page.untuned) != _compares(page.experiment):
        raise ValueError(
            "If its runs differ in more than their rate, and only then, it says tuned or untuned."
        )
    if bool(page.tuned) != any(variant.tuned for variant in page.variants):
        raise ValueError("What tuned says needs a what_if that tunes the runs, and the other way round.")


def _compares(experiment: Experiment) -> bool:
    """Whether its runs differ in more than their learning rate and their label."""
    alike = {
        replace(run, optimizer=replace(run.optimizer, params={**run.optimizer.params, "lr": 0.0}))
        for run in experiment.unlabelled.runs
    }
    return len(alike) > 1


def _take(settings: dict[str, Any], name: str, kind: type[Any]) -> Any:
    value = settings.pop(name, None)
    if not isinstance(value, kind):
        raise ValueError(f"{name} is missing, or is not of the right kind.")
    return value


def _end(settings: Mapping[str, Any]) -> None:
    if settings:
        raise ValueError(f"{describe(next(iter(settings)))} means nothing here.")
