"""A visitor's page in real Streamlit, without a browser, and what it shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

import numpy as np
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

import optviz as ov
from optviz.player.message import COLUMNS
from optviz.web.state.choices import OPENING
from optviz.web.state.session import Session
from scenes import columns

APP = str(Path(__file__).parent.parent / "app.py")
WIDGETS = (
    "checkbox",
    "selectbox",
    "text_input",
    "select_slider",
    "multiselect",
    "segmented_control",
)
FOLDS = [
    "formula",
    "chance",
    "own points",
    *(f"{slot}.{name}" for slot in range(8) for name in ("hyperparameters", "around", "more")),
]


def opened(link: str = "") -> AppTest:
    """The page of a visitor who follows a link."""
    app = AppTest.from_file(APP, default_timeout=60)
    for name, texts in parse_qs(link.removeprefix("?"), keep_blank_values=True).items():
        app.query_params[name] = texts
    for key in FOLDS:
        app.session_state[key] = True
    return calm(app.run())


def calm(app: AppTest) -> AppTest:
    """No traceback and no complaint anywhere."""
    assert not app.exception, app.exception
    assert not app.error, [error.value for error in app.error]
    return app


def experiment(app: AppTest) -> ov.Experiment:
    """What is shown, read from the address as any other visitor would."""
    words = {name: app.query_params[name] for name in app.query_params}
    if not words:
        return OPENING
    query = "&".join(f"{name}={quote(text)}" for name, texts in words.items() for text in listed(texts))
    exp = ov.Experiment.from_url(query)
    assert exp == state(app).experiment
    return exp


def state(app: AppTest) -> Session:
    found: Session = app.session_state["optviz"]
    return found


def view(app: AppTest) -> ov.View:
    return state(app).view


def listed(texts: str | list[str]) -> list[str]:
    return [texts] if isinstance(texts, str) else texts


def scene(app: AppTest) -> dict[str, Any]:
    """What the player has been sent, with each run's columns; nothing where there is no player."""
    sent = [item.proto for item in app.get("bidi_component")]
    found = [json.loads(proto.json) for proto in sent if "surface" in proto.json]
    data: dict[str, Any] = found[0] if found else {"runs": []}
    for run in ran(data):
        run["columns"] = columns(blobs(app)[run["digest"]], run)
    return data


def ran(sent: dict[str, Any]) -> list[dict[str, Any]]:
    """The competitors of a scene that ran."""
    return [run for run in sent["runs"] if run["ran"]]


def blobs(app: AppTest) -> dict[str, bytes]:
    """The bytes that the player has been sent, by their digests."""
    sent = [item.proto.bytes for item in app.get("bidi_component")]
    return {message[:8].hex(): message[8:] for message in sent if message}


def column(app: AppTest, name: str) -> dict[str, np.ndarray]:
    """One of the numbers of each point, by competitor."""
    return {run["name"]: run["columns"][COLUMNS.index(name)] for run in ran(scene(app))}


def paths(app: AppTest) -> dict[str, np.ndarray]:
    """Each competitor's points (n+1, 2) as the player has been sent them."""
    return {run["name"]: run["columns"][:2].T for run in ran(scene(app))}


def results(app: AppTest) -> dict[str, Any]:
    """The rows of the table, by competitor."""
    data = scene(app)
    return {run["name"]: row for run, row in zip(data["runs"], data["table"]["rows"], strict=True)}


def words(app: AppTest) -> str:
    return " ".join(
        item.value for kind in ("markdown", "caption", "warning", "info") for item in app.get(kind)
    )


def widget(app: AppTest, key: str) -> Any:
    """A widget by its key, however often it has been made anew."""
    found = [
        widget for kind in WIDGETS for widget in app.get(kind) if str(widget.key).partition("~")[0] == key
    ]
    assert len(found) == 1, key
    return found[0]


def press(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


def trigger(app: AppTest, holds: str, event: str, value: Any) -> AppTest:
    """What a component sends, as the browser would: the first one whose data hold a name."""
    component = next(item for item in app.get("bidi_component") if holds in item.proto.json)
    key = f"$$STREAMLIT_INTERNAL_KEY_{component.proto.id}__events"
    sent = WidgetState(id=key, json_trigger_value=json.dumps([{"event": event, "value": value}]))
    states = app._tree.get_widget_states()
    states.widgets.append(sent)
    return app._run(states)
