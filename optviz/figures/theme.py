"""How things are drawn, in every picture: colours, sizes, dashes. Needs neither plotly nor torch."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, islice
from typing import TYPE_CHECKING, Any

from optviz.spec.experiment import Experiment
from optviz.spec.view import PLAIN, View

if TYPE_CHECKING:
    from optviz.engine.trajectory import Trajectory

Scale = Sequence[tuple[float, str]]
"""A colour scale: from 0 (lowest) to 1, colours "#rrggbb"."""


_RGBA = re.compile(r"rgba\((\s*\d+\s*,\s*\d+\s*,\s*\d+)\s*,\s*([\d.]+)\s*\)")

DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid", "dash")
"""The dash of each path colour, by plotly's names."""


@dataclass(frozen=True)
class Theme:
    """Colours of a figure.

    The eight path colours stay apart for every kind of colour vision, and paths differ in their dashes too.
    """

    paper: str
    ink: str
    faint: str
    """Grid lines and contour lines."""
    low: str
    """Colour of the lowest losses; the scale runs from here over `middle` to `high`."""
    middle: str
    high: str
    halo: str
    """Outline of paths, so that they stand out from any level."""
    paths: tuple[str, ...]
    marks: Mapping[str, str] = field(hash=False)
    """Colours of what is drawn at a head."""
    dashes: tuple[str, ...] = field(default=DASHES, metadata={"sent": False})
    """The dash of each of `paths`, by plotly's names. Each run tells the player its own."""
    gold: str = "#ffd23f"
    gold_edge: str = "#3b2f00"
    """The star of a minimizer, and its outline."""
    gold_letter: str = "#d9a400"
    """A star among words."""
    middle_at: float = 0.45
    """Where `middle` stands on the scale of losses, from 0 to 1."""

    @property
    def is_dark(self) -> bool:
        """Whether ink is lighter than paper, roughly by the relative luminance of the paper, "#rrggbb"."""
        red, green, blue = bytes.fromhex(self.paper[1:])
        return 0.3 * red + 0.6 * green + 0.1 * blue < 128

    @property
    def halo_parts(self) -> tuple[str, float]:
        """The halo's colour without its transparency, and its opacity from 0 to 1."""
        given = _RGBA.fullmatch(self.halo)
        return (f"rgb({given[1]})", float(given[2])) if given else (self.halo, 1.0)

    @property
    def scale(self) -> Scale:
        """The colour scale of losses, from the lowest to the highest."""
        return [(0.0, self.low), (self.middle_at, self.middle), (1.0, self.high)]


LIGHT = Theme(
    paper="#ffffff",
    ink="#1f2933",
    faint="rgba(31, 41, 51, 0.2)",
    low="#7488a8",
    middle="#c3cddd",
    high="#f6f8fb",
    halo="rgba(255, 255, 255, 0.9)",
    paths=("#c8480a", "#2d309b", "#007e78", "#781b3a", "#8747cf", "#2597ec", "#101828", "#e5730a"),
    marks={
        "gradient": "#c2185b",
        "given": "#8a5300",
        "momentum": "#1f4fd8",
        "step": "#101828",
        "curvature": "#5b2a86",
    },
)
DARK = Theme(
    paper="#0f1520",
    ink="#e6ebf2",
    faint="rgba(230, 235, 242, 0.22)",
    low="#0b1220",
    middle="#253350",
    high="#50648c",
    halo="rgba(8, 12, 20, 0.85)",
    paths=("#ff8f45", "#b09bff", "#51d6bb", "#f50d43", "#a04fff", "#1196a0", "#bffdff", "#ffe066"),
    marks={
        "gradient": "#ff7ab0",
        "given": "#ffc04d",
        "momentum": "#7fb0ff",
        "step": "#ffffff",
        "curvature": "#d7a6ff",
    },
)
THEMES = {"light": LIGHT, "dark": DARK}
"""Every theme that has a name."""


def themed(theme: Theme | str) -> Theme:
    """The theme of a name, or a theme as it is.

    Raises:
        ValueError: There is no theme of this name.
    """
    if isinstance(theme, Theme):
        return theme
    if theme not in THEMES:
        raise ValueError(f'The theme is "light", "dark" or a Theme, not {theme!r}.')
    return THEMES[theme]


