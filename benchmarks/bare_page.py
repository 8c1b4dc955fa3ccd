"""The yardstick of benchmarks/player.py: a Streamlit page with one slider and one small chart."""

import plotly.graph_objects as go
import streamlit as st

power = st.select_slider("power", [k / 10 for k in range(1, 100)], value=2.0)
st.write(f"x to the power of {power}")
st.plotly_chart(go.Figure(go.Scatter(y=[(k / 20) ** power for k in range(20)])), key="chart")
