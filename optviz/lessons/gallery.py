"""Named cases: each an experiment, with a few sentences on what to look at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from optviz.spec.experiment import Experiment
from optviz.spec.view import View


@dataclass(frozen=True)
class Case:
    """One case of the gallery."""

    title: str
    look: str
    """What to look at, and what to try next."""
    link: str
    """Everything that is shown, as `Experiment.to_url` writes it."""

    @cached_property
    def experiment(self) -> Experiment:
        """The experiment that the link holds."""
        return Experiment.from_url(self.link)

    @cached_property
    def view(self) -> View:
        """The view that the link holds."""
        return View.from_url(self.link)


GALLERY = (
    Case(
        "SGD and Adam in a ravine",
        "SGD leaps from wall to wall, because the steep direction alone limits its learning rate. Adam "
        "scales x and y separately and crosses the floor only a few times. Give SGD a momentum of 0.7: then "
        "it is there first.",
        "?v=1&surface=Quadratic bowl(kappa=50.0)&start=15.0,8.0&steps=150&run=SGD(lr=0.019)&run=Adam(lr=0.5)",
    ),
    Case(
        "Adam in a turned ravine",
        "The same ravine, turned by 45°: scaling x and y separately no longer fits it, and at this rate Adam "
        "is still far off. At 1.6 it gets there. SGD takes the path it took before, only turned: set the "
        "angle back to 0 to compare.",
        "?v=1&surface=Quadratic bowl(kappa=50.0,angle=45.0)&start=4.95,16.26&steps=150"
        "&run=SGD(lr=0.019)&run=Adam(lr=0.5)",
    ),
    Case(
        "Momentum overshoots",
        "At one small rate: without momentum SGD creeps along the valley floor, with 0.9 it rolls there and "
        "swings past the minimum, with 0.98 it is still swinging after 200 steps. At a rate of 0.06, "
        "SGD without momentum arrives first.",
        "?v=1&surface=Quadratic bowl&start=15.0,8.0&steps=200&run=SGD(lr=0.005).set(label='no momentum')"
        "&run=SGD(lr=0.005,momentum=0.9).set(label='momentum 0.9')"
        "&run=SGD(lr=0.005,momentum=0.98).set(label='momentum 0.98')",
    ),
    Case(
        "The stability limit",
        "The curvature across the ravine is 20, so gradient descent is stable below a learning rate of "
        "2/20 = 0.1 and never above it. Watch the three losses: 0.09 settles, 0.1 bounces forever, 0.101 "
        "grows with every step.",
        "?v=1&surface=Quadratic bowl&start=15.0,2.0&steps=150&run=SGD(lr=0.09).set(label='lr 0.09')"
        "&run=SGD(lr=0.1).set(label='lr 0.1')&run=SGD(lr=0.101).set(label='lr 0.101')",
    ),
    Case(
        "Stuck at a saddle",
        "The start lies exactly on the ridge, where the gradient points at the saddle: both optimizers walk "
        "there and stay. A loss curve alone cannot tell this from a minimum. Set the noise to 0.01, or the "
        "start's y to 0.001: both escape.",
        "?v=1&surface=Saddle&start=-1.5,0.0&steps=300&run=SGD(lr=0.05)&run=Adam(lr=0.05)",
    ),
    Case(
        "Clipping at the cliff",
        "One gradient at the cliff is so long that at this rate it throws plain SGD out of the picture. "
        "Clipped to length 1, the gradient keeps its direction, and SGD stays.",
        "?v=1&surface=Cliff&start=3.0,2.0&steps=300&run=SGD(lr=0.05)"
        "&run=SGD(lr=0.05).set(clip_norm=1.0,label='SGD, clipped')",
    ),
    Case(
        "Nesterov looks ahead",
        "Both have momentum 0.95. Nesterov's gradient already knows where momentum will take it, so it "
        "brakes earlier and swings less.",
        "?v=1&surface=Quadratic bowl&start=15.0,8.0&steps=200"
        "&run=SGD(lr=0.004,momentum=0.95).set(label='momentum')"
        "&run=SGD(lr=0.004,momentum=0.95,nesterov=True).set(label='nesterov')",
    ),
    Case(
        "zero_grad forgotten",
        "The gradients of all steps add up, which for SGD is a momentum of 1, without any friction: it "
        "swings back and forth and never settles.",
        "?v=1&surface=Booth&start=-8.0,0.0&steps=200&run=SGD(lr=0.02)"
        "&run=SGD(lr=0.02).set(zero_grad=False,label='zero_grad forgotten')",
    ),
    Case(
        "The optimizer re-created in the loop",
        "Making the optimizer inside the loop throws its state away: re-created every 5 steps, momentum "
        "never builds up, and SGD creeps through the valley.",
        "?v=1&surface=Rosenbrock&start=-1.2,1.0&steps=300&run=SGD(lr=0.001,momentum=0.9)"
        "&run=SGD(lr=0.001,momentum=0.9).set(reset_every=5,label='re-created every 5')",
    ),
    Case(
        "Noise, and a schedule against it",
        "Both meet the same noise. At a constant rate SGD keeps jumping around the minimum; the cosine "
        "schedule lowers the rate to 0, and the jumps with it. Look at the learning rate below the losses.",
        "?v=1&surface=Quadratic bowl&start=15.0,8.0&steps=400&run=SGD(lr=0.05).set(label='constant')"
        "&run=SGD(lr=0.05).CosineAnnealingLR.set(label='cosine')&noise=10.0",
    ),
    Case(
        "Weight decay, coupled and not",
        "Both pull towards (0, 0). Adam's weight_decay is part of the loss: it ends where f + ½‖θ‖² is "
        "least. AdamW's shrinks θ itself, and keeps it in the box |x|, |y| ≤ 1/weight_decay = 1: it "
        "creeps to the corner (1, 1).",
        "?v=1&surface=Booth&start=-8.0,0.0&steps=1000&run=Adam(lr=0.5,weight_decay=1.0)"
        "&run=AdamW(lr=0.5,weight_decay=1.0)&run=Adam(lr=0.5).set(label='Adam, no decay')",
    ),
    Case(
        "Adagrad slows down",
        "Adagrad divides by the root of the sum of all squared gradients so far, so its effective rate only "
        "falls. RMSprop forgets old gradients, and arrives at the same lr. A larger lr makes up for it here: "
        "at 3, Adagrad arrives, too.",
        "?v=1&surface=Quadratic bowl&start=15.0,8.0&steps=120&run=Adagrad(lr=0.5)&run=RMSprop(lr=0.5)",
    ),
    Case(
        "LBFGS: few steps, many evaluations",
        "LBFGS learns the curvature and arrives in a few dozen steps, but each may evaluate the loss several "
        "times. Switch the curves from steps to evals for a fair race: it still wins.",
        "?v=1&surface=Rosenbrock&start=-1.2,1.0&steps=300"
        "&run=LBFGS(lr=1.0,max_iter=1,max_eval=25,line_search_fn='strong_wolfe')"
        "&run=SGD(lr=0.001,momentum=0.9)&run=Adam(lr=0.1)",
    ),
    Case(
        "Which minimum?",
        "Four minima, one start, four optimizers: they do not all end in the same one. Move the start a "
        "little, or change a rate, and a run may end in another.",
        "?v=1&surface=Himmelblau&start=-0.27,-0.92&steps=200&run=SGD(lr=0.01)"
        "&run=SGD(lr=0.01,momentum=0.9).set(label='SGD, momentum')&run=Adam(lr=0.1)&run=RMSprop(lr=0.1)",
    ),
    Case(
        "A plateau",
        "A step of gradient descent is lr times the slope: where there is hardly any, it hardly moves. Adam "
        "divides the tiny gradient by its own size and walks on. At an lr of 150 SGD moves, too: it leaps "
        "far past the well.",
        "?v=1&surface=Plateau&start=-8.0,6.0&steps=300&run=SGD(lr=1.0)&run=Adam(lr=0.1)",
    ),
    Case(
        "Many minima",
        "Near the rim of a bumpy bowl plain SGD at a small rate falls into the first hollow. Momentum "
        "carries over some bumps, and long steps cross some. Neither is sure to find the lowest hollow.",
        "?v=1&surface=Rastrigin&start=-4.5,3.4&steps=300&run=SGD(lr=0.002)"
        "&run=SGD(lr=0.002,momentum=0.97).set(label='SGD, momentum')&run=Adam(lr=0.5)",
    ),
)
"""All cases, in an order for beginners."""

_BY_EXPERIMENT = {case.experiment: case for case in GALLERY}


def find_case(experiment: Experiment) -> Case | None:
    """The case that shows this very experiment, if there is one."""
    return _BY_EXPERIMENT.get(experiment)
