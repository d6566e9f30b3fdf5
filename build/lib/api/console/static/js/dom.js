/** Build elements whose text is only ever text, and the ids that name what is sent. */

const SVG = "http://www.w3.org/2000/svg";

/** `element("p", { class: "hint" }, "words", child, …)`; a child that is null is left out. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

export function button(label, onPress, { look = "button", name = null } = {}) {
  const made = element("button", { type: "button", class: look, "aria-label": name }, label);
  made.addEventListener("click", onPress);
  return made;
}

/** Such as `msg_5f0c…`; `crypto.randomUUID` is missing where a page came over plain HTTP. */
export function randomId(kind) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `${kind}_${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
