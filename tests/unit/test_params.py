"""What each kind accepts, refuses and says, and that settings are values."""

from __future__ import annotations

import copy
import enum
import math
import pickle
import re
import sys
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from optviz.spec.params import (
    DEEPEST,
    WORD,
    Choice,
    Competitor,
    Flag,
    Float,
    Int,
    Ints,
    Maybe,
    Param,
    Points,
    Settings,
    Some,
    Text,
    Tuple,
    coerce_all,
    complete,
    describe,
    freeze,
)


class Color(str, enum.Enum):  # noqa: UP042  (its `str` is not its text)
    RED = "red"


class Level(enum.IntEnum):
    TWO = 2


def named(rows: list[tuple]) -> list:
    """Rows for parametrize, named by number: some of their values cannot be printed."""
    return [pytest.param(*row, id=str(at)) for at, row in enumerate(rows)]


def refusal(make: Callable[[], object]) -> str:
    """What the ValueError says that is raised; nothing where there is none."""
    try:
        make()
    except ValueError as error:
        return str(error)
    return ""


def same(one: object, other: object) -> bool:
    """Equal, of the same types all the way down, and of the same sign where they are zero."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and repr(one) == repr(other)


LR = Float(0.0, 1e4, log=True)
EPS = Tuple((Maybe(Float(0.0, 1.0)), Float(0.0, 1.0)))
NESTED = Maybe(Tuple((Maybe(Tuple((Int(0, 9), Maybe(Int(0, 9))))), Flag())))

# -- what is taken ---------------------------------------------------------------------------------------

TAKEN = [
    (LR, 0.1, 0.1),
    (LR, 1, 1.0),
    (LR, 0, 0.0),
    (LR, -0.0, 0.0),
    (LR, 1e4, 10000.0),
    (LR, 5e-324, 5e-324),
    (LR, Fraction(1, 4), 0.25),
    (LR, np.float64(0.1), 0.1),
    (LR, np.float32(0.5), 0.5),
    (LR, np.float16(0.5), 0.5),
    (LR, np.longdouble(0.5), 0.5),
    (LR, np.int64(3), 3.0),
    (LR, np.uint8(3), 3.0),
    (LR, np.array(0.5), 0.5),
    (LR, Level.TWO, 2.0),
    (Float(-math.inf, math.inf), -sys.float_info.max, -sys.float_info.max),
    (Int(1, 300), 300, 300),
    (Int(1, 300), 300.0, 300),
    (Int(1, 300), 1, 1),
    (Int(-5, 5), -5, -5),
    (Int(-5, 5), -0.0, 0),
    (Int(1, 300), np.int32(7), 7),
    (Int(1, 300), np.float64(7.0), 7),
    (Int(1, 300), np.array(7), 7),
    (Int(1, 300), Level.TWO, 2),
    (Int(0, 2**63 - 1), 2**63 - 1, 2**63 - 1),
    (Int(0, 2**63 - 1), 2**53 + 1, 2**53 + 1),
    (Int(0, 2**63 - 1), np.int64(2**53 + 1), 2**53 + 1),
    (Flag(), True, True),
    (Flag(), False, False),
    (Flag(), np.True_, True),
    (Flag(), np.array(False), False),
    (Text(), "", ""),
    (Text(3), "abc", "abc"),
    (Text(), "é🙂\n\x00'\"", "é🙂\n\x00'\""),
    (Text(), np.str_("abc"), "abc"),
    (Text(), Color.RED, "red"),
    (Choice(("min", "max")), "max", "max"),
    (Choice(("min", "max")), np.str_("max"), "max"),
    (Choice(("red",)), Color.RED, "red"),
    (Tuple((LR, LR)), (0.9, 0.99), (0.9, 0.99)),
    (Tuple((LR, LR)), [1, 0], (1.0, 0.0)),
    (Tuple((LR, LR)), np.array([0.5, 0.25], dtype=np.float32), (0.5, 0.25)),
    (Tuple((LR, LR)), (np.float64(0.5), 1), (0.5, 1.0)),
    (Tuple((LR,)), [1], (1.0,)),
    (Tuple(()), [], ()),
    (EPS, (None, 1e-3), (None, 0.001)),
    (EPS, [1e-30, 1], (1e-30, 1.0)),
    (Ints(1, 100), [], ()),
    (Some(("a", "b", "c")), ["a", "c"], ("a", "c")),
    (Some(("a", "b", "c")), (), ()),
    (Ints(1, 100), [30, 80.0, np.int64(90)], (30, 80, 90)),
    (Ints(1, 100), np.array([30, 80]), (30, 80)),
    (Ints(1, 100, longest=2), (1, 100), (1, 100)),
    (Points(), [(0, 1), [2.5, -3]], ((0.0, 1.0), (2.5, -3.0))),
    (Points(), np.array([[0, 1], [2, 3]]), ((0.0, 1.0), (2.0, 3.0))),
    (Points(longest=2), [(0, 1e6), (1e-6, -1e6)], ((0.0, 1e6), (1e-6, -1e6))),
    (Maybe(LR), None, None),
    (Maybe(LR), 1, 1.0),
    (Maybe(Maybe(LR)), None, None),
    (Maybe(Flag()), False, False),
    (Maybe(Text()), "", ""),
    (NESTED, None, None),
    (NESTED, [None, False], (None, False)),
    (NESTED, [[1, None], True], ((1, None), True)),
    (NESTED, ((1.0, np.int8(2)), np.False_), ((1, 2), False)),
]


@pytest.mark.parametrize("method", ["coerce", "check"])
@pytest.mark.parametrize(("kind", "given", "expected"), named(TAKEN))
def test_taken(kind, given, expected, method) -> None:
    taken = getattr(kind, method)(given)
    assert same(taken, expected)
    assert same(getattr(kind, method)(taken), expected), "what was taken must be taken again, unchanged"
    hash(taken)


# -- what is refused by its type, also by the engine -----------------------------------------------------

NO_NUMBERS = [
    True,
    False,
    np.True_,
    np.array(True),
    "1",
    b"1",
    "",
    None,
    1j,
    np.complex128(1),
    object(),
    float,
]
NO_NUMBERS += [[1], (1,), {}, {1}, np.float64, np.array([1])]
NOT_FINITE = [
    math.inf,
    -math.inf,
    math.nan,
    np.inf,
    np.float32("nan"),
    np.array(np.inf),
]

REFUSED = [
    (Points(), "1,2", "must be a list of points \\(x, y\\), not '1,2'"),
    (Points(), [1, 2], r"\(point 1\) must be 2 values, not 1"),
    (Points(), [(1, 2), (1, 2, 3)], r"\(point 2\) must be 2 values, not \(1, 2, 3\)"),
    (Points(), [(1, math.inf)], r"\(point 1\) \(value 2\) must be a finite number, not inf"),
    *((LR, value, "must be a number, not .+") for value in NO_NUMBERS),
    *((LR, value, "must be a finite number, not (-?inf|nan)") for value in NOT_FINITE),
    (LR, 10**400, "is too large: 10+[.]{3}0+"),
    (LR, 10**5000, "is too large: a number of thousands of digits"),
    (LR, Fraction(10**400), "is too large: .+"),
    *((Int(0, 9), value, "must be a whole number, not .+") for value in NO_NUMBERS),
    *((Int(0, 9), value, "must be a finite number, not (-?inf|nan)") for value in NOT_FINITE),
    (Int(0, 9), 1.5, "must be a whole number, 1 or 2, not 1[.]5"),
    (Int(0, 9), np.float32(0.5), "must be a whole number, 0 or 1, not 0[.]5"),
    (Int(0, 9), Fraction(1, 4), "must be a whole number, 0 or 1, not 0[.]25"),
    (Int(0, 9), 1.0000000001, "must be a whole number, 1 or 2, not 1[.]0000000001"),
    *(
        (Flag(), value, "must be True or False, not .+")
        for value in (0, 1, 1.0, None, "True", "", [], np.int8(1))
    ),
    *(
        (Text(), value, "must be a text, not .+")
        for value in (1, True, None, b"a", ["a"], ("a",), {}, object())
    ),
    (Text(), "a\ud800b", r"must be a text of whole characters, but 'a\\ud800b' has half of one"),
    *((Choice(("a", "b")), value, "must be one of a, b, not .+") for value in (1, None, True, b"a", ["a"])),
    *(
        (EPS, value, "must be 2 values, not .+")
        for value in (1.0, "ab", None, (), (1,), (1, 1, 1), {1, 2}, {})
    ),
    (EPS, (0.1, None), "[(]value 2[)] must be a number, not None"),
    (EPS, (True, 0.1), "[(]value 1[)] must be a number, not True"),
    (EPS, np.zeros(3), "must be 2 values, not .+"),
    *(
        (Ints(1, 9), value, "must be a list of whole numbers, not .+")
        for value in (1, "12", None, {1}, {}, 1.5)
    ),
    (Ints(1, 9), [1, True], "[(]value 2[)] must be a whole number, not True"),
    (Ints(1, 9), [1.5], "[(]value 1[)] must be a whole number, 1 or 2, not 1[.]5"),
    *((Some(("a", "b")), value, "must be a list of texts, not .+") for value in (1, "a", None, {})),
    (Some(("a", "b")), ["a", 1], "must be one of a, b, not 1"),
    (Maybe(LR), "None", "must be a number, not 'None'"),
    (Maybe(LR), False, "must be a number, not False"),
    (Maybe(Maybe(Flag())), 0, "must be True or False, not 0"),
    (NESTED, [None, None], "[(]value 2[)] must be True or False, not None"),
    (NESTED, [[None, 1], True], "[(]value 1[)] [(]value 1[)] must be a whole number, not None"),
]


@pytest.mark.parametrize("method", ["coerce", "check"])
@pytest.mark.parametrize(("kind", "given", "sentence"), named(REFUSED))
def test_refused(kind, given, sentence, method) -> None:
    said = refusal(lambda: getattr(kind, method)(given))
    assert re.fullmatch(sentence + r"\.", said)
    assert len(said) < 200


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (Flag(), " On ", True),
        (Flag(), "false", False),
        (Text(), " as it is ", " as it is "),
        (Choice(("a", "b")), "b", "b"),
        (Competitor(), "3", 3),
        (Tuple((Float(0, 1), Int(0, 9))), "(0.5, 3)", (0.5, 3)),
        (Tuple((Text(), Int(0, 9)), optional=1), "lr", ("lr",)),
        (Ints(0, 9), "[1, 2]", (1, 2)),
        (Points(), "0,1; 2,3\n4 5;", ((0.0, 1.0), (2.0, 3.0), (4.0, 5.0))),
        (Some(("a", "b")), "b, a,", ("a", "b")),
        (Maybe(Choice(("a",))), "", None),
        (Maybe(Choice(("a",))), "a", "a"),
        (Maybe(Flag()), "off", False),
    ],
)
def test_every_kind_reads_what_is_typed(kind, text, expected) -> None:
    value = kind.read(text)
    assert value == expected and type(value) is type(expected)


@pytest.mark.parametrize(
    ("kind", "text", "sentence"),
    [
        (Flag(), "maybe", "must be on or off, not 'maybe'."),
        (Text(3), "four", "must have at most 3 characters, not 4."),
        (Choice(("a", "b")), "c", "must be one of a, b, not 'c'."),
        (Competitor(), "8", "must be between 0 and 7, not 8."),
        (Tuple((Float(0, 1), Int(0, 9))), "0.5", "must be 2 values, not ['0.5']."),
        (Tuple((Float(0, 1), Int(0, 9))), "0.5, x", "(value 2)"),
        (Points(), "0,1; 2", "(point 2) must be 2 values, not ['2']."),
        (Some(("a", "b")), "a, c", "must be one of a, b, not 'c'."),
    ],
)
def test_every_kind_refuses_what_is_typed_with_a_sentence(kind, text, sentence) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}"):
        kind.read(text)


def test_some_of_a_few_have_no_order() -> None:
    assert Some(("a", "b", "c")).check(["c", "a", "c"]) == ("a", "c")


# -- what is refused by its range, though the engine takes it --------------------------------------------

OUT_OF_RANGE = [
    (LR, -1, -1.0, "must be between 0 and 10000, not -1."),
    (LR, -1e-9, -1e-9, "must be between 0 and 10000, not -1e-09."),
    (LR, 10000.1, 10000.1, "must be between 0 and 10000, not 10000.1."),
    (LR, 1e300, 1e300, "must be between 0 and 10000, not 1e+300."),
    (Float(1e-8, 1.0, log=True), 0, 0.0, "must be between 1e-08 and 1, not 0."),
    (Float(0.0, 0.999999), 1.0, 1.0, "must be between 0 and 0.999999, not 1."),
    (Float(0.0, 0.9999999), 1, 1.0, "must be between 0 and 0.9999999, not 1."),
    (Float(0.0, math.inf), -0.5, -0.5, "must be at least 0, not -0.5."),
    (Int(1, 1_000_000), 0, 0, "must be between 1 and 1,000,000, not 0."),
    (Int(1, 1_000_000), 1_000_001, 1_000_001, "must be between 1 and 1,000,000, not 1,000,001."),
    (Int(1, 1_000_000), 1e6 + 1, 1_000_001, "must be between 1 and 1,000,000, not 1,000,001."),
    (Int(0, 2**63 - 1), 2**63, 2**63, f"must be between 0 and {2**63 - 1:,}, not {2**63:,}."),
    (Text(3), "abcd", "abcd", "must have at most 3 characters, not 4."),
    (Text(), "a" * 201, "a" * 201, "must have at most 200 characters, not 201."),
    (Choice(("min", "max")), "Max", "Max", "must be one of min, max, not 'Max'."),
    (Choice(("min", "max")), "", "", "must be one of min, max, not ''."),
    (EPS, (None, 2), (None, 2.0), "(value 2) must be between 0 and 1, not 2."),
    (EPS, (-1, 2), (-1.0, 2.0), "(value 1) must be between 0 and 1, not -1."),
    (Ints(1, 9), [1, 10], (1, 10), "(value 2) must be between 1 and 9, not 10."),
    (Ints(1, 9, longest=2), [1, 2, 3], (1, 2, 3), "must have at most 2 numbers, not 3."),
    (Points(), [], (), "must be at least 2 points with different x: else any slope would fit."),
    (
        Points(),
        [(1, 2), (1, 3)],
        ((1.0, 2.0), (1.0, 3.0)),
        "must be at least 2 points with different x: else any slope would fit.",
    ),
    (
        Points(9.0),
        [(1, 2), (2, 10)],
        ((1.0, 2.0), (2.0, 10.0)),
        "(point 2) (value 2) must be between -9 and 9, not 10.",
    ),
    (Points(longest=1), [(1, 2), (2, 3)], ((1.0, 2.0), (2.0, 3.0)), "must be at most 1 points, not 2."),
    (Some(("a", "b")), ["c"], ("c",), "must be one of a, b, not 'c'."),
    (Maybe(LR), -1, -1.0, "must be between 0 and 10000, not -1."),
    (NESTED, [[10, 1], True], ((10, 1), True), "(value 1) (value 1) must be between 0 and 9, not 10."),
]


@pytest.mark.parametrize(("kind", "given", "coerced", "sentence"), named(OUT_OF_RANGE))
def test_out_of_range_is_coerced_but_not_checked(kind, given, coerced, sentence) -> None:
    assert same(kind.coerce(given), coerced)
    said = refusal(lambda: kind.check(given))
    assert said == sentence


def test_huge_whole_numbers_are_refused_in_a_short_sentence() -> None:
    for huge in (10**30, 10**400, 10**5000):
        with pytest.raises(ValueError, match=r"^must be between 1 and 9, not .{1,60}\.$"):
            Int(1, 9).check(huge)


@pytest.mark.parametrize(
    "kind", [LR, Int(0, 9), Flag(), Text(), Choice(("a",)), EPS, Ints(0, 9), Points(), NESTED]
)
def test_kinds_are_values(kind) -> None:
    for twin in (copy.copy(kind), copy.deepcopy(kind), pickle.loads(pickle.dumps(kind))):
        assert twin == kind and hash(twin) == hash(kind)
    with pytest.raises((AttributeError, TypeError)):
        kind.low = 5
    param = Param(kind, None, "help")
    assert pickle.loads(pickle.dumps(param)) == param
    with pytest.raises(AttributeError):
        param.default = 5


def test_kinds_of_different_ranges_differ() -> None:
    kinds = [
        Float(0, 1),
        Float(0, 2),
        Float(0, 1, log=True),
        Int(0, 1),
        Maybe(Int(0, 1)),
        Tuple((Int(0, 1),)),
    ]
    assert len(set(kinds)) == len(kinds)


# -- any value, frozen -----------------------------------------------------------------------------------

FROZEN = [
    (None, None),
    (True, True),
    (np.False_, False),
    (0, 0),
    (-0.0, 0.0),
    (1.0, 1.0),
    (10**300, 10**300),
    (np.int64(5), 5),
    (np.uint64(2**64 - 1), 2**64 - 1),
    (np.float32(0.5), 0.5),
    (np.array(5), 5),
    (np.array(0.5), 0.5),
    (Level.TWO, 2),
    (Color.RED, "red"),
    (np.str_("a"), "a"),
    ("text", "text"),
    ([], ()),
    ([1, [2.0, (None,)]], (1, (2.0, (None,)))),
    (np.array([[1, 2], [3, 4]]), ((1, 2), (3, 4))),
    (np.array([True, False]), (True, False)),
    (np.array(["a", "b"]), ("a", "b")),
    ([np.float64(1.0), np.array([2])], (1.0, (2,))),
    (Fraction(1, 2), 0.5),
    ([-0.0], (0.0,)),
    ([[[[1]]]], ((((1,),),),)),
]


@pytest.mark.parametrize(("given", "expected"), named(FROZEN))
def test_freeze(given, expected) -> None:
    assert same(freeze(given), expected)
    assert same(freeze(freeze(given)), expected)


def bottomless() -> list:
    loop: list = []
    loop.append(loop)
    return loop


NOT_FROZEN = [
    *((value, "must be a finite number, not .+") for value in NOT_FINITE),
    *(
        (value, "must be a number, a text, a switch or a list of these, not .+")
        for value in ({}, {1}, b"a", 1j)
    ),
    *(
        (value, "must be a number, a text, a switch or a list of these, not .+")
        for value in (object(), np.ndarray, len)
    ),
    (np.array([1j]), "must be a number, a text, a switch or a list of these, not 1j"),
    (np.array([0.5, np.nan]), "must be a finite number, not nan"),
    (np.datetime64("2020-01-01"), "must be a number, a text, .+"),
    ("\udfff", "must be a text of whole characters, .+"),
    (10**400, "is too large: .+"),
    (-(10**5000), "is too large: .+"),
    ([1, [math.nan]], "must be a finite number, not nan"),
    ([[[[[1]]]]], f"must not be nested more than {DEEPEST} lists deep"),
    (np.zeros((1, 1, 1, 1, 1)), f"must not be nested more than {DEEPEST} lists deep"),
    (bottomless(), f"must not be nested more than {DEEPEST} lists deep"),
]


@pytest.mark.parametrize(("given", "sentence"), named(NOT_FROZEN))
def test_freeze_refuses(given, sentence) -> None:
    said = refusal(lambda: freeze(given))
    assert re.fullmatch(sentence + r"\.", said)


def test_describe_is_short_and_never_fails() -> None:
    class Nasty:
        def __repr__(self) -> str:
            raise RuntimeError

    for value in (
        "a" * 10**6,
        [1] * 10**6,
        10**5000,
        [10**5000],
        bottomless(),
        Nasty(),
        {1: {2: 3}},
        "\ud800",
    ):
        assert 0 < len(describe(value)) < 200
        describe(value).encode()
    assert [describe(value) for value in ("abc", 1.5, None, True)] == ["'abc'", "1.5", "None", "True"]


# -- settings --------------------------------------------------------------------------------------------


def test_settings_are_a_mapping_and_a_value() -> None:
    settings = Settings({"lr": 0.1, "betas": [0.9, 0.99]})
    assert settings == {"lr": 0.1, "betas": (0.9, 0.99)}
    assert dict(settings) == {"lr": 0.1, "betas": (0.9, 0.99)}
    assert list(settings) == ["lr", "betas"] and len(settings) == 2 and "lr" in settings
    assert repr(settings) == "{'lr': 0.1, 'betas': (0.9, 0.99)}"
    assert Settings() == Settings({}) == Settings(None) == {}
    with pytest.raises(KeyError):
        settings["momentum"]
    with pytest.raises(TypeError):
        settings["lr"] = 1  # type: ignore[index]
    with pytest.raises(AttributeError):
        settings.lr = 1  # type: ignore[attr-defined]


def test_settings_do_not_mind_the_order_or_the_type_of_a_number() -> None:
    one, other = Settings({"a": 1, "b": [2.0]}), Settings({"b": (2,), "a": 1.0})
    assert one == other and hash(one) == hash(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, {}),
        ({"a": 1}, {"a": 1, "b": 1}),
        ({"a": 1}, {"a": True}),
        ({"a": 0.0}, {"a": False}),
        ({"a": [1, 0]}, {"a": [1, False]}),
        ({"a": [[1]]}, {"a": [[True]]}),
        ({"a": [1]}, {"a": [1, 1]}),
        ({"a": [1]}, {"a": 1}),
        ({"a": None}, {"a": False}),
        ({"a": "1"}, {"a": 1}),
        ({"a": ()}, {"a": None}),
    ],
)
def test_settings_that_differ(one, other) -> None:
    assert Settings(one) != Settings(other)
    assert Settings(other) != Settings(one)
    assert Settings(one) == Settings(one) and Settings(other) == Settings(other)


def test_settings_differ_from_what_is_no_mapping() -> None:
    assert Settings({"a": 1}) != [("a", 1)]
    assert Settings() != None  # noqa: E711


def test_settings_are_copied_from_what_is_given_and_copy_themselves() -> None:
    betas = [0.9, 0.99]
    given = {"betas": betas}
    settings = Settings(given)
    betas[0] = 0.0
    given["lr"] = [1.0]
    assert settings == {"betas": (0.9, 0.99)}
    twins = [copy.copy(settings), copy.deepcopy(settings), Settings(settings)]
    twins += [
        pickle.loads(pickle.dumps(settings, protocol)) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
    ]
    for twin in twins:
        assert type(twin) is Settings and twin == settings and hash(twin) == hash(settings)


@pytest.mark.parametrize(
    "name", [1, None, ("a",), "", "a b", "1a", "a-b", "a.b", "a(", "a=1", "a\n", "\ud800", "a" * 81]
)
def test_a_parameters_name_is_a_word(name) -> None:
    with pytest.raises(ValueError, match=r"^a parameter's name must be a word, not .+\.$"):
        Settings({name: 1})


@pytest.mark.parametrize("name", ["a", "_a", "T_max", "lambda", "None", "é", "µ", "ß2", "a" * 80])
def test_words(name) -> None:
    assert WORD.fullmatch(name)
    assert Settings({name: 1})[name] == 1


def test_settings_name_the_parameter_that_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"^lr must be a finite number, not inf\.$"):
        Settings({"momentum": 0.9, "lr": math.inf})


# -- many declared parameters ----------------------------------------------------------------------------

ADAM = {
    "lr": Param(LR, 1e-3, "rate"),
    "betas": Param(Tuple((Float(0, 1), Float(0, 1))), (0.9, 0.999), "memory"),
    "amsgrad": Param(Flag(), False, "variant"),
}


def test_coerce_all_gives_what_is_given_in_its_own_type() -> None:
    given = {"betas": [1, 0], "lr": np.float32(0.5)}
    coerced = coerce_all("Adam", ADAM, given)
    assert list(coerced) == ["betas", "lr"] and same(tuple(coerced.values()), ((1.0, 0.0), 0.5))
    assert coerce_all("Adam", ADAM, {}) == {}
    assert coerce_all("Adam", ADAM, {"lr": -1}) == {"lr": -1.0}, "ranges are torch's to judge"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"lr": "fast"}, "Adam: lr must be a number, not 'fast'."),
        ({"lr": True}, "Adam: lr must be a number, not True."),
        ({"betas": 0.9}, "Adam: betas must be 2 values, not 0.9."),
        ({"betas": (0.9, None)}, "Adam: betas (value 2) must be a number, not None."),
        ({"amsgrad": 1}, "Adam: amsgrad must be True or False, not 1."),
        ({"rate": 1}, "Adam has no parameter 'rate'. Its parameters: lr, betas, amsgrad."),
        ({3: 1}, "Adam has no parameter 3. Its parameters: lr, betas, amsgrad."),
    ],
)
def test_coerce_all_names_the_owner_and_the_parameter(given, sentence) -> None:
    said = refusal(lambda: coerce_all("Adam", ADAM, given))
    assert said == sentence


def test_complete_adds_what_is_not_given() -> None:
    values = complete("Adam", ADAM, {"betas": [1, 0]})
    assert list(values) == list(ADAM)
    assert same(tuple(values.values()), (1e-3, (1.0, 0.0), False))
    assert complete("Sphere", {}, {}) == {}
    with pytest.raises(ValueError, match=r"^Adam has no parameter 'rate'\. Its parameters: .+\.$"):
        complete("Adam", ADAM, {"rate": 1})


@pytest.mark.parametrize("convert", [coerce_all, complete])
def test_ranges_are_checked_where_that_is_asked_for(convert) -> None:
    assert convert("Adam", ADAM, {"lr": -1})["lr"] == -1.0
    with pytest.raises(ValueError, match=r"^Adam: lr must be between 0 and 10000, not -1\.$"):
        convert("Adam", ADAM, {"lr": -1}, check=True)


def test_coerce_all_of_something_without_parameters() -> None:
    said = refusal(lambda: coerce_all("Sphere", {}, {"a": 1}))
    assert said == "Sphere has no parameter 'a'. Its parameters: none."
