"""Experiments as programs of torch alone: a script, and a notebook.

Both are made of the training loops of `training_loop`, with what these have in common once. Nothing of an
experiment gets into them but numbers, known names and quoted texts, none of which ends a line.
"""

from __future__ import annotations

import json
import keyword
import re
import textwrap
from collections.abc import Container, Iterable
from dataclasses import dataclass
from itertools import count

import torch

from optviz.engine.outcome import REACH
from optviz.programs.loop import program_of
from optviz.programs.program import Program, SurfaceProgram
from optviz.programs.writing import INDENT, apart, literal
from optviz.spec.experiment import Experiment
from optviz.surfaces.catalogue import SURFACES, surface
from optviz.surfaces.models import Part
from optviz.surfaces.problem import Surface
from optviz.version import __version__

_FEW = 10
"""Weights of a network that are printed one by one; where there are more, a line has a fingerprint of all."""
_TAKEN = frozenset({"path", "losses", "has_diverged", "fingerprint", "main"}) | {
    *("paths", "go", "escape", "functional_call", "vmap", "loss_of", "loss_at"),
    *("picture", "curves", "name", "z", "heights", "model", "inputs", "targets", "loss_fn"),
    *("range", "enumerate", "print"),
}
"""Names that these programs use, beside those of a training loop."""
_FINGERPRINT = [
    "def fingerprint(weights):",
    f'{INDENT}"""Hexadecimal digits that are others if but one bit of the weights is."""',
    f"{INDENT}return hashlib.sha256(repr(weights.tolist()).encode()).hexdigest()[:16]",
]
_ABOUT_PLOTS = [
    "## Plots",
    "",
    "The next cell draws with [plotly](https://plotly.com/python/), which comes with optviz. If it says "
    "`No module named 'plotly'`, run `%pip install plotly` first. All cells above need torch alone.",
]


def to_script(experiment: Experiment) -> str:
    """A stand-alone torch program that runs all competitors and prints their points, bit for bit.

    It needs torch alone, unless the surface was registered without a source that can be shown. It prints, for
    each competitor, a line "# name", and then a line for each point: the step, from 0 for the start, and the
    numbers, as `repr` writes them, which are exactly those of `run(experiment, device="cpu")`. It ends a path
    where `run` does: at the first point that is not finite, lies beyond reach or has no finite loss. What
    makes torch raise an error raises it there too, where `run` turns it into a sentence and keeps the steps
    that were made until then.

    For a network the numbers are its weights, in the order of `module.parameters()`. Where there are more
    than 10, a line has a fingerprint of them instead, the first 16 hexadecimal digits of the SHA-256 of
    `repr(weights.tolist())`, and then the loss that the step from there saw, which the last line has not.

    Args:
        experiment: The experiment.

    Returns:
        The program's source.

    Raises:
        ValueError: `run` refuses the names or types. Whether torch accepts the values is not checked.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.01}))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 5, (run,))
        >>> "torch.optim.SGD" in ov.to_script(exp)
        True
    """
    script = _Script(experiment, _programs(experiment))
    imports = [*(["import hashlib", ""] if script.is_large else []), *script.imports()]
    functions = script.functions(with_losses=script.is_large)
    digits = [_FINGERPRINT] if script.is_large else []
    parts = [script.header(), imports, script.shared(), *digits, *functions, script.main()]
    return "\n".join(_spaced(apart(parts))) + "\n"


def to_notebook(experiment: Experiment) -> str:
    """The program of `to_script` as a Jupyter notebook, in the JSON of nbformat 4.5.

    A cell for what is common, then one for each competitor, whose path (n+1, D) is in `paths`. The last one
    draws paths and losses with plotly, which comes with optviz; all others need torch alone. Of a network it
    draws only the losses that its steps saw, which are in `losses`.

    Args:
        experiment: The experiment.

    Returns:
        The notebook's text.

    Raises:
        ValueError: As in `to_script`.

    Example:
        >>> import json, optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.01}))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 5, (run,))
        >>> json.loads(ov.to_notebook(exp))["nbformat"]
        4
    """
    script = _Script(experiment, _programs(experiment))
    cells = [_markdown("what", script.introduction()), _code("surface", script.opening())]
    functions = script.functions(with_losses=script.is_network)
    for place, (name, function) in enumerate(zip(script.unique_names(), functions, strict=True)):
        cells.append(_markdown(f"name-{place + 1}", [f"## {place + 1}. {_span(name)}"]))
        kept = ", ".join(f"{kind}[{literal(name)}]" for kind in script.kept)
        called = f"{kept} = {script.calls[place]}()"
        cells.append(_code(f"run-{place + 1}", [*function, "", "", called]))
    cells += [_markdown("plot", _ABOUT_PLOTS), _code("plots", script.plots())]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def _programs(experiment: Experiment) -> tuple[Program, ...]:
    return tuple(program_of(experiment, index, _TAKEN) for index in range(len(experiment.runs)))


