"""The frames of a film, drawn by Pillow: the surface and the paths as far as they have grown."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

from optviz.engine.outcome import Array
from optviz.engine.planes import PicturePlane, picture_plane
from optviz.engine.sampling import sample
from optviz.engine.trajectory import Trajectory
from optviz.figures.contours import contour_levels, equal_units, pixels
from optviz.figures.drawing import unequal_words
from optviz.figures.theme import SIZES, Pen, Theme, all_pens, pens
from optviz.spec.experiment import Experiment
from optviz.spec.view import View
from optviz.spec.wording import coordinate
from optviz.surfaces.problem import Domain

Size = tuple[int, int]
"""(width, height) in pixels."""
_SMALLEST_TYPE = 9
"""Least type size at the axes, in pixels: below it a minus runs into its number."""
_ALIKE = 8
"""Colours that differ by no more than this in red, green and blue are the same to a palette."""
_FINE = 2
"""Supersampling factor, for anti-aliased lines."""


class Stage:
    """What all frames have in common, and the paths as far as they are drawn. Frames go forward only."""

    def __init__(
        self, experiment: Experiment, paths: Sequence[Trajectory], size: Size, theme: Theme, view: View
    ) -> None:
        self.paths, self.theme = paths, theme
        self.unit = max(min(size) / 600, _SMALLEST_TYPE / 13)
        self.small = _font(13 * self.unit)
        under = picture_plane(experiment, paths)
        styles = pens(experiment, paths, theme, view)
        self.keys = _Keys(paths, styles, size[0], self)
        title = round(44 * self.unit)
        top, bottom = title + self.keys.height, size[1] - round(46 * self.unit)
        self.domain = under.surface.domain
        self.equal = equal_units(self.domain, view.units)
        self.edges = (self._room_for(self._labels(1, bottom - top)), top, self._right(size[0]), bottom)
        self.box = _fitted(self.edges, self.domain) if self.equal else self.edges
        self.across = self._labels(0, self.box[2] - self.box[0])
        self.up = self._labels(1, self.box[3] - self.box[1])
        self.blank = self._blank(experiment.surface.name, under, size)
        shape = (self.box[2] - self.box[0], self.box[3] - self.box[1])
        self.halo = Image.new("L", (shape[0] * _FINE, shape[1] * _FINE))
        self.lines = [_Line(path, pen, self) for path, pen in zip(paths, styles, strict=True)]
        self.fixed = [self.place(under.start), *map(self.place, under.surface.minimizers)]
        self.steps = max((path.steps for path in paths), default=0)

    def _labels(self, axis: int, length: int) -> list[tuple[float, str]]:
        """The values at which an axis of `length` pixels has labels, with their texts."""
        low, high = self.domain[axis]
        ticks = _ticks(low, high, most=max(3, int(length / ((90, 60)[axis] * self.unit))))
        return [(value, _minus(coordinate(value, high - low), self.small)) for value in ticks]

    def _room_for(self, labels: list[tuple[float, str]]) -> int:
        """The left edge of the picture: as far in as labels are wide."""
        widest = max((self.small.getlength(text) for _, text in labels), default=0.0)
        return round(max(58 * self.unit, widest + 14 * self.unit))

    def _right(self, width: int) -> int:
        """The right edge of the picture, where half of the last label of x has room beside it."""
        labels = self._labels(0, width)
        half = self.small.getlength(labels[-1][1]) / 2 if labels else 0.0
        return width - round(max(24 * self.unit, half + 2))

    def place(self, point: Sequence[float]) -> tuple[float, float]:
        """A point in pixels of the box; far outside it where it is."""
        (left, right), (bottom, top) = self.domain
        width, height = self.box[2] - self.box[0], self.box[3] - self.box[1]
        return (
            (float(point[0]) - left) / (right - left) * width,
            (top - float(point[1])) / (top - bottom) * height,
        )

    def frame(self, position: float) -> Image.Image:
        """The picture after `position` steps."""
        for line in self.lines:
            line.draw_to(position)
        image = self.blank.copy()
        view = image.crop(self.box)
        color, opacity = self.theme.halo_parts
        view.paste(color, mask=self.halo.reduce(_FINE).point(lambda grey: round(grey * opacity)))
        for line in self.lines:
            view.paste(line.pen.color, mask=line.ink.reduce(_FINE))
        image.paste(_large(view, self._marks()), self.box)
        pen = ImageDraw.Draw(image)
        where = f"step {math.floor(position + 1e-6):,} of {self.steps:,}"
        pen.text((self.edges[2], 14 * self.unit), where, self.theme.ink, self.small, anchor="ra")
        self.keys.draw(pen, position)
        return image

    def _marks(self) -> Callable[[ImageDraw.ImageDraw, int], None]:
        """Draws the start, the minimizers and the heads."""
        theme = self.theme

        def draw(pen: ImageDraw.ImageDraw, fine: int) -> None:
            unit = self.unit * fine
            start, *minimizers = np.multiply(self.fixed, fine)
            for place in minimizers:
                star = place + unit * _STAR
                _outlined(pen, star, theme.gold, theme.gold_edge, unit * SIZES.star_outline)
            _outlined(pen, start + unit * _DIAMOND, theme.ink, theme.paper, unit * SIZES.start_outline)
            for line in self.lines:
                x, y = np.multiply(line.head, fine)
                if max(abs(x), abs(y)) < 1e6 * fine:
                    pen.circle((x, y), unit * (SIZES.head + SIZES.head_outline / 2), theme.paper)
                    pen.circle((x, y), unit * SIZES.head, line.pen.color)

        return draw

    def _blank(self, name: str, under: PicturePlane, size: Size) -> Image.Image:
        """The surface, its axes and its name."""
        left, top, right, bottom = self.box
        image = Image.new("RGB", size, self.theme.paper)
        grid = sample(under.sampled)
        shape = ((bottom - top) * _FINE, (right - left) * _FINE)
        filled = pixels(grid, contour_levels(grid.z), self.theme.scale, shape, self.theme.paper)
        image.paste(Image.fromarray(filled).reduce(_FINE), (left, top))
        pen = ImageDraw.Draw(image)
        pen.text((self.edges[0], 10 * self.unit), name, self.theme.ink, _font(18 * self.unit))
        if not self.equal:
            words = unequal_words(under.surface)
            pen.text((right, bottom + 42 * self.unit), words, self.theme.ink, self.small, anchor="rd")
        gap = 6 * self.unit
        for value, text in self.across:
            x = left + self.place((value, self.domain[1][0]))[0]
            pen.line([(x, bottom), (x, bottom + gap)], self.theme.ink)
            pen.text((x, bottom + 1.3 * gap), text, self.theme.ink, self.small, anchor="ma")
        for value, text in self.up:
            y = top + self.place((self.domain[0][0], value))[1]
            pen.line([(left - gap, y), (left - 1, y)], self.theme.ink)  # none of it in a bare picture
            pen.text((left - 1.6 * gap, y), text, self.theme.ink, self.small, anchor="rm")
        x_name, y_name = under.surface.axes
        pen.text(
            ((left + right) / 2, bottom + 42 * self.unit), x_name, self.theme.ink, self.small, anchor="md"
        )
        pen.text((left - self.edges[0] + 6 * self.unit, top), y_name, self.theme.ink, self.small)
        return image


class _Line:
    """A path as it grows: its ink, with its dashes, and its share of the halo."""

    def __init__(self, path: Trajectory, pen: Pen, stage: Stage) -> None:
        self.pen, self.halo = pen, stage.halo
        self.points = [stage.place(point) for point in path.points.astype(np.float64)]
        self.head = self.points[0]
        self.ink = Image.new("L", stage.halo.size)
        self.width, self.halo_width = (width * stage.unit * _FINE for width in (SIZES.path, SIZES.halo))
        # Strokes have round ends: each takes half a width of the gaps beside it.
        self.pattern = [
            (length - 1 if place % 2 == 0 else length + 1) * self.width
            for place, length in enumerate(pen.pattern)
        ]
        self.position, self.travelled = 0.0, 0.0

    def draw_to(self, position: float) -> None:
        """Draw on, up to `position` steps."""
        last = min(position, len(self.points) - 1)
        if last <= self.position:
            return
        whole = range(math.floor(self.position) + 1, math.floor(last) + 1)
        stops = [self.points[index] for index in whole]
        share, begun = last % 1, math.floor(last)
        if share:
            pairs = zip(self.points[begun], self.points[begun + 1], strict=True)
            stops.append(tuple(a + share * (b - a) for a, b in pairs))  # type: ignore[arg-type]
        ink, halo = ImageDraw.Draw(self.ink), ImageDraw.Draw(self.halo)
        for stop in stops:
            self._segment(ink, halo, self.head, stop)
            self.head = stop
        self.position = last

    def _segment(
        self,
        ink: ImageDraw.ImageDraw,
        halo: ImageDraw.ImageDraw,
        begin: tuple[float, float],
        stop: tuple[float, float],
    ) -> None:
        start, end = np.multiply(begin, _FINE), np.multiply(stop, _FINE)
        part = _seen(start, end, np.array(self.ink.size))
        if part is None:
            return
        a, b = start + part[0] * (end - start), start + part[1] * (end - start)
        _stroke(halo, a, b, self.halo_width)
        length = float(np.hypot(*(b - a)))
        for low, high in _dashes(self.pattern, self.travelled, length):
            _stroke(ink, a + low * (b - a), a + high * (b - a), self.width)
        self.travelled += length


class _Keys:
    """Who is who: a line of each competitor's kind, its name and its loss."""

    def __init__(self, paths: Sequence[Trajectory], styles: Sequence[Pen], width: int, stage: Stage) -> None:
        self.stage, unit = stage, stage.unit
        self.row = round(22 * unit)
        self.entries = []
        x, y = 58 * unit, 40 * unit
        for path, pen in zip(paths, styles, strict=True):
            name = path.name if len(path.name) <= 28 else path.name[:27] + "…"
            room = 40 * unit + stage.small.getlength(f"{name}  loss 0.0000e-00") + 22 * unit
            if x > 58 * unit and x + room > width:
                x, y = 58 * unit, y + self.row
            self.entries.append((path, pen, name, x, y))
            x += room
        self.height = round(y + self.row - 40 * unit)

    def draw(self, pen: ImageDraw.ImageDraw, position: float) -> None:
        unit, theme = self.stage.unit, self.stage.theme
        for path, style, name, x, y in self.entries:
            middle = y + 8 * unit
            pattern = [length * SIZES.path * unit for length in style.pattern]
            for low, high in _dashes(pattern, 0.0, 32 * unit):
                ends = [(x + low * 32 * unit, middle), (x + high * 32 * unit, middle)]
                pen.line(ends, style.color, max(1, round(SIZES.path * unit)))
            loss = path.losses[min(math.floor(position + 1e-6), path.steps)]
            gone = path.outcome.kind == "diverged" and position >= path.steps
            words = f"{name}  diverged" if gone else f"{name}  loss {_minus(f'{loss:.4g}', self.stage.small)}"
            pen.text((x + 40 * unit, middle), words, theme.ink, self.stage.small, anchor="lm")


