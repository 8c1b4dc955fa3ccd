// Formulas of optviz/expressions/terms.py: a number, a symbol's key, or a list of an operation's name and its parts.

import { precise } from "./ticks.js";

/** @typedef {import("./message.js").Term} Term */
/** @typedef {(key: string, axis: number) => number} Values */
/** @typedef {import("./message.js").Symbol} Symbol */

/** @type {Record<string, (...numbers: number[]) => number>} */
const OPERATIONS = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "**": (a, b) => a ** b,
  neg: (a) => -a,
  sqrt: Math.sqrt,
  abs: Math.abs,
  sign: Math.sign,
  max: Math.max,
  min: Math.min,
  float32: Math.fround,
  "by sign": (of, positive, negative, zero) => (of > 0 ? positive : of < 0 ? negative : zero),
};

/**
 * What is one number for a tensor, from its two. Where one of them is frozen, no rule has it.
 * @type {Record<string, (x: number, y: number) => number>}
 */
const OF_A_TENSOR = { RMS: (x, y) => Math.sqrt((x * x + y * y) / 2) };

/**
 * @param {Term} term
 * @param {Values} values
 * @param {number} axis
 * @returns {number}
 */
export function evaluate(term, values, axis = 0) {
  if (typeof term === "number") return term;
  if (typeof term === "string") return values(term, axis);
  const [name, ...parts] = term;
  if (name in OF_A_TENSOR)
    return OF_A_TENSOR[name](evaluate(parts[0], values, 0), evaluate(parts[0], values, 1));
  return OPERATIONS[name](...parts.map((part) => evaluate(part, values, axis)));
}

/**
 * The term as it is written with numbers: the RMS of θ is that of "theta@0" and "theta@1".
 * @param {Term} term
 * @returns {Term}
 */
export function apart(term) {
  if (!Array.isArray(term)) return term;
  const [name, ...parts] = term;
  if (name in OF_A_TENSOR) return [name, on(parts[0], 0), on(parts[0], 1)];
  return [name, ...parts.map(apart)];
}

/**
 * @param {Term} term
 * @param {number} axis
 * @returns {Term}
 */
function on(term, axis) {
  if (typeof term === "string") return `${term}@${axis}`;
  return Array.isArray(term) ? [term[0], ...term.slice(1).map((part) => on(part, axis))] : term;
}

/** How tightly what is written binds, as in optviz/expressions/latex.py. */
const OPEN = 0;
export const SUM = 1;
const PRODUCT = 2;
const BASE = 3;
const ATOM = 4;

/**
 * How formulas are written: as MathML, or as LaTeX. `leaf` writes a symbol or a number, in brackets where it
 * binds less tightly than `rank`.
 * @template T
 * @typedef {{
 *   leaf: (leaf: number | string, rank: number) => T, bracket: (inner: T) => T,
 *   sum: (left: T, sign: string, right: T) => T, product: (left: T, right: T) => T, negative: (part: T) => T,
 *   fraction: (above: T, below: T) => T, power: (base: T, exponent: T) => T, root: (inner: T) => T,
 *   size: (inner: T) => T, call: (name: string, parts: T[]) => T, cases: (lines: [T, T, string][]) => T,
 * }} Writer
 */

/**
 * @template T
 * @param {Term} term
 * @param {Writer<T>} writer
 * @param {number} rank how tightly it has to hold together, else it is bracketed
 * @returns {T}
 */
export function write(term, writer, rank = OPEN) {
  if (typeof term === "number" || typeof term === "string") return writer.leaf(term, rank);
  const [text, own] = operation(term, writer);
  return own < rank ? writer.bracket(text) : text;
}

/**
 * An operation, and how tightly what is written binds.
 * @template T
 * @param {any[]} term
 * @param {Writer<T>} writer
 * @returns {[T, number]}
 */
function operation([name, ...parts], writer) {
  const part = (/** @type {number} */ place, rank = OPEN) => write(parts[place], writer, rank);
  switch (name) {
    case "+":
      return [writer.sum(part(0, SUM), "+", part(1, PRODUCT)), SUM];
    case "-":
      return [writer.sum(part(0, SUM), "−", part(1, PRODUCT)), SUM];
    case "*":
      if (Array.isArray(parts[0]) && parts[0][0] === "neg")
        return operation(["neg", ["*", parts[0][1], parts[1]]], writer);
      return [writer.product(part(0, PRODUCT), part(1, PRODUCT)), PRODUCT];
    case "neg":
      return [writer.negative(part(0, PRODUCT)), SUM];
    case "/":
      return [writer.fraction(part(0), part(1)), BASE];
    case "**":
      return [writer.power(part(0, ATOM), part(1)), BASE];
    case "sqrt":
      return [writer.root(part(0)), ATOM];
    case "abs":
      return [writer.size(part(0)), ATOM];
    case "by sign": {
      const lines = [">", "<", "="].map((sign, place) => [part(place + 1), part(0), sign]);
      return [writer.cases(/** @type {[T, T, string][]} */ (lines)), OPEN];
    }
    default:
      return [
        writer.call(
          name,
          parts.map((_, place) => part(place)),
        ),
        BASE,
      ];
  }
}