@dataclass(frozen=True)
class _Script:
    """An experiment, as the parts of a program that runs all its competitors."""

    experiment: Experiment
    programs: tuple[Program, ...]

    @property
    def surface(self) -> Surface:
        return surface(self.experiment.surface)

    @property
    def is_network(self) -> bool:
        return self.surface.network is not None

    @property
    def axes(self) -> tuple[str, ...]:
        """What the numbers of a point are called."""
        return self.surface.names if self.surface.data is None else self.surface.data.model.axes

    @property
    def is_large(self) -> bool:
        """Whether there are too many weights to print them."""
        return len(self.axes) > _FEW

    @property
    def kept(self) -> tuple[str, ...]:
        """What a notebook keeps of each competitor."""
        return ("paths", "losses") if self.is_network else ("paths",)

    def imports(self) -> list[str]:
        own = dict.fromkeys(line for program in self.programs for line in program.own_imports())
        return [*self.programs[0].imports(), *own]

    @property
    def names(self) -> list[str]:
        """What the competitors are called, each in one line of what can be printed."""
        return [_one_line(run.name) for run in self.experiment.runs]

    def unique_names(self) -> list[str]:
        return _distinct(self.names, frozenset(), "{} ({})")

    @property
    def calls(self) -> list[str]:
        """The names of the competitors' functions, which nothing else in the program has."""
        known = {word for line in self.programs[0].shared() for word in re.findall(r"^(?:def )?(\w+)", line)}
        wanted = [run.optimizer.name.lower() for run in self.experiment.runs]
        return _distinct(wanted, known | _TAKEN | set(keyword.kwlist), "{}_{}")

    # -- the program -----------------------------------------------------------------------------------

    def header(self) -> list[str]:
        """What it is, as comments."""
        about, link = _link(self.experiment)
        sentences = [
            f"{_made_with(self.experiment)} There, on a CPU, its numbers are those of optviz to the bit.",
            f"It prints each competitor's name, and then its points: {self._columns()}.",
            about,
        ]
        lines = [line for sentence in sentences for line in textwrap.wrap(sentence, 98)]
        return [f"# {line}" for line in [*lines, link]]

    def _columns(self) -> str:
        if self.is_large:
            return f"the step, a fingerprint of all {len(self.axes):,} weights, and the loss there"
        return f"the step, {', '.join(self.axes)}"

    def shared(self) -> list[str]:
        """What all competitors have in common, but for the imports."""
        return apart([self.programs[0].shared(), self._has_diverged()])

    def _has_diverged(self) -> list[str]:
        if self.is_network:
            return [
                "def has_diverged(weights, initial):",
                f'{INDENT}"""Whether they are not finite, or a million times their length away."""',
                f"{INDENT}reach = {literal(REACH)} * torch.linalg.vector_norm(initial.double())",
                f"{INDENT}return not ((weights - initial).abs() <= reach).all()",
            ]
        widths = zip(self.surface.domain, self.surface.widths, strict=True)
        middle = [literal(low + width / 2) for (low, _), width in widths]
        reach = [literal(REACH * width) for width in self.surface.widths]
        program = self.programs[0]
        middle_text, reach_text = (
            f"torch.tensor({', '.join([f'[{x}, {y}]', *program.dtype()])})" for x, y in (middle, reach)
        )
        condition, near = (
            "not finite, or a million widths of the picture away",
            "((point - middle).abs() <= reach).all()",
        )
        check = f"not {near}"
        if isinstance(program, SurfaceProgram) and not self.surface.total:
            condition += ", or without a finite loss"
            check = f"not ({near} and {program.source.name}(*point.double()).isfinite())"
        return [
            "def has_diverged(point):",
            f'{INDENT}"""Whether it is {condition}."""',
            f"{INDENT}middle = {middle_text}",
            f"{INDENT}reach = {reach_text}",
            f"{INDENT}return {check}",
        ]

    def functions(self, with_losses: bool) -> list[list[str]]:
        """A function for each competitor, which returns its path, and the losses that its steps saw."""
        pairs = zip(self.calls, self.programs, strict=True)
        return [self._function(call, program, with_losses) for call, program in pairs]

    def _function(self, call: str, program: Program, with_losses: bool) -> list[str]:
        known = "path[-1], path[0]" if self.is_network else "path[-1]"
        check = [f"if has_diverged({known}):", f"{INDENT}break"]
        record = [f"path.append({program.point})", *(["losses.append(loss.item())"] if with_losses else [])]
        body = [
            *program.start(),
            *program.generator(),
            *program.building(),
            "",
            f"path = [{program.point}]",
            *(["losses = []"] if with_losses else []),
            *(line.text for line in program.loop(check, record, with_losses)),
            f"return torch.stack(path){', losses' if with_losses else ''}",
        ]
        return [f"def {call}():", *_indented(body)]

    def main(self) -> list[str]:
        pairs = zip(self.names, self.calls, strict=True)
        row = ["point", "run()", "*point.tolist()"]
        if self.is_large:
            row = ["weights", "path", "fingerprint(weights), *losses[step : step + 1]"]
        return [
            "def main():",
            f"{INDENT}competitors = [",
            *(f"{INDENT * 2}({literal(name)}, {call})," for name, call in pairs),
            f"{INDENT}]",
            f"{INDENT}for name, run in competitors:",
            f'{INDENT * 2}print("#", name)',
            *([f"{INDENT * 2}path, losses = run()"] if self.is_large else []),
            f"{INDENT * 2}for step, {row[0]} in enumerate({row[1]}):",
            f"{INDENT * 3}print(step, {row[2]})",
            "",
            'if __name__ == "__main__":',
            f"{INDENT}main()",
        ]

    # -- the notebook ----------------------------------------------------------------------------------

    def introduction(self) -> list[str]:
        info, spec = SURFACES[self.experiment.surface.name], self.experiment.surface
        about, link = _link(self.experiment)
        return [
            f"# {_one_line(self.surface.name)}",
            "",
            f"$$ {info.latex(spec.params)} $$",
            "",
            _made_with(self.experiment),
            "",
            about,
            "",
            "```",
            link,
            "```",
        ]

    def opening(self) -> list[str]:
        return [
            *self.imports(),
            "",
            *self.shared(),
            "",
            *(f"{kind} = {{}}  # of each competitor" for kind in self.kept),
        ]

    def plots(self) -> list[str]:
        if self.is_network:
            return [
                "from html import escape",
                "",
                "import plotly.graph_objects as go",
                "",
                *self._curves("losses", "losses[name]"),
            ]
        defined, called = self._loss()
        exact = "" if self.surface.data else ".double()"  # a model has a precision of its own
        return [
            "from html import escape",
            "",
            "import plotly.graph_objects as go",
            *defined,
            "",
            *self._picture(called),
            "",
            *self._curves("paths", f"{called}(*paths[name]{exact}.T).tolist()"),
        ]

    def _loss(self) -> tuple[list[str], str]:
        """What defines the loss as a function of two tensors of any one length, and its name."""
        program, data = self.programs[0], self.surface.data
        if isinstance(program, SurfaceProgram):
            return [], program.source.name
        assert data is not None
        numbers = [
            f"{INDENT * 2}{literal(part.name)}: torch.stack([{', '.join(part.axes)}]).view({_shape(part)}),"
            for part in data.model.parts()
        ]
        double = ".double()" if self.experiment.dtype == "float64" else ""
        lines = [
            "from torch.func import functional_call, vmap",
            "",
            f"model = {data.model.text}{double}",
            "",
            "",
            f"def loss_of({', '.join(self.axes)}):",
            f'{INDENT}"""The loss of all examples for one model."""',
            f"{INDENT}numbers = {{",
            *numbers,
            f"{INDENT}}}",
            f"{INDENT}return loss_fn(functional_call(model, numbers, (inputs,)), targets)",
            "",
            "",
            "loss_at = vmap(loss_of)  # for many models at once",
        ]
        return lines, "loss_at"

    def _picture(self, called: str) -> list[str]:
        """The paths on the surface."""
        dtype = self.programs[0].dtype()
        grids = [
            f"torch.linspace({', '.join([*map(literal, sides), '200', *dtype])})"
            for sides in self.surface.domain
        ]
        titles = [literal(name) for name in self.axes]
        ranges = [f"[{', '.join(map(literal, sides))}]" for sides in self.surface.domain]
        return [
            f"x = {grids[0]}",
            f"y = {grids[1]}",
            f"z = {called}(*torch.cartesian_prod(x, y).T).view(len(x), len(y)).T",
            "heights = torch.log1p(z - z.nan_to_num(torch.inf).min())  # shows a valley beside a wall",
            "picture = go.Figure()",
            "picture.add_contour(",
            f"{INDENT}x=x.tolist(), y=y.tolist(), z=heights.tolist(), showscale=False, ncontours=30",
            ")",
            "for name, path in paths.items():",
            f"{INDENT}across, up = path.T.tolist()",
            f'{INDENT}picture.add_scatter(x=across, y=up, name=escape(name), mode="lines+markers")',
            f"picture.update_xaxes(title={titles[0]}, range={ranges[0]})",
            f"picture.update_yaxes(title={titles[1]}, range={ranges[1]})",
            "picture.show()",
        ]

    def _curves(self, names: str, losses: str) -> list[str]:
        """The losses against the steps."""
        scale = "log" if self.surface.minimum >= 0 else "linear"
        return [
            "curves = go.Figure()",
            f"for name in {names}:",
            f"{INDENT}curves.add_scatter(y={losses}, name=escape(name))",
            'curves.update_xaxes(title="step")',
            f'curves.update_yaxes(title="loss", type="{scale}")',
            "curves.show()",
        ]


