"""Scripts and notebooks are their experiments: run without optviz they give the same points, to the bit."""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import textwrap
import tokenize
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
import torch

import optviz as ov
from builders import competitor, experiment, formula_spec
from optviz.spec.experiment import DTYPES

STEPS = 8
MODELS = [name for name, info in ov.SURFACES.items() if info.surface().data is not None]
NETWORKS = [name for name in MODELS if ov.SURFACES[name].surface().network is not None]


def suited(optimizer: str, surface: str = "Rosenbrock", **around: Any) -> ov.RunSpec:
    """A competitor at the learning rate that is suggested for a surface."""
    rate = ov.suggested_lr(optimizer, ov.SurfaceSpec(surface))
    return competitor(optimizer, {"lr": rate} | around.pop("params", {}), **around)


# -- what is run -----------------------------------------------------------------------------------------


def schedulers(optimizer: str, place: int) -> list[ov.RunSpec]:
    """A competitor with each scheduler; for every other of those that take one, a warm-up before it."""
    moves = {"momentum", "betas"} & ov.OPTIMIZERS[optimizer].params.keys()
    own = {"max_iter": 2} if optimizer == "LBFGS" else {"momentum": 0.5} if optimizer == "SGD" else {}
    runs = []
    for other, (name, info) in enumerate(ov.SCHEDULERS.items()):
        params = {} if moves or "cycle_momentum" not in info.params else {"cycle_momentum": False}
        spec = ov.SchedulerSpec(name, params, 3 if info.takes_warmup and (place + other) % 2 else 0)
        runs.append(suited(optimizer, params=own, scheduler=spec))
    return runs


AROUND: list[dict[str, Any]] = [
    {"clip_norm": 0.5},
    {"clip_value": 0.3, "label": "clipped"},
    {"zero_grad": False},
    {"reset_every": 4, "scheduler": ov.SchedulerSpec("ExponentialLR", {"gamma": 0.8}, 2)},
    {"frozen": (0,), "clip_norm": 0.5},
    {"frozen": (1,)},
    {"scheduler": ov.SchedulerSpec("ReduceLROnPlateau", {"patience": 0}), "frozen": (0,)},
]


def options(optimizer: str, surface: str = "Rosenbrock") -> list[ov.RunSpec]:
    names = ov.SURFACES[surface].surface().names
    params = dict(ov.OPTIMIZERS[optimizer].suggested)
    return [
        suited(
            optimizer,
            surface,
            params=params,
            **around | {"frozen": tuple(names[place] for place in around.get("frozen", ()))},
        )
        for around in AROUND
    ]


def fitted(optimizer: str, name: str) -> list[ov.RunSpec]:
    """Every option that torch takes there: half of a tensor cannot be frozen, and Muon needs matrices."""
    whole = name in ("Linear fit", *NETWORKS)
    runs = [run for run in options(optimizer, name) if whole or not run.frozen]
    if optimizer != "Muon" or name not in ("Linear fit", *NETWORKS):
        return runs
    return [run for run in runs if run.frozen == ("b",)] if name == "Linear fit" else []


FORMULAS = [
    ("(1 - x)**2 + a*(y - x**2)**2", {"a": 20.0}),
    ("where(x < 0, sigmoid(x), 1) + sin(2*pi*x)*y**4", {}),
    ("abs(x)**1.5 + sqrt(x**2 + y**2)", {}),
    ("3", {}),
]
LABELS = ["", 'say "hi"', "it's", "two\nlines", "0 1.0 2.0", "\u2028", "#", "`", '"""', "\\", "θ \U0001f600"]