def _fitted(edges: tuple[int, int, int, int], domain: Domain) -> tuple[int, int, int, int]:
    """The largest box in the middle of these edges in which a unit is as long on both axes."""
    left, top, right, bottom = edges
    (low, high), (lowest, highest) = domain
    unit = min((right - left) / (high - low), (bottom - top) / (highest - lowest))
    width = max(2, round(unit * (high - low)))
    height = max(2, round(unit * (highest - lowest)))
    x, y = left + (right - left - width) // 2, top + (bottom - top - height) // 2
    return x, y, x + width, y + height


# -- strokes -----------------------------------------------------------------------------------------------


def _stroke(pen: ImageDraw.ImageDraw, a: Array, b: Array, width: float) -> None:
    """A line with round ends."""
    r = width / 2
    pen.line([*a, *b], 255, max(1, round(width)))
    for x, y in (a, b):
        pen.ellipse((x - r, y - r, x + r, y + r), 255)


def _dashes(pattern: Sequence[float], travelled: float, length: float) -> Iterator[tuple[float, float]]:
    """Which shares of a stroke are drawn, where so much of the pattern has been used up before it."""
    if not pattern or length == 0:
        yield 0.0, 1.0
        return
    at = -(travelled % sum(pattern))
    while at < length:
        for place, each in enumerate(pattern):
            if place % 2 == 0 and at + each > 0 and at < length:
                yield max(at, 0.0) / length, min(at + each, length) / length
            at += each


