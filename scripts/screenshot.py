"""Make the README's pictures, docs/screenshot.png and docs/screenshot-dark.png, from the running app."""

from __future__ import annotations

import sys

from scripts import chromium
from scripts.live_app import ROOT, running_app, running_chromium, wait_until_still

SIZE = {"width": 1440, "height": 900}
PICTURES = {"light": "screenshot.png", "dark": "screenshot-dark.png"}


def main() -> None:
    """Open the app in both colour schemes and save what a visitor sees first."""
    path = chromium.find()
    if path is None:
        sys.exit(chromium.MISSING)
    folder = ROOT / "docs"
    folder.mkdir(exist_ok=True)
    with running_app() as app, running_chromium(path) as browser:
        for scheme, name in PICTURES.items():
            page = browser.new_page(viewport=SIZE, device_scale_factor=1, color_scheme=scheme)
            page.goto(app.url)
            page.wait_for_selector(".optviz-contour .main-svg")
            wait_until_still(page)
            page.screenshot(path=folder / name)
            page.close()
            print(f"docs/{name}")


if __name__ == "__main__":
    main()
