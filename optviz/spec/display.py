"""How results that are pictures show themselves in Jupyter and marimo."""

from __future__ import annotations

from typing import Any


class ShownAsFigure:
    """A result that a notebook shows as a figure, which is not drawn before a notebook asks for it."""

    def _figure(self) -> Any:
        """The plotly figure."""
        raise NotImplementedError

    def _repr_html_(self) -> Any:
        return self._figure()._repr_html_()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return self._figure()._repr_mimebundle_(include, exclude)
