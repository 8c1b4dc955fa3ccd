"""Optimizers that are not torch's own, on the page."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import optviz as ov
from optviz.optimizers import third_party
from visits import APP, calm, experiment, opened, paths, state, widget, words


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test registers does not outlive it."""
    pytest.importorskip("pytorch_optimizer", reason="pytorch-optimizer is not installed")
    monkeypatch.setattr(third_party, "is_installed", lambda: True)
    with ov.OPTIMIZERS.temporarily():
        third_party.register_pytorch_optimizers()
        yield


@pytest.mark.slow
def test_they_are_in_the_picker_in_a_group_of_their_own(registered: None) -> None:
    app = AppTest.from_file(APP, default_timeout=60)
    calm(app.run())
    options = widget(app, "0.optimizer").options
    assert len(options) == len(ov.OPTIMIZERS) and "Lion · pytorch-optimizer" in options and "Adam" in options
    widget(app, "0.optimizer").set_value("Lion · pytorch-optimizer").run()
    exp = experiment(calm(app))
    assert exp.runs[0].optimizer.name == "Lion"
    np.testing.assert_array_equal(paths(app)["Lion"], ov.run(exp, "cpu")[0].points)


def test_a_link_says_what_is_missing() -> None:
    app = opened("?v=1&run=Lion(lr=0.1)&run=Adam(lr=0.1)")
    assert r'pip install "optviz\[more\]"' in words(app)
    assert [run.optimizer.name for run in state(app).experiment.runs] == ["Adam"]
