"""The command line: as people type it, with files and links, and what it says when something is wrong."""

from __future__ import annotations

import csv
import io
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import optviz as ov
from builders import competitor, experiment
from optviz import command
from optviz.export.formats import FORMATS
from optviz.web import cli

EXP = experiment("Rosenbrock", competitor("SGD", {"lr": 1e-3}), competitor("Adam", label="mine"), steps=15)


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "experiment.json").write_text(EXP.to_json(), encoding="utf-8")
    return str(tmp_path / "experiment.json")


def test_run_says_how_it_ended_and_writes_what_is_asked_for(file, tmp_path, capsys) -> None:
    steps, results = tmp_path / "steps.csv", tmp_path / "results.json"
    asked = ["run", file, "--csv", str(steps), "--json", str(results), "--device", "cpu"]
    assert command.main(asked) == 0
    said = capsys.readouterr()
    sgd, mine = ov.run(EXP, "cpu")
    assert f"{mine.final_loss:.6g}" in said.out and "mine" in said.out and sgd.outcome.detail in said.out
    assert said.err == "", "no bar where nobody looks at it"
    rows = list(csv.DictReader(io.StringIO(steps.read_text())))
    found = [float(row["x"]) for row in rows if row["competitor"] == "mine"]
    np.testing.assert_array_equal(np.float32(found), mine.points[:, 0])
    whole = json.loads(results.read_text())
    assert ov.Experiment.from_json(json.dumps(whole["experiment"])) == EXP


def test_a_link_and_what_is_piped_in_are_as_good_as_a_file(file, monkeypatch, capsys) -> None:
    link = "http://localhost:8501/" + EXP.to_url(ov.View(beside="step"))
    assert command.read(link) == (EXP, ov.View(beside="step"))
    assert command.read(link.partition("?")[2]) == (EXP, ov.View(beside="step"))
    for text in (EXP.to_json(), link):
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        assert command.read("-")[0] == EXP
    assert command.main(["run", link, "--device", "cpu"]) == 0
    first = capsys.readouterr().out
    assert command.main(["run", file, "--device", "cpu"]) == 0
    assert capsys.readouterr().out == first


def test_a_link_may_have_words_of_others(capsys) -> None:
    assert command.read(f"https://a.b/{EXP.to_url()}&utm_source=mail")[0] == EXP
    assert "utm_source" in capsys.readouterr().err


def test_a_file_may_be_in_utf_16(tmp_path) -> None:
    (tmp_path / "saved.json").write_text(EXP.to_json(), encoding="utf-16")
    assert command.read(str(tmp_path / "saved.json"))[0] == EXP


def test_an_experiment_is_exported_as_it_is_saved(tmp_path) -> None:
    refused = replace(EXP, runs=(competitor("SGD", {"nesterov": True}),))
    made = tmp_path / "race.experiment.json"
    assert command.main(["export", refused.to_url(), str(made)]) == 0
    assert command.read(str(made))[0] == refused


