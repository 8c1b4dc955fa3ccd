"""Figures as pictures: PNG and SVG."""

from __future__ import annotations

import html
import re
from typing import Any

import plotly.graph_objects as go

from optviz.environment import extra
from optviz.figures.drawing import TRANSPARENT
from optviz.figures.png import with_comment

FORMATS = ("png", "svg")
_BESIDE, _ABOVE = 170, 100
"""Width and height that labels, legend and colour bar take, in CSS pixels."""
SMALLEST, LARGEST = 100, 4000
"""CSS pixels along each side."""


def to_image(
    figure: go.Figure,
    format: str = "png",
    *,
    size: tuple[int, int] | None = None,
    scale: float = 1.0,
    made_with: str = "",
) -> bytes:
    """A figure of optviz, or any other plotly figure, as a PNG or SVG.

    Its colours are those that the figure was made with. It is drawn by a Chrome or Chromium of this machine,
    without a network.

    Args:
        figure: The figure.
        format: "png" or "svg".
        size: (width, height) in CSS pixels, 100 to 4,000 each; text is 13 high. Where left out, a size that
            the figure fills.
        scale: Pixels of a PNG for each CSS pixel, 0.5 to 4.
        made_with: What the file says that its numbers were computed with, such as a result's
            `made_with.words`; it is not seen in the picture.

    Returns:
        The bytes of the file.

    Raises:
        ValueError: kaleido is not installed, there is no such browser, or format, size or scale are none of
            these.
    """
    if format not in FORMATS:
        raise ValueError(f"A picture is a png or an svg, not {format!r}.")
    size = fitting_size(figure) if size is None else size
    if not all(isinstance(side, int) and SMALLEST <= side <= LARGEST for side in size):
        raise ValueError(f"A picture is {SMALLEST} to {LARGEST:,} CSS pixels wide and high.")
    if not 0.5 <= scale <= 4:
        raise ValueError("A picture has 0.5 to 4 pixels for each CSS pixel.")
    with extra("pictures"):
        import kaleido
        from kaleido.errors import ChromeNotFoundError
    wanted = {"format": format, "width": size[0], "height": size[1], "scale": scale}
    try:
        # MathJax would come from the network, and no figure of optviz needs it.
        drawn: bytes = kaleido.calc_fig_sync(still(figure), opts=wanted, kopts={"mathjax": False})
    except ChromeNotFoundError:
        raise ValueError(
            "PNG and SVG are drawn by Chrome or Chromium, and none was found: install one, or set "
            "BROWSER_PATH to where it is."
        ) from None
    return _commented(drawn, format, made_with) if made_with else drawn


def _commented(picture: bytes, format: str, words: str) -> bytes:
    if format == "png":
        return with_comment(picture, words)
    metadata = f"<metadata>{html.escape(words, quote=False)}</metadata>"
    return re.sub(r"<svg[^>]*>", lambda tag: tag[0] + metadata, picture.decode(), count=1).encode()


def fitting_size(figure: go.Figure) -> tuple[int, int]:
    """A size that a figure fills: the shape of the domain where both axes have the same scale."""
    layout = figure.layout
    if layout.yaxis.scaleanchor is None or None in (layout.xaxis.range, layout.yaxis.range):
        return 1200, 800
    (left, right), (bottom, top) = layout.xaxis.range, layout.yaxis.range
    shape = min(max((right - left) / (top - bottom), 0.4), 2.5)
    inside = 700 / max(shape, 1)
    return round(inside * shape) + _BESIDE, round(inside) + _ABOVE


def still(figure: go.Figure) -> dict[str, Any]:
    """The figure as plotly's JSON for a picture: without its play controls, on its theme's background."""
    data: dict[str, Any] = figure.to_dict()
    layout = {name: part for name, part in data["layout"].items() if name not in ("updatemenus", "sliders")}
    is_ours = layout.get("paper_bgcolor") == TRANSPARENT  # then its labels have the theme's paper
    paper = layout["hoverlabel"]["bgcolor"] if is_ours else "#ffffff"
    if "sliders" in data["layout"]:
        layout["margin"] = {**layout.get("margin", {}), "b": 60}
    return {"data": data["data"], "layout": {**layout, "paper_bgcolor": paper}}
