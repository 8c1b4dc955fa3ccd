"""The player's pure JavaScript, run by Node: what needs no browser to be wrong."""

from __future__ import annotations

import itertools
import json
import math
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import optviz
import optviz as ov
from charts import curves, on_axis
from optviz.expressions.latex import latex, number_latex, symbol_latex
from optviz.expressions.terms import symbols, tree
from optviz.rules.derivations import RULES, Line
from optviz.rules.steps import steps
from optviz.spec.wording import coordinate

PLAYER = Path(optviz.__file__).parent / "player" / "static"
NODE = shutil.which("node", path=sysconfig.get_path("scripts")) or shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="Node is not installed: see requirements-dev.txt.")


def answer(module: str, expression: str, data: Any) -> Any:
    """What an expression of the names of a module and of `data` gives; "NaN" and "Infinity" are numbers."""
    source = f"""
        import * as all from {json.dumps((PLAYER / module).as_uri())};
        let text = "";
        for await (const part of process.stdin) text += part;
        const number = (key, value) =>
            ["NaN", "Infinity", "-Infinity"].includes(value) ? Number(value) : value;
        const back = (key, value) =>
            typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
        const data = JSON.parse(text, number);
        console.log(JSON.stringify(await ({expression})(all, data), back));
    """
    command = [str(NODE), "--input-type=module", "--eval", source]
    given = json.dumps(plain(data), allow_nan=False)
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def plain(data: Any) -> Any:
    """As JSON has it: it knows no infinity."""
    if isinstance(data, dict):
        return {name: plain(part) for name, part in data.items()}
    if isinstance(data, list | tuple):
        return [plain(part) for part in data]
    if isinstance(data, float) and not math.isfinite(data):
        return "NaN" if math.isnan(data) else "Infinity" if data > 0 else "-Infinity"
    return data


# --- Curves ---


def test_no_finite_value_of_a_curve_is_cut_off_without_a_mark() -> None:
    charts = curves()
    found = answer(
        "span.js",
        """({ span, excursions }, charts) => charts.map(({ curves, log, diverged }) => {
            const range = span(curves, log, diverged);
            return { range, gone: curves.map(curve => excursions(curve, range, log)) };
        })""",
        charts,
    )
    for chart, said in zip(charts, found, strict=True):
        low, high = said["range"]
        log = chart["log"]
        assert math.isfinite(low) and math.isfinite(high) and low < high
        kept = []
        for curve, diverged, gone in zip(chart["curves"], chart["diverged"], said["gone"], strict=True):
            marked = {step: one for one in gone for step in range(one["from"], one["to"] + 1)}
            for step, value in enumerate(curve):
                if math.isnan(value):
                    assert step not in marked
                    continue
                at = on_axis(value, log)
                assert low <= at <= high or step in marked, (chart, step)
                if step in marked:
                    one = marked[step]
                    assert at > high if one["side"] > 0 else at < low
                    assert one["side"] * value <= one["side"] * float(one["extreme"])
                    # Only what diverged, what is infinite, and what a logarithm has no place for.
                    assert diverged or not math.isfinite(at), (chart, step)
                elif not diverged:
                    kept.append(at)
            for one in gone:
                assert float(one["extreme"]) in curve[one["from"] : one["to"] + 1]
        if len(kept) > 1:  # nobody who stayed is squeezed flat by somebody who did not
            spread = max(kept) - min(kept)
            assert spread == 0 or spread > (high - low - 0.4 * log) / 6


@pytest.mark.parametrize(
    ("curve", "log", "range_", "expected"),
    [
        ([0.69, 0.5, 1527.0, 0.4], True, (math.log10(0.4) - 0.2, math.log10(1527) + 0.2), []),
        ([1.0, 0.0, 0.0, 1.0], True, (-0.2, 0.2), [(-1, 1, 2, 0.0)]),
        ([5.0, 5.0], False, (0.0, 10.0), []),
    ],
)
def test_the_range_of_some_curves(curve: Any, log: bool, range_: Any, expected: Any) -> None:
    whole = """({ span, excursions }, [curve, log]) => {
        const range = span([curve], log, [false]);
        return [range, excursions(curve, range, log)];
    }"""
    found, gone = answer("span.js", whole, [curve, log])
    assert found == pytest.approx(range_)
    assert [tuple(one[key] for key in ("side", "from", "to", "extreme")) for one in gone] == expected


# --- Words ---


def test_one_thing_is_no_plural() -> None:
    said = answer(
        "ticks.js", "({ counted }, all) => all.map(count => counted(count, 'step'))", [0, 1, 2, 1500]
    )
    assert said == ["0 steps", "1 step", "2 steps", "1,500 steps"]


def test_a_coordinate_is_written_as_in_pythons_sentences() -> None:
    cases = [
        (value * extent, extent)
        for extent in (1e-6, 0.3, 4.0, 10.0, 1024.0, 2e4, 1e9)
        for value in (0.0, -2.4e-10, 0.4999987, -0.25, 1 / 3, -1e-6, 0.1234567)
    ]
    said = answer("ticks.js", "({ coordinate }, all) => all.map(one => coordinate(...one))", cases)
    for (value, extent), text in zip(cases, said, strict=True):
        assert text != "−0"
        assert float(text.replace("−", "-")) == pytest.approx(
            float(coordinate(value, extent)), abs=1.1e-5 * extent
        )