def cases() -> Iterator[tuple[str, ov.Experiment]]:
    for place, optimizer in enumerate(ov.OPTIMIZERS):
        yield f"{optimizer}: schedulers", experiment("Booth", *schedulers(optimizer, place), steps=STEPS)
        chance = {"noise": 0.3 if place % 3 else 0.0, "seed": 2**63 - 1 - place}
        exp = experiment("Rosenbrock", *options(optimizer), steps=STEPS, dtype=DTYPES[place % 2], **chance)
        yield f"{optimizer}: options", exp
    for place, surface in enumerate(name for name in ov.SURFACES if name not in MODELS):
        spec = formula_spec(FORMULAS[0][0], **FORMULAS[0][1]) if surface == "Formula" else surface
        run = suited(("SGD", "Muon")[place % 3 == 0], surface)
        yield surface, experiment(spec, run, steps=STEPS, dtype=DTYPES[place % 2])
    for expression, values in FORMULAS:
        runs = [suited("SGD"), suited("LBFGS", params={"max_iter": 3}, frozen=("x",))]
        yield (
            expression,
            experiment(formula_spec(expression, **values), *runs, start=(0.7, -0.4), steps=STEPS),
        )
    for place, name in enumerate(MODELS):
        whole, parts = ((["SGD"], ["Muon", "LBFGS"]), (["Adafactor"], ["Adam", "LBFGS"]))[place % 2]
        for batch_size, optimizers in ((None, whole), (3, parts)):
            runs = [run for optimizer in optimizers for run in fitted(optimizer, name)]
            chosen = {"batch_size": batch_size, "noise": 0.2 if place % 2 else 0.0, "seed": place}
            yield (
                f"{name}: {batch_size}",
                experiment(name, *runs, steps=STEPS, dtype=DTYPES[place % 2], **chosen),
            )
    yield from networks()
    yield from diverging()
    yield "labels", experiment("Rosenbrock", *(suited("SGD", label=label) for label in LABELS), steps=STEPS)


def networks() -> Iterator[tuple[str, ov.Experiment]]:
    runs = [competitor("SGD", {"lr": 0.5}), competitor("LBFGS", {"lr": 0.1, "max_iter": 2})]
    for hidden in ((), (1,), (2,), (16, 4)):
        spec = ov.SurfaceSpec("MLP classifier", {"hidden": hidden})
        for dtype in DTYPES:
            exp = experiment(spec, *runs, steps=STEPS, dtype=dtype, seed=3, batch_size=30)
            yield f"MLP {hidden} {dtype}", exp


def diverging() -> Iterator[tuple[str, ov.Experiment]]:
    lost = [competitor("SGD", {"lr": 1.0}), competitor("Adam", {"lr": 1e9})]
    search = {"line_search_fn": "strong_wolfe", "max_iter": 3}
    rates = (1e3, 1e20)
    lost += [competitor("LBFGS", search | {"lr": rate}, label=f"{rate}") for rate in rates]
    lost += [competitor("LBFGS", {"lr": 1e6, "max_iter": 3}, scheduler=ov.SchedulerSpec("ReduceLROnPlateau"))]
    for dtype in DTYPES:
        for surface in ("Rosenbrock", "Goldstein-Price"):
            yield f"{surface} diverges {dtype}", experiment(surface, *lost, steps=STEPS, dtype=dtype)
        for start in ((1e30, 1.0), (1e39, 0.0), (4e6, 1.0), (4.000001e6, 1.0)):
            yield f"{start} {dtype}", experiment("Rosenbrock", lost[0], start=start, steps=STEPS, dtype=dtype)
    undefined = formula_spec("sqrt(log(x)) + y**2")
    yield "nowhere", experiment(undefined, *lost, start=(0.5, 1.0), steps=STEPS)
    blank = formula_spec("log(x) + 10*(x - 1)**2 + y**2")
    across = [competitor("SGD", {"lr": 0.02}), competitor("Muon", {"lr": 0.1})]
    exp = experiment(blank, *across, start=(0.05, 0.5), steps=STEPS, dtype="float64")
    yield "through the blank", exp
    far = competitor("SGD", {"lr": 1e9})
    yield "Linear fit diverges", experiment("Linear fit", far, lost[3], steps=30)
    network = ov.SurfaceSpec("MLP classifier", {"activation": "ReLU"})
    yield "network diverges", experiment(network, far, lost[3], steps=30)


