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
    const scale = values.length > 1 ? 1 / (values[1] - values[0]) : 0;
    return { values, texts: values.map((value) => placed(value, scale, 6)) };
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
  const plain = ticks(10 ** low, 10 ** high, false, most);
  return { values: plain.values.map(Math.log10), texts: plain.texts };
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
    Number(((first + k) * step).toPrecision(15)),
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
  const digits = -Math.floor(Math.log10(1e-5 * extent));
  const coarse = 10 ** Math.max(0, -digits);
  const rounded =
    digits > 0 ? Number(value.toFixed(Math.min(digits, 100))) : Math.round(value / coarse) * coarse;
  return String(rounded + 0).replaceAll("-", "−");
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
 * A place on an axis, with as many digits as a tenth of a pixel needs: far from 0 they are more than usual.
 * @param {number} value
 * @param {number} scale pixels for one unit
 * @param {number} digits at least
 */
export function placed(value, scale, digits = 5) {
  const needed = Math.ceil(Math.log10(Math.abs(value) * scale)) + 1;
  if (!Number.isFinite(needed) || needed <= digits) return single(value, digits);
  // So many digits, a power of ten would not make shorter.
  return String(Number(value.toPrecision(Math.min(needed, 17)))).replaceAll("-", "−");
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
