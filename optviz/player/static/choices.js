// Choices of how the experiment is looked at, as small groups of buttons.

/**
 * One of some, as radio buttons side by side.
 * @param {HTMLElement} parent
 * @param {{ label: string, help: string, options: { value: string, called: string }[], now: string | string[] }} control
 * @param {string} group its name on the page
 * @param {(value: string) => void} chosen
 */
export function oneOf(parent, { label, options, now, help }, group, chosen) {
  const field = document.createElement("fieldset");
  field.className = "optviz-choice";
  field.title = help;
  const legend = document.createElement("legend");
  legend.textContent = label;
  field.append(legend);
  for (const { value, called } of options) {
    const holder = document.createElement("label");
    const input = document.createElement("input");
    Object.assign(input, { type: "radio", name: `optviz-${group}`, value, checked: value === now });
    input.addEventListener("change", () => chosen(value));
    const text = document.createElement("span");
    text.textContent = called;
    holder.append(input, text);
    field.append(holder);
  }
  parent.append(field);
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
  const field = document.createElement("div");
  field.className = "optviz-some";
  field.setAttribute("role", "group");
  field.setAttribute("aria-label", label);
  field.title = about;
  const legend = document.createElement("span");
  legend.textContent = label;
  field.append(legend);
  for (const { value, called, help } of options) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = called;
    button.title = help;
    button.dataset.value = value;
    button.setAttribute("aria-pressed", String(down.includes(value)));
    if (colors[value]) button.style.setProperty("--mark", colors[value]);
    button.addEventListener("click", () =>
      chosen(down.includes(value) ? down.filter((other) => other !== value) : [...down, value]),
    );
    field.append(button);
  }
  parent.append(field);
}
