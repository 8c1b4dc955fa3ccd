"""Parts of the page that edits ask for are drawn, also where one edit overtakes another."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from optviz.web.state import fragments
from optviz.web.state.session import Session


class OvertakenError(Exception):
    """As Streamlit ends the drawing of a part: another run takes its place."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str] | str]:
    """What Streamlit is asked to draw, where a run draws some parts and callbacks are called before."""
    asked: list[Sequence[str] | str] = []
    visitor = Session()
    monkeypatch.setattr(fragments, "session", lambda: visitor)
    monkeypatch.setattr(fragments, "draws_fragments", lambda: True)
    monkeypatch.setattr(fragments, "page_waits", lambda: False)
    monkeypatch.setattr("streamlit.rerun", asked.append)
    monkeypatch.setattr("streamlit.fragment", lambda draw, key, run_every: draw)
    return asked


def test_an_edit_that_overtakes_another_draws_for_both(asked) -> None:
    """Streamlit gives up the parts of the run that a callback asks for other parts in."""
    first, second = fragments.part("first")(lambda: None), fragments.part("second")(lambda: None)
    results = fragments.part(fragments.RESULTS)(lambda: None)
    fragments.draw_anew(("first", fragments.RESULTS))
    fragments.draw_anew(("second", fragments.RESULTS))
    assert set(asked[-1]) == {"first", "second", fragments.RESULTS}
    first()
    results()
    fragments.draw_anew(("third",))
    assert set(asked[-1]) == {"second", "third"}
    second()
    fragments.draw_whole()
    fragments.draw_anew(("first",))
    assert asked[-1] == ["first"]
    fragments.draw_anew(())
    assert asked[-1] == "app"


def test_a_part_that_was_interrupted_is_still_to_be_drawn(asked) -> None:
    def interrupted() -> None:
        raise OvertakenError

    fragments.draw_anew(("first",))
    with pytest.raises(OvertakenError):
        fragments.part("first")(interrupted)()
    fragments.draw_anew(("second",))
    assert set(asked[-1]) == {"first", "second"}


@pytest.mark.parametrize("parts", [("first",), ()])
def test_where_the_whole_page_waits_nothing_is_asked_for(asked, monkeypatch, parts) -> None:
    """It comes with the newer address."""
    monkeypatch.setattr(fragments, "page_waits", lambda: True)
    fragments.draw_anew(parts)
    assert asked == []


def test_a_dialog_asks_for_no_other_part(asked) -> None:
    fragments.draw_anew(fragments.HERE)
    assert asked == []
