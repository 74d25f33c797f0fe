// Elements from plain values.  Data becomes text or an attribute, never markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element; properties that the element has are set, all else becomes an attribute. */
export function make(tag, properties = {}, ...children) {
  return furnished(document.createElement(tag), properties, children);
}

export function draw(tag, attributes = {}, ...children) {
  return furnished(document.createElementNS(SVG, tag), attributes, children, true);
}

function furnished(element, properties, children, isDrawing = false) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && !isDrawing) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
}

export const byId = (id) => document.getElementById(id);

/** A row of a description list. */
export function fact(name, ...values) {
  return [make("dt", {}, name), make("dd", {}, ...values)];
}
