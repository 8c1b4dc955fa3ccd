"""Save what this version of optviz writes, for later ones to open: once for each release.

Every address in tests/page/addresses.txt becomes a file in tests/page/saved/, in a folder of this version,
called by its place among them.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import optviz as ov

PAGE = Path(__file__).resolve().parent.parent / "tests" / "page"
SAVED = PAGE / "saved"


def addresses() -> list[str]:
    """Those that must go on working, in their order, which stays."""
    lines = (PAGE / "addresses.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def main() -> None:
    folder = SAVED / ov.__version__
    folder.mkdir(parents=True, exist_ok=True)
    for place, address in enumerate(addresses(), 1):
        experiment = ov.Experiment.from_url(address)
        text = experiment.to_json(asdict(ov.made_with(experiment, "cpu")))
        (folder / f"{place:03}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
