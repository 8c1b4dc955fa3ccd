"""A declared parameter → the widget that chooses it.

Keys carry the owner ("A.Adam.betas"), so that two owners of one name never share a value, and a value is
there again when its owner comes back.
"""

from __future__ import annotations

import streamlit as st

from optviz.params import Choice, Flag, Float, Int, Ints, Kind, Maybe, Param, Text, Tuple, Value


def draw(key: str, name: str, param: Param, value: Value) -> Value:
    """The widget of `param`, which shows `value` at first; returns what is chosen."""
    return _draw(key, name, param.kind, value, f"{param.help} torch's default: {_plain(param.default)}.")


def draw_surface_param(key: str, name: str, param: Param) -> Value:
    """The widget of a surface's parameter."""
    return _draw(key, name, param.kind, param.default, param.help)


def _plain(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _draw(key: str, label: str, kind: Kind, value: Value, help: str) -> Value:
    match kind:
        case Float():
            return _number(key, label, kind, value, help)
        case Int():
            return int(
                st.number_input(
                    label, kind.low, kind.high, _int(value), key=key, help=help, persist_state="session"
                )
            )
        case Flag():
            return st.checkbox(label, bool(value), key=key, help=help, persist_state="session")
        case Choice():
            options = list(kind.options)
            index = options.index(str(value)) if value in options else 0
            return st.selectbox(label, options, index, key=key, help=help, persist_state="session")
        case Maybe(kind=Choice(options=options)):
            names = ["None", *options]
            index = names.index(str(value)) if str(value) in names else 0
            chosen = st.selectbox(label, names, index, key=key, help=help, persist_state="session")
            return None if chosen == "None" else chosen
        case Maybe(kind=inner):
            return _maybe(key, label, inner, value, help)
        case Tuple(kinds=kinds):
            parts = value if isinstance(value, tuple) else (None,) * len(kinds)
            names = [f"{label}[{place}]" for place in range(len(kinds))]
            rows = zip(names, kinds, parts, strict=True)
            return tuple(_draw(f"{key}.{name}", name, part, first, help) for name, part, first in rows)
        case Text():
            return st.text_input(
                label, str(value or ""), kind.longest, key=key, help=help, persist_state="session"
            )
        case Ints():
            return _ints(key, label, kind, value, help)
    raise TypeError(f"There is no widget for {kind}.")


def _int(value: Value) -> int:
    return value if isinstance(value, int) else 1


def _number(key: str, label: str, kind: Float, value: Value, help: str) -> float:
    first = float(value) if isinstance(value, int | float) else kind.low
    step = abs(first) / 10 if kind.log and first else 0.01
    number = st.number_input(
        label, kind.low, kind.high, first, step, "%g", key=key, help=help, persist_state="session"
    )
    return float(number)


def _maybe(key: str, label: str, kind: Kind, value: Value, help: str) -> Value:
    given = st.checkbox(
        f"set {label}", value is not None, key=f"{key}.given", help=help, persist_state="session"
    )
    if not given:
        return None
    default: Value = value if value is not None else getattr(kind, "low", None)
    return _draw(key, label, kind, default, help)


def _ints(key: str, label: str, kind: Ints, value: Value, help: str) -> Value:
    first = ", ".join(map(str, value)) if isinstance(value, tuple) else ""
    typed = st.text_input(label, first, key=key, help=f"{help} Separated by commas.", persist_state="session")
    try:
        return kind.check([int(part) for part in typed.split(",") if part.strip()])
    except ValueError as error:
        text = str(error) if "must" in str(error) else "must be whole numbers, separated by commas."
        st.error(f"{label} {text}")
        return value
