"""Formulas to break a reader with: hostile ones, and those that are put together or changed at random."""

from __future__ import annotations

import random

from optviz.expressions.spelling import FUNCTIONS

HOSTILE = [
    "__import__('os').system('true')",
    "().__class__.__bases__[0]",
    "x.real",
    "x.__class__",
    "'a'*10**9",
    '"a"',
    "f'{x}'",
    "b'x'",
    "(" * 10_000 + "x" + ")" * 10_000,
    "(" * 140 + "x" + ")" * 140,
    "[" * 200,
    "x" * 100_000,
    "-" * 100_000 + "x",
    "-" * 290 + "x",
    "+".join("x" * 140),
    "not " * 70 + "x",
    "sin(" * 70 + "x" + ")" * 70,
    "x\0",
    "\0",
    "х + y",  # a Cyrillic letter
    "ﬁ",
    "x\u200b",
    "\ud800",
    "٣",
    "x if y else z",
    "lambda: x",
    "(a := x)",
    "print(1)",
    "eval(x)",
    "exec(x)",
    "open(x)",
    "[x for x in y]",
    "{x}",
    "x; y",
    "x\ny",
    "import os",
    "yield x",
    "await x",
    "*x",
    "**x",
    "1j*x",
    "0x10",
    "0b1",
    "1_000*x",
    "x @ y",
    "x % y",
    "x << y",
    "~x",
    "...",
    "None",
    "x is y",
    "1is x",
    "x in y",
    "# x",
    "x \\\n + y",
    "1if x else 2",
    "sin(t=x)",
    "9" * 299,
    "1e" + "9" * 290,
]


PIECES = [
    *(
        "x",
        "y",
        "a",
        "pi",
        "e",
        "1",
        "2.5",
        "1e3",
        "0",
        "beta",
        "lr_2",
        "(",
        ")",
        "(",
        ")",
        ",",
        "+",
        "-",
        "*",
        "/",
    ),
    *(
        "**",
        "**2",
        "<",
        "<=",
        "==",
        "and",
        "or",
        "not",
        " ",
        " ",
        "where(",
        "sin(",
        "min(",
        "atan2(",
        "sqrt(",
    ),
    *(
        ".",
        "'",
        '"',
        "[",
        "]",
        "{",
        "}",
        ":",
        ":=",
        "=",
        "@",
        "%",
        "^",
        "~",
        "&",
        "|",
        "\\",
        "#",
        "$",
        "`",
        ";",
    ),
    *(
        "\n",
        "\t",
        "\0",
        "\x0c",
        "\x1a",
        "²",
        "π",
        "ｘ",
        "\u202e",
        "\ud800",
        "😀",
        "lambda",
        "if",
        "else",
        "for",
        "in",
    ),
    *(
        "__import__",
        "__class__",
        "print(",
        "eval(",
        "None",
        "True",
        "await",
        "0x",
        "1_",
        "1j",
        "e400",
        "99999",
    ),
]


def generated(rng: random.Random, depth: int) -> str:
    """A formula that is well formed."""
    if depth == 0:
        return rng.choice(["x", "y", "x", "y", "a", "pi", "e", "2", "0.5", "1e-3", "7", "c1"])

    def part() -> str:
        return generated(rng, rng.randrange(depth))

    def condition() -> str:
        comparison = f"{part()} {rng.choice(['<', '<=', '>', '>=', '==', '!='])} {part()}"
        return rng.choice(
            [
                comparison,
                comparison,
                f"not {comparison}",
                f"({comparison}) and y < 1",
                f"x > 0 or {comparison}",
            ]
        )

    name = rng.choice(sorted(FUNCTIONS))
    if name == "where":
        call = f"where({condition()}, {part()}, {part()})"
    else:
        call = f"{name}({', '.join(part() for _ in range(FUNCTIONS[name][0]))})"
    sign = rng.choice(["+", "-", "*", "/", "**"])
    return rng.choice(
        [call, f"({part()}) {sign} ({part()})", f"({part()}){sign}{part()}", f"-({part()})", f"({part()})**2"]
    )


def mutated(rng: random.Random, text: str) -> str:
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(text) + 1)
        cut = at + rng.randrange(4) if rng.random() < 0.5 else at
        text = text[:at] + (rng.choice(PIECES) if rng.random() < 0.7 else "") + text[cut:]
    return text
