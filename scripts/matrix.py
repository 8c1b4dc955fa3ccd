"""The tests of the core with other versions of what optviz stands on: `make matrix`.

"oldest" has the lower bounds that pyproject.toml promises, "newest" what pip finds within its ranges. Each
has an environment of its own in .matrix/, of the Python that runs this.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def ranges() -> Iterator[str]:
    """What optviz and its extras require, such as "torch>=2.8"."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    yield from project["dependencies"]
    for extra, requirements in project["optional-dependencies"].items():
        yield from requirements if extra != "all" else ()


def oldest(requirement: str) -> str:
    """The lower bound alone: "torch==2.8" of "torch>=2.8"."""
    name, low = re.match(r"([\w-]+)>=([\d.]+)", requirement).groups()  # type: ignore[union-attr]
    return f"{name}=={low}"


def tools() -> Iterator[str]:
    """What tests need besides, as it is pinned."""
    own = {re.match(r"[\w-]+", requirement)[0] for requirement in ranges()}  # type: ignore[index]
    for line in (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines():
        name, pinned, _ = line.partition("==")
        if pinned and name not in own:
            yield line


KINDS = {"oldest": lambda: [*map(oldest, ranges())], "newest": lambda: [*ranges()]}


def main(words: Sequence[str]) -> int:
    """Test each kind, or those that are named; what follows "--" is given to pip."""
    named = [word for word in words if word in KINDS] or list(KINDS)
    pip_args = [word for word in words if word not in KINDS]
    failed = [kind for kind in named if not passes(kind, pip_args)]
    print(f"Failed: {', '.join(failed)}." if failed else f"All tests passed with: {', '.join(named)}.")
    return len(failed)


def passes(kind: str, pip_args: Sequence[str]) -> bool:
    folder = ROOT / ".matrix" / f"python{sys.version_info.major}.{sys.version_info.minor}-{kind}"
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    install = [python, "-m", "pip", "install", "--disable-pip-version-check", "--upgrade", "--quiet"]
    subprocess.run([*install, *pip_args, *KINDS[kind](), *tools()], check=True)
    subprocess.run([python, "-m", "pip", "freeze"], check=True)
    tests = [python, "-m", "pytest", "-q", "-n", "auto", "--maxprocesses", "4", "tests/core"]
    return subprocess.run(tests, cwd=ROOT, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