def _seen(start: Array, end: Array, size: Array) -> tuple[float, float] | None:
    """Which share of a stroke lies within the picture or near it (Liang and Barsky 1984); None if nothing."""
    if not (np.isfinite(start).all() and np.isfinite(end).all()):
        return None
    low, high = 0.0, 1.0
    for a, b, side in zip(start, end, size, strict=True):
        for outside, change in ((a + side, b - a), (2 * side - a, a - b)):
            if change == 0 and outside < 0:
                return None
            if change > 0:
                low = max(low, -outside / change)
            elif change < 0:
                high = min(high, -outside / change)
    return (low, high) if low < high or (low == high == 0.0) else None


def _outlined(pen: ImageDraw.ImageDraw, corners: Array, fill: str, edge: str, width: float) -> None:
    """A shape with its outline, half of which lies beside it."""
    points = [(float(x), float(y)) for x, y in corners]
    pen.polygon(points, fill)
    pen.line([*points, *points[:2]], edge, max(1, round(width)), joint="curve")


def _around(radii: Sequence[float]) -> Array:
    """(k, 2) the corners of a shape around 0, at these distances in turns, the first of them on top."""
    angles = math.tau * (np.arange(len(radii)) / len(radii) - 0.25)
    corners: Array = np.array(radii)[:, None] * np.stack((np.cos(angles), np.sin(angles)), axis=1)
    return corners


