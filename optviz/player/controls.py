"""The controls of the player: what of a view can be chosen there, where there is something to show for it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from optviz.player.message import ControlData, Option
from optviz.spec.frozen import Control, controls, declared_params
from optviz.spec.params import Choice, Some


def offered_controls(view: Any, there: Collection[str]) -> list[ControlData]:
    """The controls that a view declares, as JSON, where they leave something to choose.

    Args:
        view: `View`, or a class of views with more options.
        there: What there is to show, in the words of `Control.needs`: "data" that a model is fitted to, a
            known "minimum", the records of "steps", "several runs", a surface of "two parameters", axes at
            "right angles", and the names of conventions that differ from torch's.
    """
    all_of_them = [_control(view, name, control, there) for name, control in controls(view).items()]
    return [each for each in all_of_them if len(each["options"]) > (0 if each["several"] else 1)]


def _control(view: Any, name: str, control: Control, there: Collection[str]) -> ControlData:
    param = declared_params(view)[name]
    assert isinstance(param.kind, Choice | Some)
    options: list[Option] = [
        {"value": value, "called": control.called.get(value, value), "help": control.helps.get(value, "")}
        for value in param.kind.options
        if value not in control.needs or control.needs[value] in there
    ]
    return {
        "name": name,
        "label": control.label,
        "place": control.place,
        "help": param.help,
        "several": isinstance(param.kind, Some),
        "options": options,
        "when": {name: list(values) for name, values in control.when.items()},
    }
