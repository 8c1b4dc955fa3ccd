"""The page: the only part of optviz that knows streamlit. Nothing here does maths."""