/**
 * MathML, which browsers typeset themselves.
 * @param {(leaf: number | string, rank: number) => Element} leaf
 * @returns {Writer<Element>}
 */
export function mathml(leaf) {
  const row = (/** @type {(Element | string)[]} */ ...parts) =>
    tag("mrow", ...parts.map((part) => (typeof part === "string" ? operator(part) : part)));
  return {
    leaf,
    bracket: (inner) => row("(", inner, ")"),
    sum: row,
    product: (left, right) => row(left, "·", right),
    negative: (part) => row("−", part),
    fraction: (above, below) => tag("mfrac", above, below),
    power: (base, exponent) => tag("msup", base, exponent),
    root: (inner) => tag("msqrt", inner),
    size: (inner) => row("|", inner, "|"),
    call: (name, parts) =>
      row(upright(name), "(", ...parts.flatMap((part, place) => (place ? [",", part] : [part])), ")"),
    cases: (lines) => {
      const rows = lines.map(([value, of, relation]) =>
        tag("mtr", tag("mtd", value), tag("mtd", row(of, relation, tag("mn", "0")))),
      );
      return row("{", tag("mtable", ...rows));
    },
  };
}

/**
 * LaTeX, to be taken away.
 * @param {(key: string) => string} shown what stands for a symbol
 * @returns {Writer<string>}
 */
export function latex(shown) {
  const bracket = (/** @type {string} */ inner) => `\\left(${inner}\\right)`;
  return {
    leaf: (leaf, rank) => {
      const text = typeof leaf === "number" ? numberTeX(leaf) : shown(leaf);
      const isRaised = /['^]/.test(text); // TeX refuses a second superscript
      const own = text.startsWith("-") ? SUM : text.includes("\\cdot") ? PRODUCT : isRaised ? BASE : ATOM;
      return own < rank ? bracket(text) : text;
    },
    bracket,
    sum: (left, sign, right) => `${left} ${sign === "−" ? "-" : sign} ${right}`,
    product: (left, right) => {
      const isReadAsOne = /^\d/.test(right) || (right.startsWith("\\frac{") && /\d$/.test(left));
      return `${left}${isReadAsOne ? " \\cdot " : " "}${right}`;
    },
    negative: (part) => `-${part}`,
    fraction: (above, below) => `\\frac{${above}}{${below}}`,
    power: (base, exponent) => `${base}^{${exponent}}`,
    root: (inner) => `\\sqrt{${inner}}`,
    size: (inner) => `\\left|${inner}\\right|`,
    call: (name, parts) =>
      `${["max", "min"].includes(name) ? `\\${name}` : `\\operatorname{${name}}`}${bracket(parts.join(", "))}`,
    cases: (lines) => {
      const rows = lines.map(([value, of, relation]) => `${value} & ${of} ${relation} 0`);
      return `\\begin{cases} ${rows.join(" \\\\ ")} \\end{cases}`;
    },
  };
}

/**
 * A number as LaTeX, with six significant digits.
 * @param {number} value
 */
export function numberTeX(value) {
  if (Number.isNaN(value)) return "\\text{NaN}";
  const [digits, power] = precise(value, 6).replaceAll("−", "-").replace("∞", "\\infty").split("e");
  return power ? `${digits} \\cdot 10^{${power}}` : digits;
}

/**
 * A symbol as MathML.
 * @param {Symbol} symbol
 */
export function symbolML([base, sub, mark]) {
  const letter = tag("mi", base);
  const over = { hat: "^", tilde: "~" }[mark];
  const marked = over ? tag("mover", letter, tag("mo", over)) : letter;
  if (over) marked.setAttribute("accent", "true");
  const above = over || !mark ? null : mark === "prime" ? tag("mo", "′") : upright(mark);
  const below = sub ? (isWord(sub) ? upright(sub) : tag("mrow", ...Array.from(sub, small))) : null;
  if (above && below) return tag("msubsup", marked, below, above);
  if (above) return tag("msup", marked, above);
  return below ? tag("msub", marked, below) : marked;
}

/** @param {string} letter of what stands below a symbol, such as t−1 */
function small(letter) {
  return tag(/\d/.test(letter) ? "mn" : /[−+]/.test(letter) ? "mo" : "mi", letter);
}

/** @param {string} text */
function operator(text) {
  const element = tag("mo", text);
  if (text === "(" || text === ")") element.setAttribute("stretchy", "false");
  return element;
}

/** @param {string} word */
function upright(word) {
  const element = tag("mi", word);
  element.setAttribute("class", "optviz-upright");
  return element;
}

/** @param {string} text */
function isWord(text) {
  return text.length > 2 && /^[a-z]+$/i.test(text);
}

/**
 * @param {string} name
 * @param {(Element | string)[]} parts
 */
export function tag(name, ...parts) {
  const element = document.createElementNS("http://www.w3.org/1998/Math/MathML", name);
  element.append(...parts);
  return element;
}
