// A sequence diagram that grows arrow by arrow. The words are in a list beside it.

import { replace, svg } from "../shared/dom.js";

const HEAD = 44;
const ROW = 46;
const ROWS = 6;
const FLIGHT_MILLISECONDS = 650;
const EDGE = 0.16;

const stillness = matchMedia("(prefers-reduced-motion: reduce)");

export class Diagram {
  constructor(parent, actors) {
    this.parent = parent;
    this.actors = actors;
    this.arrows = [];
    // Drawn in pixels, so that its text is as large as any other, however narrow the window.
    new ResizeObserver(() => this.draw()).observe(parent);
  }

  clear() {
    this.arrows = [];
    this.draw();
  }

  /** Draws one arrow more, and lets it fly unless that would disturb. */
  async add(arrow) {
    this.arrows.push(arrow);
    const drawn = this.draw();
    if (!stillness.matches) await this.fly(drawn.at(-1));
  }

  x(actor) {
    const gap = (1 - 2 * EDGE) / (this.actors.length - 1);
    return Math.round(this.width * (EDGE + gap * this.actors.indexOf(actor)));
  }

  draw() {
    this.width = Math.max(this.parent.clientWidth, 240);
    const height = HEAD + ROW * (ROWS + 0.5);
    const drawn = this.arrows.map((arrow, row) => this.drawArrow(arrow, HEAD + ROW * (row + 1)));
    const picture = svg(
      "svg",
      {
        width: this.width,
        height,
        viewBox: `0 0 ${this.width} ${height}`,
        role: "img",
        "aria-label": `Sequence diagram of ${this.arrows.length} steps; the list says the same in words`,
      },
      this.actors.map((actor) => this.drawActor(actor, height)),
      drawn.map(({ group }) => group),
    );
    replace(this.parent, picture);
    return drawn;
  }

  drawActor(actor, height) {
    const x = this.x(actor);
    const width = Math.min(110, this.width * 0.3);
    return svg(
      "g",
      { class: "actor" },
      svg("line", { x1: x, y1: HEAD - 8, x2: x, y2: height }),
      svg("rect", { x: x - width / 2, y: 1, width, height: HEAD - 9, rx: 8 }),
      svg("text", { x, y: HEAD / 2 + 1 }, actor),
    );
  }

  drawArrow({ from, to, label, tone }, y) {
    const [start, target] = [this.x(from), this.x(to)];
    const way = Math.sign(target - start);
    const end = target - way * 3;
    const line = svg("line", { x1: start, y1: y, x2: end - way * 7, y2: y });
    const tip = svg("path", { d: `M${end} ${y}l${-way * 9} -5v10z` });
    const text = svg("text", { x: (start + target) / 2, y: y - 8 }, label);
    const group = svg("g", { class: `arrow ${tone}` }, line, tip, text);
    return { group, line, tip, text, length: Math.abs(target - start) };
  }

  fly({ line, tip, text, length }) {
    const timing = { duration: FLIGHT_MILLISECONDS, easing: "ease-in-out", fill: "backwards" };
    const frames = [
      { strokeDasharray: `${length}`, strokeDashoffset: `${length}` },
      { strokeDasharray: `${length}`, strokeDashoffset: "0" },
    ];
    const appear = [{ opacity: 0 }, { opacity: 0, offset: 0.85 }, { opacity: 1 }];
    const flights = [line.animate(frames, timing), tip.animate(appear, timing), text.animate(appear, timing)];
    // Drawn anew while it flies, it is there at once.
    return Promise.all(flights.map(({ finished }) => finished.catch(() => {})));
  }
}
