// The results: a row for each competitor, also for those that did not run. A click on a heading sorts.

import { button, element, heading } from "./dom.js";
import { swatch } from "./legend.js";
import { precise } from "./ticks.js";

/** @typedef {import("./message.js").TableColumn} Column */
/** @typedef {import("./message.js").TableRow & { name: string, dash: number[], color: string }} Row */

export class Table {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.sorted = "";
    this.down = false;
    /** @type {Column[]} */
    this.columns = [];
    /** @type {Row[]} */
    this.rows = [];
  }

  /** @param {import("./scene.js").Scene["data"]} data */
  show({ table, runs, theme }) {
    const { columns } = table;
    const rows = table.rows.map((row, index) => {
      const { name, slot, dash } = runs[index];
      return { ...row, name, dash, color: theme.paths[slot] };
    });
    if (JSON.stringify([columns, rows]) === JSON.stringify([this.columns, this.rows])) return;
    const other = JSON.stringify(columns) !== JSON.stringify(this.columns);
    Object.assign(this, { columns, rows });
    if (other) this.frame();
    this.fill();
  }

  /** The headings. */
  frame() {
    const table = element("table");
    const caption = table.createCaption();
    caption.textContent = "Results of all competitors. The headings sort.";
    const row = table.createTHead().insertRow();
    for (const { name, title, help } of this.columns) {
      const column = heading(
        "col",
        button("", help, () => this.sort(name), title),
      );
      column.dataset.column = name;
      row.append(column);
    }
    this.body = table.createTBody();
    this.root.replaceChildren(table);
  }

  /** @param {string} name of the column; a second click turns the order round, a third one takes it back */
  sort(name) {
    if (this.sorted !== name) [this.sorted, this.down] = [name, false];
    else if (!this.down) this.down = true;
    else [this.sorted, this.down] = ["", false];
    this.fill();
  }

  fill() {
    for (const column of /** @type {NodeListOf<HTMLElement>} */ (
      this.root.querySelectorAll("th[data-column]")
    )) {
      const mine = column.dataset.column === this.sorted;
      column.setAttribute("aria-sort", mine ? (this.down ? "descending" : "ascending") : "none");
    }
    const lines = this.order(this.rows).map((row) => {
      const cells = this.columns.map(({ name, title }) => {
        const shown = cell(row, name);
        shown.dataset.title = title;
        return shown;
      });
      return element("tr", "", ...cells);
    });
    this.body?.replaceChildren(...lines);
  }

  /** @param {Row[]} rows */
  order(rows) {
    if (!this.sorted) return rows;
    const sign = this.down ? -1 : 1;
    const keys = rows.map((row) => key(row, this.sorted));
    const places = rows.map((_, place) => place);
    places.sort((a, b) => {
      const [first, second] = [keys[a], keys[b]];
      if (first === null || second === null) return Number(first === null) - Number(second === null); // last, either way
      if (typeof first === "string") return sign * first.localeCompare(String(second));
      return sign * (first < Number(second) ? -1 : Number(first > Number(second)));
    });
    return places.map((place) => rows[place]);
  }
}

/**
 * What a row is sorted by; null where it has nothing there.
 * @param {Row} row
 * @param {string} column
 */
function key(row, column) {
  if (column === "name") return row.name;
  if (column === "ending") return `${row.ending} ${String(row.step ?? "").padStart(6, "0")}`;
  const value = row.numbers[column] ?? null;
  return value === null || Number.isNaN(Number(value)) ? null : Number(value);
}

/**
 * @param {number | string} value
 * @returns {value is number}
 */
function whole(value) {
  return Number.isInteger(value) && Math.abs(Number(value)) < 1e6;
}

/**
 * @param {Row} row
 * @param {string} column
 */
function cell(row, column) {
  if (column === "name") return heading("row", swatch(row.color, row.dash), element("span", "", row.name));
  if (column === "ending") return element("td", "optviz-words", row.words);
  const value = row.numbers[column] ?? null;
  const text = value === null ? "–" : whole(value) ? value.toLocaleString("en") : precise(Number(value), 4);
  return element("td", "", text);
}
