// Choices of how the experiment is looked at, as small groups of buttons.

/**
 * One of some, as radio buttons side by side.
 * @param {HTMLElement} parent
 * @param {{ name: string, label: string, options: [string, string][], now: string, help: string }} choice
 *   options are values and what they are called
 * @param {(value: string) => void} chosen
 */
export function oneOf(parent, { name, label, options, now, help }, chosen) {
  const field = document.createElement("fieldset");
  field.className = "optviz-choice";
  field.title = help;
  const legend = document.createElement("legend");
  legend.textContent = label;
  field.append(legend);
  for (const [value, called] of options) {
    const holder = document.createElement("label");
    const input = document.createElement("input");
    Object.assign(input, { type: "radio", name: `optviz-${name}`, value, checked: value === now });
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
 * @param {{ label: string, options: Record<string, string>, now: string[], colors: Record<string, string> }} choice
 *   options are values and what they show
 * @param {(values: string[]) => void} chosen
 */
export function someOf(parent, { label, options, now, colors }, chosen) {
  const field = document.createElement("div");
  field.className = "optviz-some";
  field.setAttribute("role", "group");
  field.setAttribute("aria-label", label);
  const legend = document.createElement("span");
  legend.textContent = label;
  field.append(legend);
  for (const [value, help] of Object.entries(options)) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = value;
    button.title = help;
    button.dataset.value = value;
    button.setAttribute("aria-pressed", String(now.includes(value)));
    if (colors[value]) button.style.setProperty("--mark", colors[value]);
    button.addEventListener("click", () =>
      chosen(now.includes(value) ? now.filter((one) => one !== value) : [...now, value]),
    );
    field.append(button);
  }
  parent.append(field);
}
