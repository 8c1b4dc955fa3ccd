"""What the installed command hands to Streamlit: the twin of the checkout's app.py.

It has a folder of its own because Streamlit puts the script's folder first on the import path.
"""

from optviz.web import page

page.main()