_STAR = _around((SIZES.star, SIZES.star_notch) * 5)
_DIAMOND = _around((SIZES.start,) * 4)


def _large(image: Image.Image, draw: Callable[[ImageDraw.ImageDraw, int], None]) -> Image.Image:
    """The image with something drawn upon it, smoothly: drawn large, then made smaller."""
    big = image.resize((image.width * _FINE, image.height * _FINE), Image.Resampling.NEAREST)
    draw(ImageDraw.Draw(big), _FINE)
    return big.reduce(_FINE)


def _ticks(low: float, high: float, most: int) -> list[float]:
    """Evenly spaced round numbers between two, at most `most` of them."""
    raw = (high - low) / most
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(digit * unit for digit in (1, 2, 5, 10) if digit * unit >= raw * 0.999)
    return [float(f"{k * step:.15g}") for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _minus(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """A number with a real minus, which is as wide as a digit, where the font has it."""
    unknown, minus = (bytes(font.getmask(letter)) for letter in "\uffff\u2212")
    return text if minus == unknown else text.replace("-", "\u2212")


def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """A font of this machine with most letters; otherwise Pillow's own, which has few."""
    for name in ("DejaVuSans.ttf", "Arial.ttf", "arial.ttf"):
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def palette_of(frame: Image.Image, experiment: Experiment, theme: Theme, view: View) -> Image.Image:
    """A palette for a film: to the bit what its theme names, and what else its first frame has."""
    paths = [pen.color for pen in all_pens(experiment, theme, view)]
    named = [theme.paper, theme.ink, *paths, theme.gold, theme.gold_edge, theme.halo_parts[0]]
    exact = np.unique([ImageColor.getrgb(color) for color in named], axis=0)
    few = np.array(frame.quantize(255 - len(exact), Image.Quantize.MEDIANCUT).getpalette()).reshape(-1, 3)
    # Pillow looks for the nearest colour coarsely: what is next to an exact one would take its place.
    apart = np.abs(few[:, None] - exact).max(axis=2).min(axis=1) > _ALIKE
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.concatenate([exact, few[apart]]).ravel().tolist())
    return palette
