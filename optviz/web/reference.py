"""What there is to know of every optimizer, in one place."""

from __future__ import annotations

import streamlit as st


def draw() -> None:
    """Draw the page."""
    st.markdown("…")
