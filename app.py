"""The entry point: `streamlit run app.py`."""

from optviz.web import page

page.main()