CASES = dict(cases())
APART = [
    *(f"{optimizer}: options" for optimizer in ov.OPTIMIZERS),
    *(FORMULAS[1][0], "Linear fit: 3", "MLP classifier: 3", "MLP () float64", "network diverges", "labels"),
]
"""Those that are also run by a process of their own each."""
ALONE = ["LBFGS: options", "MLP classifier: 3"]
"""And by a Python of their own, which needs five seconds to import all of torch that a first step needs."""


@cache
def script_of(case: str) -> str:
    return ov.to_script(CASES[case])


@cache
def notebook_of(case: str) -> str:
    return ov.to_notebook(CASES[case])


# -- and what it prints ----------------------------------------------------------------------------------


def shown(name: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in name)


@cache
def walked(exp: ov.Experiment) -> tuple[ov.Trajectory, ...]:
    return ov.run(exp, "cpu")


def expected(exp: ov.Experiment) -> list[str]:
    """What a script prints, from the trajectories."""
    lines = []
    for trajectory in walked(exp):
        lines.append(f"# {shown(trajectory.name)}")
        large = trajectory.theta.shape[1] > 10
        losses = [*map(repr, trajectory.seen_losses.tolist()), ""]
        for step, row in enumerate(trajectory.theta.tolist()):
            digits = hashlib.sha256(repr(row).encode()).hexdigest()[:16]
            parts = [digits, losses[step]] if large else map(repr, row)
            lines.append(" ".join([str(step), *parts]).rstrip())
    return lines


