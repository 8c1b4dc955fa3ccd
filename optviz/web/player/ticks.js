// Numbers for people: where an axis has labels, and how numbers are written.

/**
 * Values for the labels of an axis.
 * @param {number} low
 * @param {number} high in a log scale, like `low`, the power of ten
 * @param {boolean} log
 * @param {number} most labels that have room
 * @returns {{ values: number[], texts: string[] }} the values on the axis, powers of ten in a log scale
 */
export function ticks(low, high, log, most) {
  if (!log) {
    const values = even(low, high, most);
    return { values, texts: values.map(short) };
  }
  if (high - low >= 2) {
    const step = Math.ceil((high - low) / Math.max(most, 2));
    const values = multiples(step, low, high);
    return { values, texts: values.map(power) };
  }
  // Less than two powers of ten: 1, 2 and 5 of each.
  const values = [];
  for (let exponent = Math.floor(low); exponent <= high; exponent++) {
    for (const digit of [1, 2, 5]) values.push(exponent + Math.log10(digit));
  }
  const shown = values.filter((value) => value >= low && value <= high);
  if (shown.length > 1) return { values: shown, texts: shown.map((value) => short(10 ** value)) };
  const plain = even(10 ** low, 10 ** high, most);
  return { values: plain.map(Math.log10), texts: plain.map(short) };
}

/**
 * Evenly spaced round numbers between two.
 * @param {number} low
 * @param {number} high
 * @param {number} most
 */
function even(low, high, most) {
  const raw = (high - low) / Math.max(most, 1);
  const unit = 10 ** Math.floor(Math.log10(raw));
  return multiples(([1, 2, 5, 10].find((digit) => digit * unit >= raw * 0.999) ?? 10) * unit, low, high);
}

/**
 * @param {number} step
 * @param {number} low
 * @param {number} high
 */
function multiples(step, low, high) {
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, k) =>
    Number(((first + k) * step).toPrecision(12)),
  );
}

/** @param {number} exponent */
function power(exponent) {
  if (exponent === 0) return "1";
  if (exponent === 1) return "10";
  const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  const digits = Array.from(String(Math.abs(exponent)), (digit) => superscripts[Number(digit)]).join("");
  return `10${exponent < 0 ? "⁻" : ""}${digits}`;
}

/**
 * A number of things: "0 steps", "1 step", "1,500 steps".
 * @param {number} count
 * @param {string} noun
 */
export function counted(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/**
 * A coordinate where so much of its axis is shown, as optviz/wording.py has it: what is not seen there is 0.
 * @param {number} value
 * @param {number} extent
 */
export function coordinate(value, extent) {
  if (!Number.isFinite(value) || !(extent > 0)) return single(value);
  const finest = 10 ** Math.floor(Math.log10(1e-5 * extent));
  return Number((Math.round(value / finest) * finest + 0).toPrecision(12))
    .toString()
    .replaceAll("-", "−");
}

/**
 * A number in few characters.
 * @param {number} value
 */
export function short(value) {
  return written(Number(value.toPrecision(6)));
}

/**
 * A number with `digits` significant ones, in scientific form where it is long.
 * @param {number} value
 * @param {number} digits
 */
export function precise(value, digits = 5) {
  if (Number.isFinite(value)) return written(Number(value.toPrecision(digits)), digits);
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "∞" : "−∞";
}

/**
 * A number that came as 32-bit float, whose infinity is everything that it cannot hold.
 * @param {number} value
 * @param {number} digits
 */
export function single(value, digits = 5) {
  if (Math.abs(value) === Number.POSITIVE_INFINITY) return value > 0 ? "over 3.4e38" : "under −3.4e38";
  return precise(value, digits);
}

/**
 * @param {number} value
 * @param {number} digits
 */
function written(value, digits = 3) {
  const size = Math.abs(value);
  const text =
    size !== 0 && (size >= 1e6 || size < 1e-4)
      ? value.toExponential(digits - 1).replace(/\.?0*e\+?/, "e")
      : String(value);
  return text.replaceAll("-", "−");
}
