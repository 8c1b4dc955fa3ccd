"""The training loop as code: what a person would write in torch for one competitor of an experiment.

The text is a program of its own, which needs torch alone and takes the steps of the engine to the bit. Its
surface is the source of the very function that the engine runs. Nothing of an experiment gets into it but
numbers, known names and quoted texts: no label.
"""

from __future__ import annotations

from optviz.engine.request import competitor, free_names, tensors
from optviz.optimizers.catalogue import optimizer_info
from optviz.programs.models import ModelProgram
from optviz.programs.program import Program, SurfaceProgram
from optviz.programs.source import TAKEN, source_of
from optviz.programs.writing import Line
from optviz.spec.experiment import Experiment


def training_loop(experiment: Experiment, index: int) -> tuple[Line, ...]:
    """The program that a person would write in torch for one competitor: its lines, without line ends.

    Run by itself it takes the steps that `run` takes on the CPU, to the bit. `theta` is where they lead, or
    `x` and `y` where one of them is frozen, or `model` where a model is fitted to data. Of all settings it
    writes the learning rate and those that differ from torch's defaults. The last statement is the loop over
    the steps. A line has at most 100 characters, except for a number or text that is longer by itself. A
    surface whose source cannot be shown, such as one registered without its `function`, is imported from
    optviz.

    Args:
        experiment: The experiment.
        index: The competitor's index in the experiment, counted from 0.

    Returns:
        The lines, each with the part of a step that it belongs to.

    Raises:
        ValueError: There is no such competitor, or `run` refuses its names or types. Whether torch accepts
            the values is not checked.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.1}))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 5, (run,))
        >>> for line in ov.training_loop(exp, 0)[-5:]:
        ...     print(line.text)
        for step in range(5):
            optimizer.zero_grad()
            loss = booth(*theta)
            loss.backward()
            optimizer.step()
    """
    program = program_of(experiment, index)
    setup = [*program.beginning(), *program.generator(), *program.building(), *program.batches()]
    return (*map(Line, setup), Line(""), *program.loop())


def program_of(experiment: Experiment, index: int, taken: frozenset[str] = frozenset()) -> Program:
    """The parts of the program for one competitor.

    Args:
        experiment: The experiment.
        index: The competitor's index in it, counted from 0.
        taken: Names that a larger program needs for itself: no function of a surface may have them.

    Raises:
        ValueError: As in `training_loop`.
    """
    run, function = competitor(experiment, index)
    tensors(function, run)  # refuses what cannot be frozen
    common = experiment, run, optimizer_info(run.optimizer), free_names(function, run)
    if function.data is not None:
        return ModelProgram(*common, function.data)
    return SurfaceProgram(*common, source_of(experiment.surface, TAKEN | taken))
