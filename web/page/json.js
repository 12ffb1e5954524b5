// JSON read as strictly as the service does: unique names at every depth, numbers as they stand.
//
// JSON.parse takes the last of two equal names, and rounds numbers beyond 53 bits.

// Deeper than that is not read, here or there: a member of an object with 127 levels of its own.
const DEPTH = 128;

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SPACE = /[ \t\n\r]*/y;
const WORDS = ["true", "false", "null"];

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  take(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (!found) throw new SyntaxError("not valid JSON");
    this.at = pattern.lastIndex;
    return found[0];
  }

  // Whether the next character is that one, which is then read.
  has(character) {
    this.take(SPACE);
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  need(character) {
    if (!this.has(character)) throw new SyntaxError("not valid JSON");
  }

  string() {
    this.take(SPACE);
    const value = JSON.parse(this.take(STRING));
    if (!value.isWellFormed()) throw new SyntaxError("half a character");
    return value;
  }

  value(depth) {
    if (this.has("{")) return this.object(depth);
    if (this.has("[")) return this.array(depth);
    const start = this.text[this.at];
    if (start === '"') return { kind: "string", value: this.string() };
    const word = WORDS.find((known) => this.text.startsWith(known, this.at));
    if (!word) return this.number(depth);
    this.at += word.length;
    return { kind: "word", text: word };
  }

  // Of a member itself the digits are kept, whatever they say; below it the service wants a value.
  number(depth) {
    const text = this.take(NUMBER);
    if (depth > 2 && !Number.isFinite(Number(text))) throw new SyntaxError("a number out of range");
    return { kind: "number", text };
  }

  deeper(depth) {
    if (depth > DEPTH) throw new SyntaxError("nested too deeply");
    return depth + 1;
  }

  object(depth) {
    const inner = this.deeper(depth);
    const members = new Map();
    if (this.has("}")) return { kind: "object", members };
    do {
      const name = this.string();
      this.need(":");
      if (members.has(name)) throw new SyntaxError("a member stands twice");
      members.set(name, this.value(inner));
    } while (this.has(","));
    this.need("}");
    return { kind: "object", members };
  }

  array(depth) {
    const inner = this.deeper(depth);
    const items = [];
    if (this.has("]")) return { kind: "array", items };
    do {
      items.push(this.value(inner));
    } while (this.has(","));
    this.need("]");
    return { kind: "array", items };
  }
}

/** The members of `text` by name; null where it is not one strict JSON object. */
export const readObject = (text) => {
  try {
    const reader = new Reader(text);
    const value = reader.value(1);
    reader.take(SPACE);
    const isWhole = reader.at === text.length && value.kind === "object";
    return isWhole ? value.members : null;
  } catch {
    return null;
  }
};

/** The value as text on several lines, its numbers unchanged. */
export const show = (node, indent = "") => {
  const inner = `${indent}  `;
  const lines = (open, items, close) =>
    items.length === 0 ? open + close : `${open}\n${inner}${items.join(`,\n${inner}`)}\n${indent}${close}`;
  switch (node.kind) {
    case "string":
      return JSON.stringify(node.value);
    case "array":
      return lines("[", node.items.map((item) => show(item, inner)), "]");
    case "object": {
      const members = [...node.members];
      const line = ([name, value]) => `${JSON.stringify(name)}: ${show(value, inner)}`;
      return lines("{", members.map(line), "}");
    }
    default:
      return node.text;
  }
};