# --- Arrows ---

ARROWS = """async ({ arrowsOf, scaleWords }, { data, rows, width, view, domain }) => {
    const { Steps } = await import(STEPS);
    const steps = new Steps(data, Float64Array.from(rows.flat()));
    const theme = { marks: {} };
    const [dx, dy] = domain.map(([low, high]) => width / (high - low));
    const frame = { x0: domain[0][0], dx, y0: domain[1][0], dy: -dy, box: [0, 0, width, width] };
    return rows[0].slice(0, -1).map((_, step) => {
        const arrows = arrowsOf(steps, step, view, domain, frame, width, theme);
        return [arrows, scaleWords(arrows, view.arrows)];
    });
}""".replace("STEPS", json.dumps((PLAYER / "steps.js").as_uri()))


@pytest.mark.parametrize("how", ["run", "fit"])
@pytest.mark.parametrize(
    ("surface", "optimizer", "params"),
    [
        ("Quadratic bowl", "SGD", {"lr": 0.08}),
        ("Quadratic bowl", "SGD", {"lr": 0.5}),  # it diverges
        ("Rosenbrock", "Adam", {"lr": 0.02}),
        ("Plateau", "Adam", {"lr": 0.02}),
        ("Booth", "SGD", {"lr": 0.0}),  # it does not move
        ("Eggholder", "RMSprop", {"lr": 1e-6}),
        ("Booth", "SGD", {"lr": 1e-3, "momentum": 0.9}),
    ],
)
def test_arrows_of_a_run_have_one_scale(surface: str, optimizer: str, params: Any, how: str) -> None:
    spec = optviz.SurfaceSpec(surface)
    domain = np.array(optviz.surface(spec).domain)
    exp = optviz.Experiment(
        spec, optviz.surface(spec).start, 40, (optviz.RunSpec(optviz.OptimizerSpec(optimizer, params)),)
    )
    run = optviz.run_one(exp, 0, "cpu")
    one = steps(run, np.zeros((run.steps + 1, 2, 2)))
    view = {"marks": ["gradient", "given", "momentum", "step"], "arrows": how}
    sent = {"data": dict(one.data), "rows": one.columns.tolist(), "width": 400.0}
    drawn = answer("arrows.js", ARROWS, {**sent, "view": view, "domain": domain.tolist()})
    inside = ((run.points >= domain[:, 0]) & (run.points <= domain[:, 1])).all(axis=1)
    pixels = 400 / np.ptp(domain, axis=1)
    scales: dict[str, set[float]] = {"slopes": set(), "moves": set()}
    longest = {"slopes": 0.0, "moves": 0.0}
    for step, (arrows, words) in enumerate(drawn):
        assert ("The same scale at every step" in words) == (how == "run") and words.count("×") in (1, 2)
        for arrow in arrows:
            kind = "moves" if arrow["name"] == "step" else "slopes"
            scales[kind].add(arrow["scale"])
            length = arrow["scale"] * np.hypot(*(np.array(arrow["vector"], dtype=float) * pixels))
            if inside[step] and np.isfinite(length):
                # As long as a quarter of the picture at most, but for a step to scale.
                assert length <= 0.24 * 400 * (1 + 1e-6) or (kind == "moves" and arrow["scale"] == 1)
                longest[kind] = max(longest[kind], length)
    if how == "run":
        assert all(len(each) == 1 for each in scales.values())
        assert longest["slopes"] >= 0.24 * 400 / 2.5 * (1 - 1e-6)  # and it can be seen
        assert longest["moves"] >= 0.024 * 400 * (1 - 1e-6) or params["lr"] == 0
    else:
        assert len(scales["slopes"]) > 1 or params["lr"] < 1e-5


# --- Formulas ---


def rule_lines() -> Iterator[Line]:
    """Each line of each rule, without and with all that can be switched on."""
    more = {"weight_decay": 0.1, "maximize": True, "momentum": 0.9, "amsgrad": True}
    for name, rule in RULES.items():
        info = ov.OPTIMIZERS[name]
        for given in ({}, {key: value for key, value in more.items() if key in info.params}):
            for form in rule.forms(info.complete(ov.OptimizerSpec(name, given))):
                yield from form.lines


def test_every_rule_is_written_as_python_writes_it() -> None:
    """As symbols, and with numbers, of which some need brackets."""
    data, expected = [], []
    for line in rule_lines():
        used = {symbol.key: symbol_latex(symbol) for symbol in symbols(line.term)}
        numbers = dict(zip(used, itertools.cycle((0.5, -0.25, 3e-9, 7.0)), strict=False))
        data.append({"term": tree(line.term), "symbols": used, "numbers": numbers})
        filled = latex(line.term, lambda symbol, numbers=numbers: number_latex(numbers[symbol.key]))  # type: ignore[misc]
        expected.append([latex(line.term), filled])
    source = """(all, data) => data.map(({ term, symbols, numbers }) => [
        all.write(term, all.latex(key => symbols[key])),
        all.write(term, all.latex(key => all.numberTeX(numbers[key]))),
    ])"""
    assert len(data) > 100
    assert answer("formula.js", source, data) == expected
