// Choices of how the experiment is looked at, as small groups of buttons.

import { appended, button, element } from "./dom.js";

/**
 * One of some, as radio buttons side by side.
 * @param {HTMLElement} parent
 * @param {{ label: string, help: string, options: { value: string, called: string }[], now: string | string[] }} control
 * @param {string} group its name on the page
 * @param {(value: string) => void} chosen
 */
export function oneOf(parent, { label, options, now, help }, group, chosen) {
  const field = appended(parent, "fieldset", "optviz-choice", element("legend", "", label));
  field.title = help;
  for (const { value, called } of options) {
    const input = element("input");
    Object.assign(input, { type: "radio", name: `optviz-${group}`, value, checked: value === now });
    input.addEventListener("change", () => chosen(value));
    field.append(element("label", "", input, element("span", "", called)));
  }
}

/**
 * Any number of some, as buttons that stay down.
 * @param {HTMLElement} parent
 * @param {import("./controls.js").Offered} control
 * @param {Record<string, string>} colors of what options stand for, where they have one
 * @param {(values: string[]) => void} chosen
 */
export function someOf(parent, { label, options, now, help: about }, colors, chosen) {
  const down = [now].flat();
  const field = appended(parent, "div", "optviz-some", element("span", "", label));
  field.setAttribute("role", "group");
  field.setAttribute("aria-label", label);
  field.title = about;
  for (const { value, called, help } of options) {
    const turned = down.includes(value) ? down.filter((other) => other !== value) : [...down, value];
    const option = button("", help, () => chosen(turned), called);
    option.dataset.value = value;
    option.setAttribute("aria-pressed", String(down.includes(value)));
    if (colors[value]) option.style.setProperty("--mark", colors[value]);
    field.append(option);
  }
}
