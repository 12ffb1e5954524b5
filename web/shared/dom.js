// Making elements. Text always goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

const fill = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
};

/** An element; an attribute `onclick` is a listener, one that is false or null is left out. */
export const el = (name, attributes, ...children) =>
  fill(document.createElement(name), attributes, children);

/** The same for SVG. */
export const svg = (name, attributes, ...children) =>
  fill(document.createElementNS(SVG, name), attributes, children);

/** The element of that id. */
export const byId = (id) => document.getElementById(id);

/** Puts `children` in place of what `parent` holds. */
export const replace = (parent, ...children) => {
  parent.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
};
