"""The listing is the architecture: who may import whom, what importing loads, and what things are called."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "version",
    "environment",
    "spec",
    "expressions",
    "surfaces",
    "optimizers",
    "engine",
    "rules",
    "programs",
    "figures",
    "maps",
    "player",
    "export",
    "lessons",
    "notebooks",
    "command",
    "web",
)
"""A package or file of `optviz/` imports only from those above it."""
WEB = ("streamlit_internals", "compute", "state", "widgets", "views", "page", "launch", "cli")
"""So does one of `optviz/web/`."""
FROM_BELOW = {
    ("optviz.spec.experiment", "optviz.notebooks"),
    ("optviz.engine.trajectory", "optviz.notebooks"),
    ("optviz.rules.stability", "optviz.figures.curves"),
}
"""The only exceptions: what a class loads when a notebook asks it to show itself."""
FORBIDDEN = {package: {"streamlit"} for package in PACKAGES} | {"web": {"torch", "numpy", "math"}}
"""What no file of a package imports itself, not even in a function."""


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


PATHS = {module_of(path): path for path in sorted(ROOT.glob("optviz/**/*.py"))}
TREES = {module: ast.parse(path.read_text(encoding="utf-8")) for module, path in PATHS.items()}
PUBLIC = {
    name: module
    for module, name in re.findall(
        r"^from ([\w.]+) import (\w+)", (ROOT / "optviz/__init__.pyi").read_text(), re.MULTILINE
    )
}


def nodes(tree: ast.AST, *, types: bool) -> Iterator[ast.AST]:
    """All of the code, functions and all; what only a type checker reads where `types` are asked for."""
    if isinstance(tree, ast.If) and ast.unparse(tree.test) == "TYPE_CHECKING" and not types:
        return
    if isinstance(tree, ast.Expr) and isinstance(tree.value, ast.Constant):
        return  # a docstring
    yield tree
    for child in ast.iter_child_nodes(tree):
        yield from nodes(child, types=types)


def uses(tree: ast.AST, *, types: bool = True) -> Iterator[str]:
    """Every module that the code names: by an import, by a public name, or in a text, as resources are."""
    for node in nodes(tree, types=types):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(level=level, module=module, names=names):
                assert level == 0, "say `from optviz.x import y`, so that this test can read it"
                for alias in names:
                    known = f"{module}.{alias.name}"
                    yield known if known in TREES else module
            case ast.Attribute(value=ast.Name(id="ov"), attr=name):
                yield PUBLIC.get(name, "optviz")
            case ast.Constant(value=str(text)) if ".".join(text.split(".")[:2]) in TREES.keys() - {"optviz"}:
                yield text


def part(module: str) -> str:
    return f"{module}.".split(".")[1]


def place(module: str) -> tuple[int, int]:
    """Where in the order a module is, and where in that of `optviz.web`."""
    _, package, within, *_ = f"{module}...".split(".")
    return PACKAGES.index(package), WEB.index(within) if package == "web" and within in WEB else -1


def own(modules: Iterator[str]) -> set[str]:
    """Those of optviz; the public names are in places of their own."""
    return {name for name in modules if name.startswith("optviz.")}


def test_the_order_is_the_listings():
    listed = {module.split(".")[1] for module in TREES if module != "optviz"}
    assert listed == {*PACKAGES}
    assert {module.split(".")[2] for module in TREES if module.startswith("optviz.web.")} == {*WEB}


@pytest.mark.parametrize("module", sorted(TREES.keys() - {"optviz"}))
def test_a_file_uses_only_what_is_above_it(module):
    """Imports, also in functions and for types, and files that are read as resources."""
    below = {name for name in own(uses(TREES[module])) if place(name) > place(module)}
    assert {(module, name) for name in below} == {pair for pair in FROM_BELOW if pair[0] == module}
    assert {name.split(".")[0] for name in uses(TREES[module])} & FORBIDDEN[part(module)] == set()


@pytest.mark.parametrize("module", sorted(TREES))
def test_a_file_reads_files_of_its_own_folder_and_of_those_it_names(module):
    """So that the test before this one sees them: nothing climbs up from `__file__`."""
    source = ast.unparse(TREES[module])
    assert not re.search(r"__file__\)(\.resolve\(\))?\.parents|\.parent\.parent|\.\./", source)


@pytest.mark.parametrize("module", sorted(TREES.keys() - {"optviz"}))
def test_only_the_page_uses_the_public_names(module):
    """Everybody else says where a name is."""
    assert part(module) == "web" or "optviz" not in {*uses(TREES[module])}


def test_no_imports_go_in_circles():
    """Not between files either, and not by way of functions."""
    graph = {
        module: {name for name in own(uses(tree, types=False)) - {module} if (module, name) not in FROM_BELOW}
        for module, tree in TREES.items()
    }
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_packages_are_no_files():
    """An `__init__` that imports would load its whole package for one file of it."""
    initials = [path for path in PATHS.values() if path.name == "__init__.py"]
    assert [path for path in initials if path.read_text()] == [ROOT / "optviz/__init__.py"]


LIGHT = [module for module in TREES if part(module) in ("spec", "expressions")]
LIGHT += ["optviz.figures.theme", "optviz.web.cli", "optviz.command", "optviz.environment"]
LIGHT += ["optviz.surfaces.catalogue", "optviz.optimizers.catalogue", "optviz.optimizers.schedulers"]
TORCHLESS = [module for module in TREES if part(module) in ("spec", "expressions", "figures", "player")]


@pytest.mark.parametrize(
    ("modules", "heavy"),
    [(LIGHT, {"torch", "plotly", "streamlit"}), (TORCHLESS, {"torch", "streamlit"})],
    ids=["light", "without torch"],
)
def test_importing_loads_nothing_heavy(modules, heavy):
    """Not through others either. That web/ loads no torch is for when others compute for it."""
    code = f"""