@pytest.mark.parametrize("ending", [name for name in FORMATS if name not in ("png", "svg")])
def test_export_makes_every_kind_of_file(ending: str, file, tmp_path, capsys) -> None:
    made = tmp_path / f"made.{ending}"
    more = ["--seconds", "0.5", "--width", "300", "--height", "240"] if ending in ("gif", "mp4") else []
    assert command.main(["export", file, str(made), "--device", "cpu", *more]) == 0
    assert f"{made.stat().st_size:,} bytes" in capsys.readouterr().out
    if ending == "gif":
        with Image.open(made) as film:
            assert film.size == (300, 240)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "nowhere.json"], "nowhere.json: No such file"),
        (["run", "?v=1&run=Nothing()"], "optviz: The link lacks its surface."),
        (["run", "https://a.b/?surface=Nope"], "This is not a link of optviz"),
        (["run", "https://a.b/?v=1&surface=Nope"], "The link lacks its start."),
        (["run", "?v=1&surface=Nope&start=1,1&steps=9&run=SGD"], "no surface named 'Nope'"),
        (["run", "?" + "x" * 5000], "This is not a link of optviz"),
        (["run", "v=1&surface=Sphere"], "The link lacks its start."),
        (["run", "BINARY"], "must be text in UTF-8"),
        (["run", "CUT"], "it is not JSON (line 4, column 5"),
        (["export", "FILE", "out.gif", "--seconds", "1,500"], "seconds must be a number with one meaning"),
        (["export", "FILE", "out.gif", "--width", "300.5"], "width must be a whole number, 300 or 301"),
        (["export", "FILE", "out.exe"], "ends in .html"),
        (["export", "FILE", "out.gif", "--seconds", "1e9"], "seconds"),
        (["export", "FILE", "out.png", "--figure", "map"], "no map"),
        (["export", "FILE", "/no/such/folder/out.csv"], "/no/such/folder/out.csv: No such file"),
        (["run", "FILE", "--device", "gpu9"], "no device"),
    ],
)
def test_what_is_wrong_is_a_sentence(arguments, said, file, tmp_path, capsys) -> None:
    binary, cut = tmp_path / "binary", tmp_path / "cut"
    binary.write_bytes(bytes(range(256)) * 100_000)
    cut.write_text(EXP.to_json()[:40], encoding="utf-8")
    places = {"FILE": file, "BINARY": str(binary), "CUT": str(cut)}
    status = command.main([places.get(part, part) for part in arguments])
    told = capsys.readouterr().err
    assert status == 1 and said in told and told.startswith("optviz: ") and "Traceback" not in told


def test_closed_input_is_a_sentence(monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert command.main(["run", "-"]) == 1
    assert capsys.readouterr().err == "optviz: There is no standard input to read from.\n"


def test_an_error_without_a_file_has_no_name_before_it(monkeypatch, file, capsys) -> None:
    def closed(*rest: object) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(command, "_computed", closed)
    assert command.main(["run", file]) == 1
    assert capsys.readouterr().err == "optviz: Broken pipe\n"


def test_a_file_of_results_is_run_again(file, tmp_path, capsys) -> None:
    results = str(tmp_path / "results.json")
    assert command.main(["export", file, results]) == 0
    assert command.read(results) == (EXP, ov.View())
    assert command.main(["run", results]) == 0


def test_nonsense_ends_with_usage(capsys) -> None:
    for arguments in (["fly"], ["list", "cars"], ["export"], ["run", "FILE", "--csv", ""]):
        with pytest.raises(SystemExit) as ended:
            command.main(arguments)
        assert ended.value.code == 2 and "usage: optviz" in capsys.readouterr().err


def test_lists_name_what_there_is(capsys) -> None:
    for what, rows in {
        "surfaces": ov.SURFACES,
        "optimizers": ov.OPTIMIZERS,
        "schedulers": ov.SCHEDULERS,
    }.items():
        assert command.main(["list", what]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert all(line.startswith(name) for line, name in zip(lines, rows, strict=True))


def test_help_teaches(capsys) -> None:
    for name in ("run", "export", "list"):
        assert f"    {name} " in command.parser().format_help()
        with pytest.raises(SystemExit) as ended:
            command.main([name, "--help"])
        assert ended.value.code == 0
        told = capsys.readouterr().out
        assert name == "list" or "examples:" in told
    with pytest.raises(SystemExit):
        command.main(["export", "--help"])
    told = capsys.readouterr().out
    assert all(row.title in told for row in FORMATS.values())


def test_the_installed_command_does_them_too(file, monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["optviz", "run", file, "--device", "cpu"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0 and "mine" in capsys.readouterr().out


def test_parameters_that_a_formula_names_and_nobody_set_are_said(capsys) -> None:
    link = "v=1&surface=Formula(expression='a*x**2 %2B b',{})&start=1.0,1.0&steps=1&run=SGD(lr=0.01)"
    assert command.main(["run", link.format("b=2.0"), "--device", "cpu"]) == 0
    said = capsys.readouterr().err
    assert said == "optviz: The formula holds no y: it is flat along y.\noptviz: New parameter: a = 1.\n"
    assert command.main(["run", link.format("b=2.0").replace("a*x", "xy*x"), "--device", "cpu"]) == 1
    assert "The name 'xy' (at character 1) is not known here: did you mean x*y?" in capsys.readouterr().err
