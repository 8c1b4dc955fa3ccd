"""The reference of optimizers, each from its row in the registry: rule, paper, memory and use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

import optviz as ov
from optviz.optimizers import third_party
from optviz.optimizers.catalogue import OptimizerInfo
from optviz.rules.reference import Footprint, footprint, options_that_keep_more, rule_latex, rule_letters
from optviz.web.compute import runs
from optviz.web.state import choices, fragments
from optviz.web.widgets import fields

_LETTERS = (
    "Letters as in torch's documentation: θ are the parameters, g is the gradient, γ is lr, λ is "
    "weight_decay, μ is momentum, t counts the steps. Products, roots and squares are taken number by "
    "number, except with the matrices of Adafactor, LBFGS and Muon. Each rule is tested against torch's own "
    "steps, except two that are written by hand: LBFGS's, a loop of its own with a search inside, and "
    "Muon's, which multiplies matrices in bfloat16."
)
_MEMORY = (
    "**Memory** is counted, not looked up: each optimizer takes real steps on a matrix of 32 × 64 weights, "
    "and the numbers in its state are added up and divided by that of the weights."
)


@dataclass(frozen=True)
class _Row:
    """What has been measured for an optimizer."""

    keeps: Footprint
    more: dict[str, float]
    """The additions of its options, for torch's own optimizers."""


def draw() -> None:
    """Draw the page."""
    own = [info for info in ov.OPTIMIZERS.values() if info.is_torchs]
    others = [info for info in ov.OPTIMIZERS.values() if not info.is_torchs]
    st.markdown(
        f"All {len(own)} optimizers of `torch.optim` that optviz runs, each with its rule, where it comes "
        f"from, what it keeps in memory and when to use it. {_MEMORY}"
    )
    _at_a_glance(own)
    st.caption(_LETTERS)
    with st.container(key="optimizers"):
        for info in own:
            with st.container(border=True, key=f"optimizer-{info.name}"):
                _card(info)
    if others:
        _others(others)


@st.cache_data(show_spinner="Measuring what each optimizer keeps …", max_entries=500)
def _measured(name: str) -> _Row:
    with runs.lock():
        keeps = footprint(ov.OptimizerSpec(name))
        return _Row(keeps, options_that_keep_more(name) if ov.OPTIMIZERS[name].is_torchs else {})


def _at_a_glance(rows: Sequence[OptimizerInfo]) -> None:
    lines = ["| Optimizer | State per parameter | When to use it |", "| :-- | :-- | :-- |"]
    for info in rows:
        lines.append(f"| **{info.name}** | {_numbers(_measured(info.name))} | {fields.plain(info.when)} |")
    with st.container(key="optimizer-table"):
        st.markdown("\n".join(lines))


def _numbers(row: _Row) -> str:
    """How much an optimizer keeps, in words."""
    kept = "none" if row.keeps.numbers == 0 else _count(row.keeps.numbers)
    if row.keeps.grows:
        kept += " with a full history"
    again = " more" if row.keeps.numbers else ""
    more = [f"{_count(number)}{again} with `{option}`" for option, number in row.more.items()]
    return "; ".join([kept, *more])


def _count(numbers: float) -> str:
    if 0 < numbers < 1:
        return f"{numbers:.2g} numbers"
    return "1 number" if numbers == 1 else f"{numbers:g} numbers"


def _card(info: OptimizerInfo) -> None:
    row = _measured(info.name)
    st.markdown(f"## {info.name}\n\n{fields.plain(info.teaches)}")
    st.latex(rule_latex(_shown(info)))
    letters = " · ".join(f"${letter}$ {words}" for letter, words in rule_letters(_shown(info)))
    st.caption(letters)
    kept = ", ".join(f"`{name}`" for name in row.keeps.names)
    defaults = ", ".join(
        f"`{name}` {fields.plain(fields.show_value(param.default))}" for name, param in info.params.items()
    )
    lines = [
        f"**When to use it.** {fields.plain(info.when)}",
        f"**State per parameter:** {_numbers(row)}{f': {kept}' if kept else ''}.",
        f"**torch's defaults.** {defaults}.",
        f"**Source.** {fields.plain(info.source)}",
    ]
    if info.note:
        lines.append(f"**Note.** {fields.plain(info.note)}")
    st.markdown("\n\n".join(lines))
    key = f"try-{info.name}"
    act: dict[str, Any] = {"on_click": choices.act, "args": (key, choices.play_with, info.name)}
    st.button("Add it to the playground", key, icon=":material/add:", help=info.name, **act)
    fields.complain(key)


def _shown(info: OptimizerInfo) -> ov.OptimizerSpec:
    """The settings whose rule is shown: SGD's is trivial without momentum."""
    return ov.OptimizerSpec(info.name, {"momentum": 0.9} if info.name == "SGD" else {})


@fragments.part(fragments.OTHERS)
def _others(rows: Sequence[OptimizerInfo]) -> None:
    """Those of other packages, and of your own: what their signatures and their steps say."""
    label = f"{len(rows)} more, of other packages"
    with fields.fold(label, "others", fragments.OTHERS) as more:
        if not more.open:
            return
        st.caption(
            f"Measured in the same way. {len(third_party.UNABLE)} more cannot run: the playground says why."
        )
        lines = ["| Optimizer | Package | State per parameter |", "| :-- | :-- | :-- |"]
        for info in rows:
            lines.append(f"| {fields.plain(info.name)} | {fields.plain(info.group)} | {_kept(info)} |")
        st.markdown("\n".join(lines))


def _kept(info: OptimizerInfo) -> str:
    try:
        return _numbers(_measured(info.name))
    except ValueError:
        return "cannot be measured"
