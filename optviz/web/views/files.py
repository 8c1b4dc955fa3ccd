"""Experiments that were saved as files, opened on the page. `share` saves them."""

from __future__ import annotations

import optviz as ov
from optviz.environment import other_torch
from optviz.spec.experiment import link_words
from optviz.web.state import address, choices, fragments
from optviz.web.state.session import Notes, session
from optviz.web.widgets import fields


def draw() -> None:
    """A place for one file, in a dialog."""
    help = "A file that was saved here as “Experiment, JSON”, or by `Experiment.to_json` in Python."
    fields.upload("open", "Open an experiment that was saved", ["json"], help, show, fragments.HERE)


def show(content: bytes) -> None:
    """Show the experiment of a file, and say what of it cannot be used.

    Args:
        content: The file's bytes.

    Raises:
        ValueError: The file holds no experiment.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("This is not an experiment of optviz: it is not text in UTF-8.") from None
    opened = address.usable(link_words(ov.Experiment.from_json(text), ov.View()))
    choices.show(opened.experiment, opened.view)
    remark = other_torch(ov.Experiment.made_with(text).get("torch"))
    session().of_file, session().written, session().edited = Notes(opened.ignored, remark), None, True
    fragments.draw_anew(())