PATTERNS = {
    "solid": (),
    "dot": (1.0, 1.2),
    "dash": (3.0, 2.4),
    "longdash": (5.0, 3.0),
    "dashdot": (3.0, 1.6, 1.0, 1.6),
    "longdashdot": (5.0, 2.0, 1.0, 2.0),
}
"""What each dash draws and leaves out in turns, in widths of its line."""


@dataclass(frozen=True)
class Sizes:
    """How wide lines are and how large marks, in CSS pixels where the type has its usual size.

    The outline of a mark lies half on the mark and half beside it; a head is drawn upon its own.
    """

    path: float = 2.4
    halo: float = 5.5
    """The width of the halo that a path is drawn on."""
    curve: float = 2.2
    star: float = 10.5
    """A minimizer's star: from its middle to its tips."""
    star_notch: float = 4.6
    """From its middle to the corners between them."""
    star_outline: float = 1.2
    start: float = 7.5
    """The diamond at the start: from its middle to its corners."""
    start_outline: float = 2.0
    head: float = 5.5
    """The radius of the circle where a run is."""
    head_outline: float = 2.0


SIZES = Sizes()


@dataclass(frozen=True)
class GlyphSizes:
    """The same in plotly's three dimensions.

    Its WebGL draws marks as letters of a font and lines in units of its own, so these are set by eye.
    """

    path: float = 5.0
    step: float = 2.5
    minimum: float = 6.0
    start: float = 6.0
    head: float = 7.0


GLYPH_SIZES = GlyphSizes()


@dataclass(frozen=True)
class Pen:
    """How a competitor is drawn, in every figure."""

    slot: int
    """The place of its colour among a theme's `paths`."""
    color: str
    dash: str
    """One of plotly's names: solid, dash, dot, dashdot, longdash, longdashdot."""

    @property
    def pattern(self) -> tuple[float, ...]:
        """What is drawn and left out in turns, in widths of the line; nothing for a solid line."""
        return PATTERNS[self.dash]

    def line(self, width: float) -> dict[str, Any]:
        """A line of this width as plotly draws it in two dimensions."""
        lengths = ",".join(f"{length * width:.4g}px" for length in self.pattern)
        return {"width": width, "color": self.color, "dash": lengths or "solid"}


def all_pens(experiment: Experiment, theme: Theme = LIGHT, view: View = PLAIN) -> list[Pen]:
    """How each competitor of an experiment is drawn."""
    return [pen(slot, theme) for slot in slots(view.colors, len(experiment.runs))]


def slots(colors: Sequence[int], runs: int) -> tuple[int, ...]:
    """One slot for each run: the colours of a view as far as they go, then the first that are free."""
    taken = tuple(colors[:runs])
    free = (slot for slot in count() if slot not in taken)
    return (*taken, *islice(free, runs - len(taken)))


def for_competitors(theme: Theme, experiment: Experiment, view: View) -> Theme:
    """The theme with the pens of the competitors first: for figures that know an index, and no view."""
    own = [style.slot for style in all_pens(experiment, theme, view)]
    order = [*dict.fromkeys((*own, *range(len(theme.paths))))]
    drawn = [pen(slot, theme) for slot in order]
    return replace(
        theme,
        paths=tuple(style.color for style in drawn),
        dashes=tuple(style.dash for style in drawn),
    )


def pen(slot: int, theme: Theme) -> Pen:
    """How a competitor with this slot is drawn."""
    slot %= len(theme.paths)
    return Pen(slot, theme.paths[slot], theme.dashes[slot % len(theme.dashes)])


def pens(
    experiment: Experiment, trajectories: Sequence[Trajectory], theme: Theme = LIGHT, view: View = PLAIN
) -> list[Pen]:
    """How each trajectory is drawn: as its competitor, also where others are missing or the order differs.

    No two are drawn alike: where two trajectories are of one competitor, such as those of two experiments
    that differ in their seed, the second one takes the next pen that is free.
    """
    own = [trajectory.index for trajectory in trajectories]
    free = (index for index in count() if index not in own)
    indices = [index if index not in own[:place] else next(free) for place, index in enumerate(own)]
    known = slots(view.colors, 1 + max(indices, default=-1))
    return [pen(known[index], theme) for index in indices]


def mixed(first: str, second: str, share: float) -> str:
    """A colour "#rrggbb" between two: `share` of the first, the rest of the second."""
    pairs = [[int(color[k : k + 2], 16) for color in (first, second)] for k in (1, 3, 5)]
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)
