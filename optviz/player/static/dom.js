// How elements of the page are made.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element with a class, or without one, and what stands in it.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} className
 * @param {(Node | string)[]} content
 */
export function element(tag, className = "", ...content) {
  const created = document.createElement(tag);
  if (className) created.className = className;
  created.append(...content);
  return created;
}

/**
 * The same, at the end of another element.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Element} parent
 * @param {Tag} tag
 * @param {string} className
 * @param {(Node | string)[]} content
 */
export function appended(parent, tag, className = "", ...content) {
  const created = element(tag, className, ...content);
  parent.append(created);
  return created;
}

/**
 * @param {string} className
 * @param {string} title what it says under the pointer; "" for nothing
 * @param {(event: Event) => void} act
 * @param {(Node | string)[]} content
 */
export function button(className, title, act, ...content) {
  const created = element("button", className, ...content);
  created.type = "button";
  if (title) created.title = title;
  created.addEventListener("click", act);
  return created;
}

/**
 * The heading of a column or a row of a table.
 * @param {"col" | "row"} scope
 * @param {(Node | string)[]} content
 */
export function heading(scope, ...content) {
  const created = element("th", "", ...content);
  created.scope = scope;
  return created;
}

/** A canvas and what draws on it. */
export function canvas() {
  const created = element("canvas");
  const context = created.getContext("2d");
  if (!context) throw new Error("This browser draws no canvas.");
  return { element: created, context };
}

/**
 * A picture of one shape, which readers of screens pass over.
 * @param {string} box its view box
 * @param {string} shape such as "path"
 * @param {Record<string, string>} attributes of the shape
 */
export function picture(box, shape, attributes) {
  const [created, drawn] = ["svg", shape].map((tag) => document.createElementNS(SVG, tag));
  created.setAttribute("viewBox", box);
  created.setAttribute("aria-hidden", "true");
  for (const [name, value] of Object.entries(attributes)) drawn.setAttribute(name, value);
  created.append(drawn);
  return created;
}

/**
 * Put other children into an element. The focus goes to the one that stands where it was.
 * @param {Element} parent
 * @param {HTMLElement[]} children
 */
export function refill(parent, children) {
  const focused = [...parent.children].indexOf(/** @type {Element} */ (document.activeElement));
  parent.replaceChildren(...children);
  children[focused]?.focus();
}
