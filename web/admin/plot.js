// Lines over the last minutes, as SVG.

import { el, replace, svg } from "../shared/dom.js";

const HEIGHT = 170;
const LEFT = 52;
const RIGHT = 8;
const TOP = 10;
const BOTTOM = 22;

/** The smallest of 1, 2, 5, 10, 20, … times `least` that is not below `value`. */
export const ceiling = (value, least) => {
  let top = least;
  for (let step = 0; top < value; step += 1) top = least * [1, 2, 5][step % 3] * 10 ** Math.floor(step / 3);
  return top;
};

const x = (at, { now, span, width }) => LEFT + (width - LEFT - RIGHT) * (1 - (now - at) / span);

const y = (value, { top }) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);

/** The points as a path that breaks off where there is no value. */
const path = (points, index, scale) => {
  let isDown = false;
  let text = "";
  for (const { at, values } of points) {
    const value = values[index];
    if (value === null) {
      isDown = false;
      continue;
    }
    text += `${isDown ? "L" : "M"}${x(at, scale).toFixed(1)} ${y(value, scale).toFixed(1)}`;
    // A point by itself is seen as a dot, by its round end.
    if (!isDown) text += "h0";
    isDown = true;
  }
  return text;
};

const axes = (scale, write) => {
  const right = scale.width - RIGHT;
  const rows = [0, scale.top / 2, scale.top].map((value) => [
    svg("line", { class: "grid", x1: LEFT, x2: right, y1: y(value, scale), y2: y(value, scale) }),
    svg("text", { x: LEFT - 6, y: y(value, scale) + 4, "text-anchor": "end" }, write(value)),
  ]);
  const base = HEIGHT - 5;
  const minutes = `${Math.round(scale.span / 60_000)} min ago`;
  return [
    ...rows.flat(),
    svg("text", { x: LEFT, y: base }, minutes),
    svg("text", { x: right, y: base, "text-anchor": "end" }, "now"),
  ];
};

/**
 * A figure with a title and a line for each of `series`, the names; `write` makes text of a value,
 * and `least` is the lowest top of the axis. Returns the element, and what draws points
 * `{at, values}`, whose values may be null, from `now - span` to `now`.
 */
export const plot = ({ title, series, write, least, isAlarm = false }) => {
  const picture = svg("svg", { height: HEIGHT, role: "img", "aria-label": title });
  const numbers = series.map(() => el("strong", {}, "–"));
  const legend = series.map((name, index) => el("li", {},
    svg("svg", { class: "swatch", viewBox: "0 0 24 8", "aria-hidden": "true" },
      svg("path", { class: `line line-${index}`, d: "M1 4h22" })),
    `${name} `, numbers[index]));
  const element = el("figure", { class: isAlarm ? "plot alarm" : "plot" },
    el("figcaption", {}, el("h3", {}, title), el("ul", { class: "legend" }, legend)), picture);

  const draw = (points, now, span) => {
    const highest = Math.max(0, ...points.flatMap(({ values }) => values));
    // A pixel is a pixel, so that the text is as large on a phone.
    const width = picture.clientWidth || 560;
    const scale = { now, span, width, top: ceiling(highest, least) };
    picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const lines = series.map((_, index) =>
      svg("path", { class: `line line-${index}`, d: path(points, index, scale) }));
    replace(picture, axes(scale, write), lines);
    const latest = points.at(-1)?.values ?? series.map(() => null);
    const said = latest.map((value) => (value === null ? "–" : write(value)));
    said.forEach((text, index) => { numbers[index].textContent = text; });
    const words = series.map((name, index) => `${name} ${latest[index] === null ? "nothing" : said[index]}`);
    picture.setAttribute("aria-label", `${title}: now ${words.join(", ")}; highest ${write(highest)}`);
  };
  return { element, draw };
};