import importlib, sys
for module in {modules}:
    importlib.import_module(module)
    if loaded := {heavy} & sys.modules.keys():
        sys.exit(f"{{module}} loads {{loaded}}")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""


LISTS = [["list", what] for what in ("surfaces", "optimizers", "schedulers")]


@pytest.mark.parametrize("words", [["--version"], ["--help"], *LISTS])
def test_what_there_is_is_listed_without_torch_and_numpy(words):
    """Rows are data."""
    code = f"""
import sys
from optviz import command
try:
    command.main({words})
finally:
    heavy = {{"torch", "numpy", "plotly", "streamlit"}} & sys.modules.keys()
    if heavy:
        print(heavy, file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "" and len(done.stdout) > 10


def test_names_say_what_a_file_holds():
    says_nothing = re.compile(r"(utils?|helpers?|core|common|misc|.*manager)")
    named = [path for path in ROOT.glob("optviz/**/*") if path.suffix in ("", ".py", ".js")]
    assert [path for path in named if says_nothing.fullmatch(path.stem)] == []


SAYS_NOTHING = {
    *("found", "made", "told", "got", "one", "it", "what", "thing", "things", "stuff"),
    *("obj", "res", "ret", "temp", "tmp"),
}
"""Names that do not say what a variable holds."""
PUBLIC_ARGUMENTS = {("optviz.maps.basins", "one")}
"""Where one stays: people may call `ov.basin_difference_figure` with its arguments' names."""


def bound(tree: ast.AST) -> Iterator[str]:
    """The names that code gives to what it holds: variables, arguments and attributes."""
    for node in ast.walk(tree):
        match node:
            case (
                ast.Name(id=str(name), ctx=ast.Store())
                | ast.Attribute(attr=str(name), ctx=ast.Store())
                | ast.arg(arg=str(name))
                | ast.alias(asname=str(name))
                | ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                yield name.strip("_")


def bound_in_javascript(source: str) -> Iterator[str]:
    """The same of JavaScript: of declarations, parameters and what is put into `this`."""
    code = re.sub(r'/\*.*?\*/|//[^\n]*|"(\\.|[^"\\\n])*"', "", source, flags=re.DOTALL)
    patterns = [
        *re.findall(r"\b(?:const|let|var)\s+(\w+|[\[{].*?[\]}])\s*(?:[=;]|of\b|in\b)", code, re.DOTALL),
        *re.findall(r"(?<!\bif )(?<!\bwhile )(?<!\bswitch )\(([^()]*)\)\s*(?:=>|\{)", code),
        *re.findall(r"(\w+)\s*=>", code),
        *re.findall(r"\bthis\.#?(\w+)\s*=(?!=)", code),
    ]
    for pattern in patterns:  # without the keys of what is taken apart, and without defaults
        yield from re.findall(r"\w+", re.sub(r"\w+\s*:|=[^,\]}]*", "", pattern))


@pytest.mark.parametrize("module", sorted(TREES))
def test_names_say_what_a_variable_holds(module):
    names = SAYS_NOTHING & {*bound(TREES[module])}
    assert {(module, name) for name in names} == {pair for pair in PUBLIC_ARGUMENTS if pair[0] == module}


@pytest.mark.parametrize("path", sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("optviz/**/*.js")))
def test_names_say_what_a_variable_holds_in_javascript(path):
    assert SAYS_NOTHING & {*bound_in_javascript((ROOT / path).read_text(encoding="utf-8"))} == set()


