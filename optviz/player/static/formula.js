// Formulas of optviz/expressions/terms.py: a number, a symbol's key, or a list of an operation's name and its parts.

/** @typedef {import("./message.js").Term} Term */
/** @typedef {(key: string) => number} Values */
/** @typedef {import("./message.js").Symbol} Symbol */

/** @type {Record<string, (...numbers: number[]) => number>} */
const OPERATIONS = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "^": (a, b) => a ** b,
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
 * @param {Term} term
 * @param {Values} values
 * @returns {number}
 */
export function evaluate(term, values) {
  if (typeof term === "number") return term;
  if (typeof term === "string") return values(term);
  const [name, ...parts] = term;
  return OPERATIONS[name](...parts.map((part) => evaluate(part, values)));
}

/** How tightly operations hold their parts together; the others need no brackets. */
const BINDING = /** @type {Record<string, number>} */ ({ "+": 1, "-": 1, neg: 2, "*": 3, "^": 5 });
const WHOLE = 9;
/** What a power is taken of is bracketed unless it is a symbol or a plain number. */
const BASE = 6;

/**
 * How formulas are written: as MathML, or as LaTeX. `leaf` writes a symbol or a number; it is told how
 * tightly what is around it binds, so that it can bracket a negative number.
 * @template T
 * @typedef {{
 *   leaf: (leaf: number | string, above: number) => T, row: (...parts: (T | string)[]) => T,
 *   bracket: (inner: T) => T, fraction: (above: T, below: T) => T, power: (base: T, exponent: T) => T,
 *   root: (inner: T) => T, size: (inner: T) => T, call: (name: string, parts: T[]) => T,
 *   cases: (lines: [T, T, string][]) => T,
 * }} Writer
 */

/**
 * @template T
 * @param {Term} term
 * @param {Writer<T>} writer
 * @param {number} above
 * @returns {T}
 */
export function write(term, writer, above = 0) {
  if (typeof term === "number" || typeof term === "string") return writer.leaf(term, above);
  const [name, ...parts] = term;
  const binding = BINDING[name] ?? WHOLE;
  const one = (/** @type {number} */ place, around = 0) => write(parts[place], writer, around);
  // What stands first in a sum needs no brackets of its own, even if it is negative.
  const first = () => one(0, name !== "*" && typeof parts[0] !== "object" ? 0 : binding);
  const made = () => {
    switch (name) {
      case "+":
        return writer.row(first(), "+", one(1, binding + 1));
      case "-":
        return writer.row(first(), "−", one(1, binding + 1));
      case "*":
        return writer.row(first(), "·", one(1, binding + 1));
      case "neg":
        return writer.row("−", one(0, binding));
      case "/":
        return writer.fraction(one(0), one(1));
      case "^":
        return writer.power(one(0, BASE), one(1));
      case "sqrt":
        return writer.root(one(0));
      case "abs":
        return writer.size(one(0));
      case "by sign":
        return writer.cases([
          [one(1), one(0), ">"],
          [one(2), one(0), "<"],
          [one(3), one(0), "="],
        ]);
      default:
        return writer.call(
          name,
          parts.map((_, place) => one(place)),
        );
    }
  };
  return binding < above ? writer.bracket(made()) : made();
}

/**
 * MathML, which browsers typeset themselves.
 * @param {(leaf: number | string, above: number) => Element} leaf
 * @returns {Writer<Element>}
 */
export function mathml(leaf) {
  const row = (/** @type {(Element | string)[]} */ ...parts) =>
    tag("mrow", ...parts.map((part) => (typeof part === "string" ? operator(part) : part)));
  return {
    leaf,
    row,
    bracket: (inner) => row("(", inner, ")"),
    fraction: (above, below) => tag("mfrac", above, below),
    power: (base, exponent) => tag("msup", base, exponent),
    root: (inner) => tag("msqrt", inner),
    size: (inner) => row("|", inner, "|"),
    call: (name, parts) =>
      row(upright(name), "(", ...parts.flatMap((part, place) => (place ? [",", part] : [part])), ")"),
    cases: (lines) => {
      const rows = lines.map(([what, of, relation]) =>
        tag("mtr", tag("mtd", what), tag("mtd", row(of, relation, tag("mn", "0")))),
      );
      return row("{", tag("mtable", ...rows));
    },
  };
}

/**
 * LaTeX, to be taken away.
 * @param {(leaf: number | string, above: number) => string} leaf
 * @returns {Writer<string>}
 */
export function latex(leaf) {
  const signs = /** @type {Record<string, string>} */ ({ "−": "-", "·": "\\cdot" });
  const bracket = (/** @type {string} */ inner) => `\\left(${inner}\\right)`;
  return {
    leaf,
    row: (...parts) => parts.map((part) => signs[part] ?? part).join(" "),
    bracket,
    fraction: (above, below) => `\\frac{${above}}{${below}}`,
    power: (base, exponent) => `${base}^{${exponent}}`,
    root: (inner) => `\\sqrt{${inner}}`,
    size: (inner) => `\\left|${inner}\\right|`,
    call: (name, parts) => `\\operatorname{${name}}${bracket(parts.join(", "))}`,
    cases: (lines) => {
      const rows = lines.map(([what, of, relation]) => `${what} & ${of} ${relation} 0`);
      return `\\begin{cases}${rows.join(" \\\\ ")}\\end{cases}`;
    },
  };
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
  const made = tag("mo", text);
  if (text === "(" || text === ")") made.setAttribute("stretchy", "false");
  return made;
}

/** @param {string} word */
function upright(word) {
  const made = tag("mi", word);
  made.setAttribute("class", "optviz-upright");
  return made;
}

const LETTERS = /** @type {Record<string, string>} */ ({
  θ: "\\theta",
  γ: "\\gamma",
  λ: "\\lambda",
  μ: "\\mu",
  τ: "\\tau",
  β: "\\beta",
  ε: "\\epsilon",
  ρ: "\\rho",
  α: "\\alpha",
  η: "\\eta",
  ψ: "\\psi",
  Δ: "\\Delta",
  Π: "\\Pi",
  "∞": "\\infty",
  "−": "-",
});

/**
 * A symbol as LaTeX.
 * @param {Symbol} symbol
 */
export function symbolTeX([base, sub, mark]) {
  const word = (/** @type {string} */ text) =>
    isWord(text) ? `\\text{${text}}` : Array.from(text, (letter) => LETTERS[letter] ?? letter).join("");
  const letter = word(base);
  const marked = { hat: `\\hat{${letter}}`, tilde: `\\tilde{${letter}}`, prime: `${letter}'` }[mark];
  const above = marked || !mark ? "" : `^{${word(mark)}}`;
  return (marked ?? letter) + (sub ? `_{${word(sub)}}` : "") + above;
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
  const made = document.createElementNS("http://www.w3.org/1998/Math/MathML", name);
  made.append(...parts);
  return made;
}
