"""What a player is sent besides bytes: the one declaration of its messages, as JSON.

The player's JavaScript has its types from here: `python -m scripts.messages` writes them to
`static/message.d.ts`. `Annotated[what Python has, shape]` says more exactly what arrives there: a list that
always has two members, the fields of a dataclass. Needs no torch.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Any, Literal, NotRequired, TypeAlias, TypedDict, get_args

from optviz.figures.theme import Sizes, Theme
from optviz.rules.records import StepsRecord
from optviz.spec.view import View
from optviz.surfaces.layers import Layer

Column: TypeAlias = Literal["x", "y", "loss", "excess", "gradient", "lr", "evals"]
"""What a path holds for each of its n+1 points: `excess` is the loss above the surface's minimum, for a log
scale, `gradient` the length of the surface's own gradient, `lr` what the step that led to the point used."""
COLUMNS: tuple[Column, ...] = get_args(Column)
"""In the order in which they are sent."""

DigestBytes: TypeAlias = Literal[8]
"""How many bytes before the numbers of a blob say which one it is: its `digest`, in hexadecimal digits."""
Scheme: TypeAlias = Literal["light", "dark"]
Point: TypeAlias = Annotated[list[float], tuple[float, float]]


def sent_fields(record: Any) -> list[str]:
    """The names of those fields of a dataclass that are sent: all that do not declare that they are not."""
    return [field.name for field in fields(record) if field.metadata.get("sent", True)]


def sent(record: Any) -> dict[str, Any]:
    """A dataclass as it is sent, by its fields' names."""
    return {name: getattr(record, name) for name in sent_fields(record)}


# -- the scene: what `optviz.player.scene.scene` says ------------------------------------------------------


class SurfaceData(TypedDict):
    """What the paths are drawn on."""

    name: str
    axes: Annotated[list[str], tuple[str, str]]
    searched: bool
    """Whether the minimizers were found by a search, not declared."""
    digest: str
    double: bool
    """Whether the losses are float64, else float32."""
    size: Annotated[list[int], tuple[int, int]]
    domain: Annotated[list[list[float]], tuple[tuple[float, float], tuple[float, float]]]
    natural: bool
    """Whether units of x and y are equal unless somebody says otherwise."""
    filled: float
    """Height by width of a picture whose units are not equal."""
    levels: list[float]
    ticks: list[int]
    """Places on the colour bar, counted in levels, that have a label."""
    labels: list[str]
    minimizers: list[Point]
    minimum: float | None
    undefined: float
    """The share of the domain where there is no finite loss."""


class Rate(TypedDict):
    """What is said of a run's learning rate."""

    moves: bool
    words: str


class GhostData(TypedDict):
    """The path of the run by another convention than torch's."""

    name: str
    digest: str


class StabilityData(TypedDict):
    """How stable the steps of a run are."""

    formula: str
    words: str
    digest: str


class WeightsData(TypedDict):
    """All weights of a network at each point."""

    digest: str


class StepsData(StepsRecord):
    """What each step of a run did."""

    digest: str


class CodeLine(TypedDict):
    """A line of the training loop, and the part of a step that it is."""

    text: str
    phase: str


class Refused(TypedDict):
    """A competitor that did not run. It keeps its place, its colour and its name."""

    ran: Literal[False]
    name: str
    slot: int
    dash: list[float]


class Ran(TypedDict):
    """A competitor that ran."""

    ran: Literal[True]
    name: str
    slot: int
    """The place of its colour among a theme's `paths`."""
    dash: list[float]
    """What its line draws and leaves out in turns, in widths of the line."""
    digest: str
    double: bool
    """Whether its path and its ghost are float64, else float32."""
    outcome: str
    at: int
    """The step from which the outcome held."""
    rate: Rate
    steps: NotRequired[StepsData]
    ghost: NotRequired[GhostData]
    stability: NotRequired[StabilityData]
    weights: NotRequired[WeightsData]
    code: NotRequired[list[CodeLine]]


class PlaneData(TypedDict):
    """The plane through a network's weights that the picture shows."""

    shares: list[float | None]
    """How much of the variance of all points lies along each direction."""


class DataSet(TypedDict):
    """A data set and the model that is fitted to it."""

    inputs: list[list[float]]
    targets: list[float]
    names: list[str]
    classes: bool
    layers: list[Layer]
    mean: list[float]
    deviation: list[float]
    beyond: float | None
    """An input to predict for."""


class Examples(DataSet):
    """The data of a surface that is made of them."""

    batch: int | None
    order: str | None
    """The places of the examples that each step sees, one batch after another."""


class Option(TypedDict):
    """A value that can be chosen."""

    value: str
    called: str
    help: str


class ControlData(TypedDict):
    """A control of the player: it chooses one of the options of a part of the view, or several."""

    name: str
    label: str
    place: Literal["beside", "transport", "axes"]
    help: str
    several: bool
    """Whether more than one option can be chosen."""
    options: list[Option]
    when: dict[str, list[str]]
    """It is of use where each of these other parts of the view has one of these values."""


class SceneData(TypedDict):
    """A picture to play."""

    surface: SurfaceData
    start: Point
    columns: list[Column]
    """What a path holds, in this order."""
    runs: list[Ran | Refused]
    """All competitors, by their index in the experiment."""
    view: Annotated[dict[str, Any], View]
    controls: list[ControlData]
    """Of what is chosen in the player, as far as there is anything to choose, in their order."""
    fixed: bool
    """Whether nobody can be asked for more, as in a file."""
    themes: Annotated[dict[str, dict[str, Any]], dict[Scheme, Theme]]
    sizes: Annotated[dict[str, float], Sizes]
    plane: NotRequired[PlaneData]
    data: NotRequired[Examples]


# -- the texts: what `optviz.player.captions` says ---------------------------------------------------------


class Alternatives(TypedDict):
    """What is said instead of the pictures."""

    picture: str
    curves: str


class Convention(TypedDict):
    """A convention that differs from torch's for some competitor."""

    name: str
    words: list[str]


class Texts(TypedDict):
    """The texts of a player that the numbers do not have."""

    alt: Alternatives
    narrow: str
    """What is to be known where the domain holds few numbers of the experiment's dtype."""
    conventions: list[Convention]


class TableColumn(TypedDict):
    """A column of the table of results."""

    name: str
    title: str
    help: str


class TableRow(TypedDict):
    """A competitor's results."""

    numbers: dict[str, float | str | None]
    """By the names of the columns; a text where JSON has no such number."""
    ending: str
    step: int | None
    words: str


class TableData(TypedDict):
    """The table of results."""

    columns: list[TableColumn]
    rows: list[TableRow]
    """Of all competitors, by their index in the experiment."""


# -- all of it ---------------------------------------------------------------------------------------------


class Cue(TypedDict):
    """What the page of a lesson lets the player do by itself."""

    page: str
    waits: bool
    """Whether a question has to be answered first."""
    slow: bool


class Telling(TypedDict, total=False):
    """What a player has on the page of a lesson."""

    cue: Cue
    caption: str


class PlayerMessage(SceneData, Texts, Telling):
    """All that a player shows."""

    player: str
    """Its name, by which it goes on where it was after a page has taken it down and put it up again."""
    table: TableData
    plotly: str
    """The version of plotly.js that draws the contours."""
    opening: int
    """Which one of all that were opened: what was asked of another one is not asked of this one."""


class Ahead(TypedDict):
    """Asks the browser for the files of a player that will be shown."""

    ahead: str
    """The version of plotly.js."""


class Drawn(TypedDict):
    """Says for which scheme the server draws pictures: a browser whose page has another reports it."""

    drawn: Scheme
