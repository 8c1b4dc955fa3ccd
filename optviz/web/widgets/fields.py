"""Widgets that show what their field holds, and edit it.

A widget shows what its field holds: where the two differ, because an address or another widget has changed
the field, the widget follows. Where an edit is refused, it keeps what was typed and says what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import streamlit as st

from optviz.spec.digits import write_number
from optviz.spec.params import Float, Kind, Maybe, Param, Text, Value
from optviz.web.state import choices
from optviz.web.state.choices import Field
from optviz.web.state.fragments import Parts
from optviz.web.state.session import session

Resets = Mapping[str, Value]
"""Values to go back to with one click, by their names: "torch's default", "suggested"."""

SUGGESTED = "suggested"
"""The one of these that is advice of optviz, not a default."""
_CUT = 36
"""Characters of a misread text that are shown around the place."""
_RATES = Float(0.0, 100.0).ladder(1e-6, 100.0)
_LARGEST = 1
"""Largest upload in MB: more than any experiment or list of points that the page accepts."""
_TURNED = re.compile(r"(?<=ttp)(?=s?:)|(?<=www)(?=\.)|(?<=[@:])(?=\w)|(?<=-)(?=[->])|(?<=<)(?=-)", re.I)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:$&])")


def plain(text: str) -> str:
    """A text as Markdown that shows it letter by letter: names and notes may come from a link.

    Backslashes keep Markdown away. What Streamlit itself turns into links, icons and dashes afterwards is
    broken by a space of no width.
    """
    return _MARKDOWN.sub(r"\\\1", _TURNED.sub("\u200b", text)).replace("\n", " ")


def show_value(value: Value) -> str:
    """A value as text: 0.001, (0.9, 0.999), None."""
    if isinstance(value, tuple):
        return f"({', '.join(map(show_value, value))})"
    return f"{value:g}" if isinstance(value, float) else str(value)


def frame(field: Field, width: str | int = "stretch") -> Any:
    """The place of a field's widget, and of what stands below it."""
    return st.container(key=f"field-{field.key}", gap=None, width=width)  # type: ignore[arg-type]


def fold(label: str, key: str, part: str, type: str = "default") -> Any:
    """An expander in a part of the page, closed at first. What stands in it is drawn where it is `.open`."""
    # Its rerun may come with the address from before the last edit, as those of widgets do.
    act, kwargs = choices.act, {"redraw": (part,)}
    return st.expander(label, key=key, type=type, on_change=act, args=(key, _nothing), kwargs=kwargs)  # type: ignore[arg-type]


def _nothing() -> None:
    pass


def draw_resets(field: Field, resets: Resets) -> None:
    """Whose value the field has, with a button for each other value that it can go back to."""
    others = {name: value for name, value in resets.items() if value != field.get()}
    if not others:
        return
    with st.container(key=f"resets-{field.key}", horizontal=True, vertical_alignment="center", gap="small"):
        if whose := _whose(field, resets):
            st.markdown(whose, width="content")
        for name, value in others.items():
            key = f"{field.key}.{name}"
            text = f":material/undo: {name} {plain(show_value(value))}"
            st.button(
                text,
                key=key,
                type="tertiary",
                help=f"Set it to {name}.",
                on_click=choices.act,
                args=(field.key, field.set, value),
                kwargs={"redraw": field.shown_in},
            )


def draw_rate(field: Field, param: Param, resets: Resets, whose: str = "") -> None:
    """A learning rate: its number, and below that a slider on a log scale. It may say `whose`.

    The slider has a stop for the very number that it was drawn for, so that the two never differ.
    """
    assert isinstance(param.kind, Float)
    value = param.kind.coerce(field.get())
    label = f"{plain(whose)}: lr" if whose else "lr"
    with st.container(key=f"rate-{field.key}", gap=None):
        number(field, label, param.kind, f"{param.help} The slider's scale is logarithmic.")
        editing = editor(f"{field.key}.slider", value, field.set, redraw=field.shown_in)
        own = session().stops.setdefault(editing["key"], value)
        stops = sorted({*_RATES, own, value})
        st.select_slider(label, stops, format_func=write_number, label_visibility="collapsed", **editing)
    draw_resets(field, resets)


def _whose(field: Field, resets: Resets) -> str:
    """Whose value it is, as a badge; nothing for a default."""
    at = [name for name, value in resets.items() if value == field.get()]
    if any(name != SUGGESTED for name in at):
        return ""
    return ":violet-badge[suggested]" if at else ":blue-badge[yours]"


