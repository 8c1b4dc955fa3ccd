"""Experiments as files: saved from the page, and opened on it."""

from __future__ import annotations

import streamlit as st

import optviz as ov
from optviz.spec import split_link
from optviz.web import address, choices, widgets

_LARGEST = 200_000
"""Bytes of a file: more than any experiment that the page takes."""


def draw() -> None:
    """A button that opens onto both ways."""
    with st.popover("File", key="file", type="tertiary"):
        st.download_button(
            "Save this experiment",
            lambda: choices.experiment().to_json(),
            "optviz.json",
            "application/json",
            icon=":material/download:",
            key="save",
            on_click="ignore",
        )
        st.caption("Everything that decides the numbers, your own data included, as readable JSON.")
        help = "A file that was saved here or by `Experiment.to_json` in Python."
        widgets.upload("open", "Open an experiment", ["json"], _LARGEST, help, show)


def show(content: bytes) -> None:
    """Show the experiment of a file. Raises ValueError for what is none, and for what was left out of it."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("This is not an experiment of optviz: it is not text in UTF-8.") from None
    experiment = ov.Experiment.from_json(text)
    opened = address.read(split_link(experiment.to_url()))
    choices.show(opened.experiment, opened.view)
    if opened.ignored:
        raise ValueError(f"Parts of the file could not be used and were left out: {' '.join(opened.ignored)}")
