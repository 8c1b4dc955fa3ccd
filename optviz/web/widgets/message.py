"""What the components of the page beside the player are sent, as JSON.

Their JavaScript has its types from here, as `optviz.player.message` says.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict


class Figure(TypedDict):
    """A plotly figure, as Python writes it. `optviz.maps.cell_figures` says what a map's first trace has."""

    data: list[Any]
    layout: Any


class Cells(TypedDict):
    """The cells of a map that can be chosen."""

    x: list[float]
    """The middles of the columns."""
    y: list[float]
    """The middles of the rows."""
    axes: Annotated[list[str], tuple[str, str]]


class ChartMessage(TypedDict):
    """A figure that is drawn without flicker."""

    figure: Figure
    dark: list[Annotated[tuple[list[Any], Any], tuple[list[str | int], Any]]]
    """The differences of a dark page: the keys that lead to each place, and the value there."""
    cells: Cells | None
    title: str
    plotly: str
    """The version of plotly.js."""


class LinkMessage(TypedDict):
    """A link to share."""

    link: str
    """The query of the address, all of it."""


class PictureMessage(TypedDict):
    """A picture that the browser draws and saves."""

    figure: Figure
    format: Annotated[str, Literal["png", "svg"]]
    width: int
    height: int
    scale: float
    name: str
    made_with: str
    """What the file says that its numbers were computed with."""
    plotly: str
    """The version of plotly.js."""


class PageName(TypedDict):
    """A page of a lesson."""

    name: str
    title: str


class ReaderMessage(TypedDict):
    """The bar of a lesson."""

    lesson: str
    place: int | None
    """Which page is read, counted from 0; None for all of them."""
    pages: list[PageName]
    whole: str
    """The name of the page with all of them."""
    after: PageName | None
    """The first page of the next lesson."""