@pytest.mark.parametrize(
    "code",
    [
        "one = 1",
        "_one: int",
        "(one := 1)",
        "self.one = 1",
        "a, (b, *one) = x",
        "for a, one in x: pass",
        "[a for a, one in x]",
        "lambda one: 1",
        "def f(a, *, one=1): pass",
        "with x as one: pass",
        "import x as one",
        "try: pass\nexcept ValueError as one: pass",
        "match x:\n    case [a, *one]: pass",
    ],
)
def test_a_name_that_says_nothing_is_noticed(code):
    assert "one" in {*bound(ast.parse(code))}


@pytest.mark.parametrize(
    "code",
    [
        "const one = 1;",
        "let one;",
        "const [a, [b, one]] = x;",
        "const { a = 1, b: one } = x;",
        "for (const [k, one] of x) {}",
        "function f(a, one = 1) {",
        "  f({ a, one }) {",
        "x.map((/** @type {any} */ one) => 1)",
        "x.map(one => 1)",
        "} catch (one) {",
        "this.one = 1;",
        'f("//"); let one;',
    ],
)
def test_a_name_that_says_nothing_is_noticed_in_javascript(code):
    assert "one" in {*bound_in_javascript(code)}


@pytest.mark.parametrize(
    "code",
    [
        "const { one: first } = x;",
        "if (one) {",
        "this.one === 1",
        "(a = one) => 1",
        "// let one;",
        '"(one) => 1"',
        "x.one = 1;",
    ],
)
def test_only_names_that_code_gives_are_noticed(code):
    assert "one" not in {*bound_in_javascript(code)}


PLOTLYS_OWN = re.compile(
    r"\._[a-z]|\{[^{}()]*\b_[a-z]"  # members that begin with "_", one by one or many at once
    r"|\b([cdlpr]2[cdlpr]|calcdata|nsewdrag|dragcover|js-plotly-plot|main-svg|svg-container|modebar)\b"
)


def test_one_file_knows_the_inside_of_plotly():
    """Of JavaScript; one class of it is in a style sheet, too. Python uses what is documented."""
    scripts = {path.name: path.read_text(encoding="utf-8") for path in ROOT.glob("optviz/**/*.js")}
    assert [name for name, text in scripts.items() if PLOTLYS_OWN.search(text)] == ["plotly_internals.js"]
    styles = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("optviz/**/*.css"))
    classes = {*re.findall(r"\.([a-z][\w-]*)", re.sub(r"/\*.*?\*/", "", styles, flags=re.DOTALL))}
    assert {name for name in classes if not name.startswith(("optviz-", "st-key-", "katex"))} == {"nsewdrag"}
    python = "".join(path.read_text(encoding="utf-8") for path in PATHS.values())
    assert not re.search(r"plotly\.(_|\w+\._)|_plotly_utils|package_data", python)


def test_the_readme_has_a_line_for_each_package_in_the_order_of_the_law():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `optviz/(\w+)(/|\.py)` \|", readme, re.MULTILINE)
    assert [name for name, _ in rows] == [name for name in PACKAGES if name not in ("version", "environment")]
    assert all((ROOT / "optviz" / (name + suffix)).exists() for name, suffix in rows)