def editor(
    key: str,
    value: Any,
    change: Callable[[Any], None],
    read: Callable[[Any], Any] = lambda value: value,
    follow: bool = True,
    redraw: Parts = (),
    first: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The arguments of a widget that shows `value` and calls `change` with what is read from an edit.

    Then the parts `redraw` of the page are drawn anew; without any, the whole page.

    Where it has to `follow` another widget or the address, it is made anew, under a key of its own: what the
    browser says of the old one, before it has heard of that, is nobody's edit.

    `first` is how the widget's command is told the value, {"value": value} where left out. So it is in every
    message about the widget. What is put into the session instead is sent once; where that message is
    dropped, as the page is drawn anew before it went out, a browser reports an empty widget: like an edit.
    """
    now = generation(key)
    if follow and now in st.session_state and st.session_state[now] != value:
        renew(key)
        now = generation(key)

    opening = session().openings

    def edited() -> None:
        # What a browser says of a widget of an experiment that another one has replaced, it says of nothing.
        if now == generation(key) and opening == session().openings:
            choices.act(key, lambda: change(read(st.session_state[now])), redraw=redraw)

    return {"key": now, "on_change": edited, **({"value": value} if first is None else first)}


def generation(key: str) -> str:
    """The key of the newest generation of the widget `key`."""
    number = session().generations.get(key, 0)
    return f"{key}~{number}" if number else key


def renew(key: str) -> None:
    """Start a new generation of the widget `key`."""
    generations = session().generations
    generations[key] = generations.get(key, 0) + 1


def upload(
    key: str,
    label: str,
    types: list[str],
    help: str,
    read: Callable[[bytes], None],
    redraw: Parts = (),
) -> None:
    """An upload of one small file.

    Args:
        key: The widget's key.
        label: What it is called.
        types: Endings of files that can be chosen, without the dot.
        help: What a visitor reads about it.
        read: Takes the file's content; the sentence of a ValueError that it raises is shown below the widget.
        redraw: The parts of the page that are drawn anew afterwards.
    """
    now = generation(key)

    def uploaded() -> None:
        if (file := st.session_state[now]) is not None:
            choices.act(key, taken, file, redraw=redraw)

    def taken(file: Any) -> None:
        renew(key)  # so that the same file can be taken again
        if file.size > _LARGEST << 20:
            raise ValueError(
                f"The file is too large: {file.size / 2**20:.1f} MB, where {_LARGEST} is allowed."
            )
        read(file.getvalue())

    st.file_uploader(label, types, key=now, max_upload_size=_LARGEST, help=help, on_change=uploaded)
    complain(key)


def select(
    key: str,
    label: str,
    options: Sequence[Any],
    now: Any,
    change: Callable[[Any], None],
    help: str | None,
    redraw: Parts = (),
    groups: Mapping[str, str] | None = None,
) -> None:
    """A select box for one of `options`. One of them may be None, which for Streamlit itself is no choice.

    `groups` say what some of them belong to.
    """

    def title(option: Any) -> str:
        group = (groups or {}).get(option, "")
        return f"{option} · {group}" if group else str(option)

    named = {title(option): option for option in options}
    index = {"index": list(named.values()).index(now)}
    editing = editor(key, title(now), change, named.__getitem__, redraw=redraw, first=index)
    st.selectbox(label, list(named), help=help, **editing)
    complain(key)


def one_of(
    key: str,
    label: str,
    options: Mapping[str, Any],
    now: Any,
    change: Callable[[Any], None],
    help: str | None = None,
    redraw: Parts = (),
    bare: bool = False,
) -> None:
    """A choice of one of a few values, side by side, by their titles. A `bare` one hides its label."""

    def chosen(title: str | None) -> None:
        if title is not None:  # a browser that has not heard of the value yet may say that there is none
            change(options[title])

    title = next(title for title, value in options.items() if value == now)
    editing = editor(key, title, chosen, redraw=redraw, first={"default": title})
    st.segmented_control(
        label,
        list(options),
        required=True,
        help=help,
        label_visibility="collapsed" if bare else "visible",
        **editing,
    )


def complain(key: str, before: str = "", after: str = "") -> None:
    """Show what is wrong with the last edit of the widget `key`, if anything, after the other words."""
    if sentence := choices.complaint(key):
        sentence = f"{before}{sentence}{after}"
        st.error(plain(sentence[:1].upper() + sentence[1:]))


def number(field: Field, label: str, kind: Kind, help: str | None, said: Any = None) -> None:
    """A text field whose input is read as it is, or kept and refused.

    A browser's own field for numbers drops what it does not know, and makes 1 of 0,01.
    """
    key, value = field.key, field.get()
    if generation(key) not in st.session_state or session().in_force.get(key, value) != value:
        choices.drop_complaints(key)  # what was typed is lost, or has been overtaken by another choice
    session().in_force[key] = value
    wrong = bool(choices.complaint(key))  # then what was typed stays, to be mended
    typed = st.session_state.get(generation(key))
    text = typed if typed is not None and _means(kind, typed, value) else show_typed(value)
    placeholder = "None" if isinstance(kind, Maybe) else None
    editing = editor(key, text, field.set, kind.read, not wrong, field.shown_in)
    st.text_input(label, help=help, placeholder=placeholder, **editing)
    with said or nullcontext():
        complain(key, f"{label} " if said else "", f" {show_typed(value) or value} stays in use.")


def below(*fields: Field) -> Any:
    """A place below narrow fields for what is wrong with them; None for nothing."""
    return st.container() if any(choices.complaint(field.key) for field in fields) else None


def show_typed(value: Any) -> str:
    """A number or a name, or several, as text that reads back as the same value; empty for None."""
    if isinstance(value, tuple):
        return ", ".join(map(show_typed, value))
    if isinstance(value, str):
        return value
    return "" if value is None else write_number(value)


def _means(kind: Kind, typed: str, value: Value) -> bool:
    try:
        return kind.read(typed) == value
    except ValueError:
        return False


def text(field: Field, label: str, kind: Text, help: str, said: Any) -> None:
    """A field for a text of a person's own."""
    if generation(field.key) not in st.session_state:  # what was typed was lost while it was not there
        choices.drop_complaints(field.key)
    wrong = bool(choices.complaint(field.key))  # then what was typed stays, to be mended
    editing = editor(field.key, str(field.get()), field.set, str, not wrong, field.shown_in)
    st.text_input(label, max_chars=kind.longest, help=help, **editing)
    if (at := choices.misread(field.key)) is not None:
        st.code(_pointed(st.session_state[editing["key"]], at), language=None)
    complain(field.key)


def _pointed(text: str, at: int) -> str:
    """A part of a text with a caret below the character `at`."""
    first = max(0, min(at - _CUT // 2, len(text) - _CUT))
    shown = "".join(mark if mark.isprintable() else " " for mark in text[first : first + _CUT])
    return f"{shown}\n{' ' * (at - first)}^"
