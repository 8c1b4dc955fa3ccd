"""What optviz does in an environment that has nothing of its extras, and what it says there.

test_installed.py runs it in environments of its own. `python tests/guest.py EXTRA... -- PACKAGE...` hides the
packages and does what needs the extras, "none" or those that are named. It prints JSON: the exit status and
what was said, by the names of the tables below.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from typing import Any

LINK = "?v=1&surface=Rosenbrock&start=-1.2,1.0&steps=12&run=SGD(lr=0.001)&run=Adam(lr=0.05)"
LION = LINK + "&run=Lion(lr=0.01)"
Task = Sequence[str] | Callable[[Any], object]

WORKS: dict[str, Task] = {
    "optviz --version": ["--version"],
    "optviz --help": ["--help"],
    "optviz export --help": ["export", "--help"],
    "optviz list surfaces": ["list", "surfaces"],
    "optviz list optimizers": ["list", "optimizers"],
    "optviz list schedulers": ["list", "schedulers"],
    "optviz run": ["run", LINK, "--csv", "steps.csv", "--json", "results.json"],
    "optviz export .html": ["export", LINK, "page.html"],
    "optviz export .py": ["export", LINK, "script.py"],
    "optviz export .ipynb": ["export", LINK, "notebook.ipynb"],
    "optviz export .json": ["export", LINK, "experiment.json"],
    "optviz export .csv": ["export", LINK, "table.csv"],
    "run": lambda ov: ov.run(shown(ov)),
    "contour_figure": lambda ov: ov.contour_figure(shown(ov), ov.run(shown(ov))).to_json(),
    "surface_figure": lambda ov: ov.surface_figure(shown(ov), ov.run(shown(ov))).to_json(),
    "basin_figure": lambda ov: ov.basin_figure(ov.basins(shown(ov), resolution=8)).to_json(),
    "to_html": lambda ov: ov.to_html(shown(ov)),
    "to_script": lambda ov: ov.to_script(shown(ov)),
    "to_notebook": lambda ov: ov.to_notebook(shown(ov)),
    "steps_csv": lambda ov: ov.steps_csv(ov.run(shown(ov))),
    "results_json": lambda ov: ov.results_json(shown(ov), ov.run(shown(ov))),
    "derivation": lambda ov: ov.derivation(ov.run(shown(ov))[0]).latex(3),
    "shown in a notebook": lambda ov: ov.run(shown(ov))[0]._repr_html_(),
    "every public name": lambda ov: [getattr(ov, name) for name in ov.__all__],
}
"""What needs no extra: words of the command line, or what is done with the package."""
NEEDS: dict[str, dict[str, Task]] = {
    "app": {"optviz": [], "optviz --server.port": ["--server.port", "8600"]},
    "films": {
        "to_gif": lambda ov: ov.to_gif(shown(ov), seconds=0.5),
        "to_mp4": lambda ov: ov.to_mp4(shown(ov), seconds=0.5),
        "optviz export .gif": ["export", LINK, "film.gif", "--seconds", "0.5"],
        "optviz export .mp4": ["export", LINK, "film.mp4", "--seconds", "0.5"],
    },
    "pictures": {
        "to_image": lambda ov: ov.to_image(ov.contour_figure(shown(ov), ov.run(shown(ov)))),
        "optviz export .png": ["export", LINK, "picture.png"],
        "optviz export .svg": ["export", LINK, "picture.svg"],
    },
    "more": {
        "an optimizer": lambda ov: (ov.register_pytorch_optimizers(), ov.run(shown(ov, LION))),
        "optviz list more": ["list", "more"],
        "optviz run of one": ["run", LION],
    },
    "tables": {
        "steps_parquet": lambda ov: ov.steps_parquet(ov.run(shown(ov))),
        "optviz run --parquet": ["run", LINK, "--parquet", "steps.parquet"],
        "optviz export .parquet": ["export", LINK, "table.parquet"],
    },
}
"""What needs an extra, by the extra."""


def shown(ov: Any, link: str = LINK) -> Any:
    return ov.Experiment.from_url(link)


def outcome(what: Task) -> dict[str, Any]:
    """The exit status, and what was said on standard error, or by an exception."""
    errors = io.StringIO()
    status: Any = 0
    try:
        with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
            if callable(what):
                import optviz

                what(optviz)
            else:
                from optviz.web.cli import main

                sys.argv = ["optviz", *what]
                main()
    except SystemExit as ended:
        status = ended.code or 0
        if isinstance(status, str):  # which Python prints, and ends with 1
            errors.write(f"{status}\n")
            status = 1
    except ValueError as error:
        status = 1
        errors.write(f"optviz: {error}\n")
    except BaseException:
        status = "traceback"
        errors.write(traceback.format_exc())
    return {"status": status, "said": errors.getvalue()}


def main(extras: Sequence[str], hidden: Sequence[str]) -> None:
    for package in hidden:
        sys.modules[package] = None  # type: ignore[assignment]  # then Python says that there is none
    tasks = {"none": WORKS, **NEEDS}
    asked = {name: what for extra in extras for name, what in tasks[extra].items()}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        print(json.dumps({name: outcome(what) for name, what in asked.items()}))


if __name__ == "__main__":
    end = sys.argv.index("--")
    main(sys.argv[1:end], sys.argv[end + 1 :])
