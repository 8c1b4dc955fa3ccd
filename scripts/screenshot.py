"""Make the README's pictures in docs/ from the running app: still ones, and one of the player at work."""

from __future__ import annotations

import io
import sys

from PIL import Image
from playwright.sync_api import Browser, Page

import optviz as ov
from optviz.lessons.gallery import GALLERY
from scripts import chromium
from scripts.live_app import ROOT, running_app, running_chromium, wait_until_still

SIZE = {"width": 1440, "height": 900}
PICTURES = {"light": "screenshot.png", "dark": "screenshot-dark.png"}
INSIDE = ov.Experiment(
    ov.SurfaceSpec("Rosenbrock"),
    (-1.2, 1.0),
    120,
    (
        ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.001, "momentum": 0.9})),
        ov.RunSpec(ov.OptimizerSpec("Adam", {"lr": 0.1})),
    ),
)
LOOKS = {
    "step.png": ov.View(beside="step", marks=("gradient", "momentum", "step"), focus=1),
    "relief.png": ov.View(picture="3d", panels="each"),
}
"""Pictures of `INSIDE`, and how they look at it."""
LESSON, READ = "lesson.png", "?page=momentum.3"
PLAYED = "player.webp"
FRAMES = 75
DURATION = 80
"""Milliseconds of each frame."""
PLAYER = "document.querySelector('.optviz-player').player"


def main() -> None:
    """Open the app in both colour schemes and save what a visitor sees first; then play a case."""
    path = chromium.find()
    if path is None:
        sys.exit(chromium.MISSING)
    folder = ROOT / "docs"
    folder.mkdir(exist_ok=True)
    with running_app() as app, running_chromium(path) as browser:
        for scheme, name in PICTURES.items():
            page = _opened(browser, app.url, scheme)
            page.screenshot(path=folder / name)
            page.close()
            print(f"docs/{name}")
        for name, look in LOOKS.items():
            page = _opened(browser, f"{app.url}/{INSIDE.to_url(look)}", "light")
            page.evaluate(f"{PLAYER}.clock.seek(14)")
            page.screenshot(path=folder / name)
            page.close()
            print(f"docs/{name}")
        page = _opened(browser, f"{app.url}/{READ}", "light")
        page.get_by_role("button", name="Just show me").click()
        wait_until_still(page)
        page.screenshot(path=folder / LESSON)
        page.close()
        print(f"docs/{LESSON}")
        page = _opened(browser, f"{app.url}/{_case().to_url()}", "light")
        first, *others = _frames(page)
        how = {"duration": DURATION, "loop": 0, "quality": 70, "method": 6}
        first.save(folder / PLAYED, save_all=True, append_images=others, **how)
        print(f"docs/{PLAYED}")


def _case() -> ov.Experiment:
    return next(case.experiment for case in GALLERY if case.title == "Momentum overshoots")


def _opened(browser: Browser, url: str, scheme: str) -> Page:
    page = browser.new_page(viewport=SIZE, device_scale_factor=1, color_scheme=scheme)
    page.goto(url)
    page.wait_for_selector(".optviz-contour .main-svg, .optviz-relief canvas")
    wait_until_still(page)
    return page


def _frames(page: Page) -> list[Image.Image]:
    """The player from the first step to the last, smaller than on the page; the last one stays a while."""
    grid = page.locator(".optviz-grid")
    end = page.evaluate(f"{PLAYER}.clock.end")
    frames = []
    for k in range(FRAMES):
        page.evaluate(f"{PLAYER}.clock.seek({k / (FRAMES - 1) * end})")
        picture = Image.open(io.BytesIO(grid.screenshot()))
        frames.append(picture.resize((picture.width * 4 // 5, picture.height * 4 // 5)))
    return frames + frames[-1:] * 12


if __name__ == "__main__":
    main()