# -- texts ---------------------------------------------------------------------------------------------


def _made_with(experiment: Experiment) -> str:
    name, runs = _one_line(experiment.surface.name), len(experiment.runs)
    competitors = f"{runs} optimizers" if runs > 1 else experiment.runs[0].optimizer.name
    return f"{competitors} on {name}: made by optviz {__version__} for torch {torch.__version__}."


def _link(experiment: Experiment) -> tuple[str, str]:
    """A sentence, and the link that it is about."""
    try:
        return (
            "To open it again, put this behind the address of optviz's page, or into Experiment.from_url:",
            experiment.to_url(),
        )
    except ValueError as error:
        return "There is no link to it:", _one_line(str(error))


def _one_line(text: str) -> str:
    """A text without what cannot be printed, such as ends of lines or marks that turn the writing round."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _span(text: str) -> str:
    """A text as code in Markdown, in which nothing has a meaning but the backtick."""
    return "`" + text.replace("`", "'") + "`"


def _distinct(wanted: Iterable[str], taken: Container[str], numbered: str) -> list[str]:
    """The names, numbered where they would repeat."""
    names: list[str] = []
    for name in wanted:
        candidates = (name if place == 1 else numbered.format(name, place) for place in count(1))
        names.append(next(word for word in candidates if word not in taken and word not in names))
    return names


def _shape(part: Part) -> str:
    return ", ".join(map(str, part.shape))


def _indented(lines: Iterable[str]) -> list[str]:
    return [INDENT + line if line else "" for line in lines]


def _spaced(lines: Iterable[str]) -> list[str]:
    """The lines with empty ones around functions: two, or one around those inside of others."""
    spaced: list[str] = []
    inside: list[int] = []  # how far the functions that have begun are indented
    for line in lines:
        depth = len(line) - len(line.lstrip())
        if line and line[0] not in ")]}":  # what closes a call begins no statement
            ended = [inside.pop() for _ in range(len(inside)) if depth <= inside[-1]]
            is_function = line.lstrip().startswith("def ")
            if spaced and (is_function or ended):
                while not spaced[-1]:
                    spaced.pop()
                spaced += [""] if depth else ["", ""]
            inside += [depth] if is_function else []
        spaced.append(line)
    return spaced


# -- cells ---------------------------------------------------------------------------------------------


def _markdown(name: str, lines: Iterable[str]) -> dict[str, object]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": _source(lines)}


def _code(name: str, lines: Iterable[str]) -> dict[str, object]:
    source = _source(_spaced(lines))
    cell = {"cell_type": "code", "id": name, "metadata": {}, "source": source}
    return {**cell, "execution_count": None, "outputs": []}


def _source(lines: Iterable[str]) -> list[str]:
    """Lines as a notebook has them: all but the last with their ends."""
    return "\n".join(lines).splitlines(keepends=True)