def fresh(arguments: list[str], **options: Any) -> str:
    """What another Python prints, which knows nothing of this folder and fails at any warning."""
    environment = {"OMP_NUM_THREADS": "1", "PATH": os.environ["PATH"]}
    command = [sys.executable, "-I", "-W", "error", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


RUN_ALL = """
import contextlib, io, json, os, sys, tempfile
import torch, torch._dynamo

def run(name, text):
    exec(compile(text, name, "exec"), {"__name__": "__main__"})

def run_apart(name, text):
    with tempfile.TemporaryFile("w+") as file:
        child = os.fork()
        if not child:
            with contextlib.redirect_stdout(file):
                try:
                    run(name, text)
                    file.flush()
                    os._exit(0)
                finally:  # reached where it raises
                    os._exit(1)
        assert os.waitpid(child, 0)[1] == 0, name
        file.seek(0)
        return file.read()

def run_here(name, text):
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        run(name, text)
    return printed.getvalue()

together, apart = json.load(sys.stdin)
outputs = [{name: run_apart(name, text) for name, text in apart.items()}]
outputs += [{name: run_here(name, text) for name, text in together.items()}]
assert not {"optviz", "plotly", "streamlit"} & sys.modules.keys()
json.dump(outputs, sys.stdout)
"""
"""Processes of their own begin as copies of one that has imported torch and done nothing with it yet."""


@pytest.fixture(scope="module")
def printed() -> list[dict[str, str]]:
    """What the scripts printed: all of them, run by one Python, and some, by a process of their own each."""
    scripts = [{case: script_of(case) for case in part} for part in (CASES, APART)]
    outputs: list[dict[str, str]] = json.loads(fresh(["-c", RUN_ALL], input=json.dumps(scripts)))
    return outputs


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_a_script_prints_the_points_of_its_experiment(case: str, printed: list[dict[str, str]]) -> None:
    texts = [outputs[case] for outputs in printed if case in outputs]
    assert len(texts) == 1 + (case in APART)
    for text in texts:
        assert text.split("\n")[:-1] == expected(CASES[case])


@pytest.mark.slow
def test_scripts_are_programs_of_their_own(tmp_path: Path) -> None:
    def run(case: str) -> str:
        path = tmp_path / f"{ALONE.index(case)}.py"
        path.write_text(script_of(case), encoding="utf-8")
        return fresh([str(path)])

    with ThreadPoolExecutor(2) as pool:
        for case, output in zip(ALONE, pool.map(run, ALONE), strict=True):
            assert output.split("\n")[:-1] == expected(CASES[case]), case


def test_cases_are_what_they_are_said_to_be() -> None:
    """Runs that diverge are there, to NaN or out of reach, from their first step on or later."""
    for name in ("Rosenbrock diverges float32", "network diverges", "Linear fit diverges"):
        assert "diverged" in {path.outcome.kind for path in walked(CASES[name])}
    ends = [path for name, exp in CASES.items() if "diverges" in name for path in walked(exp)]
    finite = [bool(np.isfinite(path.theta[-1]).all()) for path in ends if path.outcome.kind == "diverged"]
    assert {True, False} == set(finite)
    assert [walked(CASES[f"({x}, 1.0) float64"])[0].steps for x in (4e6, 4000001.0)] == [1, 0]


def test_what_torch_does_not_like_is_its_error_there_too() -> None:
    """There it is raised; here the steps that were made until then are kept."""
    schedule = ov.SchedulerSpec("OneCycleLR", {"total_steps": 9, "cycle_momentum": False})
    exp = experiment("Rosenbrock", competitor("SGD", scheduler=schedule), steps=20)
    (path,) = ov.run(exp, "cpu")
    assert path.steps == 10 and "Tried to step 10 times" in path.outcome.detail
    with pytest.raises(ValueError, match="Tried to step 10 times"):
        exec(compile(ov.to_script(exp), "script", "exec"), {"__name__": "__main__"})


def test_a_run_that_starts_without_a_loss_ends_there_in_its_program_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """torch's line search does not know what to do where the loss is NaN and has a slope."""
    search = competitor("LBFGS", {"line_search_fn": "strong_wolfe"})
    exp = experiment(formula_spec("-log(x)"), search, start=(-1.0, 1.0), steps=STEPS)
    (path,) = ov.run(exp, "cpu")
    assert (path.steps, path.outcome.kind) == (0, "diverged")
    assert path.outcome.detail == "Diverged: where it starts the loss is undefined or infinite."
    exec(compile(ov.to_script(exp), "script", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out.splitlines()[1:] == ["0 -1.0 1.0"]


# -- as a person writes it -------------------------------------------------------------------------------


def test_two_optimizers_on_rosenbrock() -> None:
    cosine = ov.SchedulerSpec("CosineAnnealingLR")
    sgd = competitor("SGD", {"lr": 1e-3, "momentum": 0.9})
    adam = competitor("Adam", {"lr": 0.1}, scheduler=cosine, label="Adam, cosine")
    exp = experiment("Rosenbrock", sgd, adam, steps=300)
    made = f"2 optimizers on Rosenbrock: made by optviz {ov.__version__} for torch {torch.__version__}."
    head = textwrap.fill(
        f"{made} There, on a CPU, its numbers are those of optviz to the bit.",
        100,
        initial_indent="# ",
        subsequent_indent="# ",
    )
    assert (
        ov.to_script(exp)
        == f'''\
{head}
# It prints each competitor's name, and then its points: the step, x, y.
# To open it again, put this behind the address of optviz's page, or into Experiment.from_url:
# {exp.to_url()}

import torch


def rosenbrock(x, y, a=1.0, b=100.0):
    return (a - x) ** 2 + b * (y - x**2) ** 2


def has_diverged(point):
    """Whether it is not finite, or a million widths of the picture away."""
    middle = torch.tensor([0.0, 1.0])
    reach = torch.tensor([4e6, 4e6])
    return not ((point - middle).abs() <= reach).all()


def sgd():
    theta = torch.tensor([-1.2, 1.0], requires_grad=True)
    optimizer = torch.optim.SGD([theta], lr=1e-3, momentum=0.9)

    path = [theta.detach().clone()]
    for step in range(300):
        if has_diverged(path[-1]):
            break
        optimizer.zero_grad()
        loss = rosenbrock(*theta)
        loss.backward()
        optimizer.step()
        path.append(theta.detach().clone())
    return torch.stack(path)


def adam():
    theta = torch.tensor([-1.2, 1.0], requires_grad=True)
    optimizer = torch.optim.Adam([theta], lr=0.1)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=300)

    path = [theta.detach().clone()]
    for step in range(300):
        if has_diverged(path[-1]):
            break
        optimizer.zero_grad()
        loss = rosenbrock(*theta)
        loss.backward()
        optimizer.step()
        path.append(theta.detach().clone())
        scheduler.step()
    return torch.stack(path)


def main():
    competitors = [
        ("SGD", sgd),
        ("Adam, cosine", adam),
    ]
    for name, run in competitors:
        print("#", name)
        for step, point in enumerate(run()):
            print(step, *point.tolist())


if __name__ == "__main__":
    main()
'''
    )


@pytest.mark.parametrize("case", CASES)
def test_scripts_are_well_written(case: str) -> None:
    script = script_of(case)
    lines = script.split("\n")
    assert lines == [*script.splitlines(), ""], "no other ends of lines"
    code = [line for line in lines if not line.startswith("# ?v=1")]
    assert max(map(len, code)) <= 104 and all(line == line.rstrip() for line in lines)
    assert "\n\n\n\n" not in script and "optviz" not in script[script.index("\nimport ") :]
    tree = ast.parse(script)
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert len(functions) == len(set(functions))
    imported = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert set(imported) <= {
        *("import hashlib", "import math", "import torch", "from torch import nn"),
        "from torch.utils.data import DataLoader, TensorDataset",
    }
    (link,) = re.findall(r"^# (\?v=1.*)$", script, re.MULTILINE)
    assert ov.Experiment.from_url(link) == CASES[case]


# -- hostile texts ---------------------------------------------------------------------------------------

PIECES = [
    *("\n", "\r", "\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\0", "\t", "\u202e", "\ufeff", "\xa0"),
    *("'", '"', "\\", "'''", '"""', "#", "`", "```", "$$", "{}", "{name}", "%s", "f'", "N{DASH}", "\\u2028"),
    *("import os", "x = 1", ")", "]", "(", ",", "\n# ", "print(1)", "<script>", "](javascript:1)", "é", "θ"),
    *("\U0001f600", "\U000e0001", " ", "   ", "# -*- coding: utf-7 -*-", "%run x", "!ls", "?", "end\\"),
]


def hostile() -> list[str]:
    chance = random.Random(5)
    made = ["".join(chance.choices(PIECES, k=chance.randint(1, 8)))[:60] for _ in range(80)]
    return [*(piece[:60] for piece in PIECES), *made]


def without_texts(code: str) -> str:
    """Its syntax tree, in which all texts are the same."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)


def comments(code: str) -> list[str]:
    tokens = tokenize.generate_tokens(StringIO(code).readline)
    return [token.string for token in tokens if token.type == tokenize.COMMENT]


def code_cells(notebook: str) -> list[str]:
    cells = json.loads(notebook)["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.slow
def test_a_label_is_never_code() -> None:
    plain = experiment("Rosenbrock", "Adam", "SGD", steps=STEPS)
    script, tree = ov.to_script(plain), without_texts(ov.to_script(plain))
    cells = [without_texts(cell) for cell in code_cells(ov.to_notebook(plain))]
    for label in hostile():
        runs = (dataclasses.replace(plain.runs[0], label=label), plain.runs[1])
        exp = dataclasses.replace(plain, runs=runs)
        found = ov.to_script(exp)
        assert all(letter.isprintable() for letter in found.replace("\n", ""))
        assert without_texts(found) == tree
        (link,) = set(comments(found)) - set(comments(script)) or {f"# {plain.to_url()}"}
        assert link == f"# {exp.to_url()}"
        lines = zip(found.split("\n"), script.split("\n"), strict=True)
        assert sum(one != other for one, other in lines) <= 2
        notebook = ov.to_notebook(exp)
        assert [without_texts(cell) for cell in code_cells(notebook)] == cells
        (heading,) = json.loads(notebook)["cells"][2]["source"]
        assert re.fullmatch(r"## 1\. `[^`]+`", heading) and heading.isprintable()


def test_long_texts_are_quoted_whole() -> None:
    text = "original (" + "a b' \\ \" c\n" * 12 + "import os"
    run = suited("Muon", params={"adjust_lr_fn": text})
    exp = experiment("Rosenbrock", run, steps=STEPS)
    trees = [ast.parse("\n".join(line.text for line in ov.training_loop(exp, 0)))]
    for tree in [*trees, ast.parse(ov.to_script(exp))]:
        assert text in [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]


def test_a_formula_is_never_code() -> None:
    for piece in [*PIECES, "y\n+x", "__import__('os')", "y; import os", "y # x"]:
        spec = formula_spec(f"x**2 + {piece}")
        exp = experiment(spec, competitor("SGD", {"lr": 0.1}), start=(0.5, 0.5), steps=2)
        try:
            script = ov.to_script(exp)
        except ValueError:
            continue
        assert "import os" not in script and all(map(str.isprintable, script.split("\n")))
        ast.parse(script)


# -- names, links, and what is refused -------------------------------------------------------------------


def sgd(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return x**2 + y**2


def path(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return x**2 + y**2


@pytest.fixture
def own(request: pytest.FixtureRequest) -> Iterator[str]:
    row = ov.SURFACES["Matyas"]
    name = "My own: '\"\\"
    info = dataclasses.replace(row, name=name, function=request.param)
    info = dataclasses.replace(info, build=lambda: dataclasses.replace(row.build(), function=request.param))
    with ov.SURFACES.temporarily():
        ov.register_surface(info)
        yield name


@pytest.mark.parametrize("own", [sgd, path], indirect=True)
def test_a_users_own_surface_does_not_get_in_the_way(own: str, capsys: pytest.CaptureFixture[str]) -> None:
    run = competitor("SGD", {"lr": 0.1})
    exp = experiment(own, run, run, start=(1.0, 2.0), steps=4)
    script = ov.to_script(exp)
    assert ("import optviz" in script) == ("def path(" not in script and "def sgd(x, y)" not in script)
    exec(compile(script, "script", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out.split("\n")[:-1] == expected(exp)


def test_what_is_too_long_for_a_link_is_a_script_all_the_same() -> None:
    points = [(float(place), place / 7) for place in range(60)]
    label = "\U0001f600" * 60
    runs = [suited("SGD", "Linear fit", label=label) for _ in range(40)]
    exp = experiment(ov.SurfaceSpec("Linear fit", {"points": points}), *runs, steps=1)
    with pytest.raises(ValueError, match="too l"):
        exp.to_url()
    assert "# There is no link to it:\n" in ov.to_script(exp)
    assert "There is no link to it:" in ov.to_notebook(exp)


@pytest.mark.parametrize("write", [ov.to_script, ov.to_notebook])
def test_what_run_refuses_is_refused(write: Any) -> None:
    good = suited("SGD")
    for bad in ({"frozen": ("z",)}, {"optimizer": ov.OptimizerSpec("Bdam")}):
        with pytest.raises(ValueError, match=r"no parameter 'z'|no optimizer"):
            write(experiment("Rosenbrock", good, dataclasses.replace(good, **bad), steps=STEPS))
    with pytest.raises(ValueError, match="minibatches"):
        write(experiment("Rosenbrock", good, steps=STEPS, batch_size=3))


# -- the notebook ----------------------------------------------------------------------------------------

NOTEBOOKS = [
    *("SGD: schedulers", "Muon: options", *(expression for expression, _ in FORMULAS)),
    *("Linear fit: 3", "MLP classifier: 3", *(f"{name}: None" for name in MODELS if name not in NETWORKS)),
    *("MLP () float64", "MLP (16, 4) float32", "Rosenbrock diverges float32", "network diverges", "labels"),
]


@pytest.mark.parametrize("case", CASES)
def test_a_notebook_is_of_nbformat_4_5(case: str) -> None:
    notebook = json.loads(notebook_of(case))
    assert notebook.keys() == {"cells", "metadata", "nbformat", "nbformat_minor"}
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert notebook["metadata"]["kernelspec"].keys() == {"display_name", "language", "name"}
    assert notebook["metadata"]["language_info"] == {"name": "python"}
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(ids) == len(set(ids)) and all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", word) for word in ids)
    for cell in notebook["cells"]:
        common = {"cell_type", "id", "metadata", "source"}
        rest = {"execution_count", "outputs"} if cell["cell_type"] == "code" else set()
        assert cell["cell_type"] in ("code", "markdown") and cell.keys() == common | rest
        assert cell.get("execution_count") is None and cell.get("outputs", []) == []
        source = cell["source"]
        assert source and all(line.endswith("\n") for line in source[:-1]) and source[-1].strip("\n")
        assert "".join(source).split("\n") == [line.rstrip("\n") for line in source]
    assert CASES[case].to_url() + "\n" in notebook["cells"][0]["source"]
    assert [cell["cell_type"] for cell in notebook["cells"][-2:]] == ["markdown", "code"]
    assert len(notebook["cells"]) == 4 + 2 * len(CASES[case].runs)


@pytest.mark.parametrize("case", NOTEBOOKS)
def test_a_notebooks_cells_are_the_experiment(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    figures: list[go.Figure] = []
    monkeypatch.setattr(go.Figure, "show", lambda figure: figures.append(figure))
    exp, names = CASES[case], {}
    with torch.random.fork_rng(devices=[]):
        for place, cell in enumerate(code_cells(notebook_of(case))):
            exec(compile(cell, f"cell {place}", "exec"), names)
    trajectories = walked(exp)
    for found, trajectory in zip(names["paths"].values(), trajectories, strict=True):
        assert found.numpy().dtype == trajectory.theta.dtype
        np.testing.assert_array_equal(found.numpy(), trajectory.theta)
    is_network = exp.surface.name in NETWORKS
    assert len(figures) == (1 if is_network else 2)
    curves = figures[-1].data
    for curve, trajectory in zip(curves, trajectories, strict=True):
        if is_network:
            np.testing.assert_array_equal(curve.y, trajectory.seen_losses)
        else:
            near = 1e-3 if exp.surface.name in MODELS else 1e-12
            np.testing.assert_allclose(np.asarray(curve.y, dtype=float), trajectory.losses, near, near)
    if not is_network:
        surface, *lines = figures[0].data
        assert surface.type == "contour" and np.shape(surface.z) == (200, 200)
        assert [line.x[0] for line in lines] == [path.points[0, 0] for path in trajectories]
        x, y = surface.x[150], surface.y[20]
        height = np.asarray(surface.z, dtype=float)
        low = ov.surface(exp.surface)(torch.tensor([[x, y]], dtype=torch.float64)).item()
        other = ov.surface(exp.surface)(torch.tensor([[surface.x[20], surface.y[150]]]).double()).item()
        gap = np.expm1(height[20, 150]) - np.expm1(height[150, 20])
        assert gap == pytest.approx(low - other, rel=1e-3, abs=1e-3) or not np.isfinite(low - other)
