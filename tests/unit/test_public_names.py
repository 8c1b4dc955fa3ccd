"""`import optviz` loads nothing; each public name is loaded when it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

import optviz as ov


def said_by_a_fresh_interpreter(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_the_import_loads_nothing():
    code = "import sys; before = {*sys.modules}; import optviz; print(*{*sys.modules} - before)"
    loaded = said_by_a_fresh_interpreter(code).split()
    assert {name for name in loaded if name.startswith("optviz")} == {"optviz"}
    assert {
        name for name in loaded if name.partition(".")[0] not in {*sys.stdlib_module_names, "optviz"}
    } == set()


def test_a_name_loads_what_it_needs():
    code = (
        "import sys, optviz; optviz.Experiment; print({*sys.modules} & {'optviz.spec.experiment', 'torch'})"
    )
    assert said_by_a_fresh_interpreter(code) == "{'optviz.spec.experiment'}"


@pytest.mark.slow
def test_a_star_gets_the_public_names():
    names = said_by_a_fresh_interpreter("from optviz import *; print(*dir())").split()
    assert {*ov.__all__} == {name for name in names if not name.startswith("__")}


def test_the_public_names_can_be_listed():
    assert {*ov.__all__, "__version__"} <= {*dir(ov)}


@pytest.mark.slow
def test_a_surface_may_not_take_the_name_of_one_that_is_not_loaded_yet():
    code = "import optviz as ov; ov.register_surface(ov.SurfaceInfo('Ackley', '', '', '', '', lambda: None))"
    failed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert failed.stderr.endswith("ValueError: There is already a surface named 'Ackley'.\n")


def test_what_is_no_public_name_is_no_attribute():
    with pytest.raises(AttributeError, match="module 'optviz' has no attribute 'optimise'"):
        _ = ov.optimise
