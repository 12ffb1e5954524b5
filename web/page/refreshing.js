// The second part: each contract's request as its frontends send it, the answer, and the code for it.

import { send, statusOf } from "./answers.js";
import { codeOf, placeholders } from "./code.js";
import { CONTRACTS, contractOf, meaningOf } from "./contracts.js";
import { readObject, show } from "./json.js";
import { byId, el, replace } from "../shared/dom.js";
import { bindTabs } from "../shared/tabs.js";

const LANGUAGES = [
  ["curl", "curl"],
  ["fetch", "fetch"],
  ["rust", "Rust"],
];

const tab = (id, controls, text, isFirst) =>
  el("button", { type: "button", role: "tab", id, "aria-controls": controls, "aria-selected": String(isFirst) }, text);

const fieldOf = (contract, { id, label }) => {
  const name = `${contract.name}-${id}`;
  const area = el("textarea", {
    id: name,
    rows: "3",
    autocomplete: "off",
    autocapitalize: "off",
    autocorrect: "off",
    spellcheck: "false",
  });
  return [el("label", { for: name }, label), area];
};

/** The request as it goes over the wire, but for what every browser adds. */
const wire = ({ method, path, headers, body }, note) => {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const cookie = note ? [note] : [];
  return [`${method} /${path}`, ...lines, ...cookie, ...(body === undefined ? [] : ["", body])].join("\n");
};

const bodyOf = ({ text }) => {
  const members = readObject(text);
  return members ? show({ kind: "object", members }) : text;
};

/** Why a contract is not offered: its algorithm, HS512 unless it is set, wants a longer secret than the main job's. */
const whyOff = ({ name }, { contracts }) => {
  const { algorithm } = contracts.find((one) => one.name === "expired_token");
  return `The settings of this service keep this contract off, and it refuses its tokens: it needs a JWT_SECRET_KEY of 64 bytes, or ${name.toUpperCase()}_ALGORITHM=${algorithm}.`;
};

/** One contract's panel. */
class Panel {
  constructor(contract, settings, { look }) {
    this.contract = contract;
    this.settings = settings;
    this.look = look;
    this.language = "curl";
    this.offered = settings.contracts.find(({ name }) => name === contract.name);
    this.fields = contract.fields.map((field) => fieldOf(contract, field));
    this.sent = el("pre", { class: "wrap", "data-part": "request" });
    this.outcome = el("div", { role: "status", "data-part": "answer" }, el("p", { class: "muted" }, "Nothing yet."));
    this.send = el("button", { type: "button", class: "main", onclick: () => this.ask() }, "Send");
    this.code = el("pre", { class: "wrap", "data-part": "code" });
    this.element = this.draw();
    this.update();
  }

  get id() {
    return this.contract.name;
  }

  draw() {
    const off = el("p", { class: "note wait", id: `off-${this.id}` }, whyOff(this.contract, this.settings));
    if (!this.offered) {
      this.send.setAttribute("aria-disabled", "true");
      this.send.setAttribute("aria-describedby", off.id);
    }
    for (const [, area] of this.fields) area.addEventListener("input", () => this.update());
    return el(
      "div",
      { role: "tabpanel", id: `panel-${this.id}`, "aria-labelledby": `tab-${this.id}` },
      el("p", {}, this.contract.about),
      this.offered ? null : off,
      el(
        "div",
        { class: "split" },
        el("div", {}, this.fields.flat(), this.send, el("h3", {}, "The request"), this.sent),
        el("div", {}, el("h3", {}, "The answer"), this.outcome),
      ),
      this.drawCode(),
    );
  }

  drawCode() {
    const panel = `code-${this.id}`;
    const tabs = LANGUAGES.map(([word, name], index) => tab(`${panel}-${word}`, panel, name, index === 0));
    this.languages = el("div", { class: "tabs", role: "tablist", "aria-label": "Language" }, tabs);
    const filled = el("input", { type: "checkbox", id: `${panel}-filled`, onchange: () => this.update() });
    this.filled = filled;
    this.copied = el("span", { role: "status", class: "muted" });
    const hasTokens = this.fields.length > 0;
    return [
      el("h3", {}, "The same as code"),
      this.languages,
      el("div", { role: "tabpanel", id: panel, "aria-labelledby": `${panel}-curl` }, this.code),
      el(
        "div",
        { class: "row" },
        el("button", { type: "button", onclick: () => this.copy() }, "Copy"),
        hasTokens ? el("label", { class: "check" }, filled, " with the tokens above in it") : null,
        this.copied,
      ),
    ];
  }

  /** Called once the panel is on the page. */
  bind() {
    bindTabs(this.languages, (chosen) => {
      this.language = chosen.id.split("-").pop();
      this.update();
    });
  }

  /** The tokens of the fields, by the field's id. */
  tokens() {
    const values = this.contract.fields.map(({ id }, index) => [id, this.fields[index][1].value.trim()]);
    return Object.fromEntries(values);
  }

  fill(id, token) {
    const index = this.contract.fields.findIndex((field) => field.id === id);
    if (index === -1 || !token) return;
    this.fields[index][1].value = token;
    this.update();
  }

  /** Puts a token into the field that it is for. */
  offer(kind, token) {
    for (const { id, takes } of this.contract.fields) {
      if (takes === kind || takes === "either") this.fill(id, token);
    }
  }

  update() {
    const tokens = this.tokens();
    const isCookie = this.contract.name === "cookie";
    const cookie = isCookie ? `Cookie: ${this.settings.refresh_cookie}=… (by the browser, if it has one)` : null;
    this.sent.textContent = wire(this.contract.request(tokens), cookie);
    const inCode = this.filled.checked ? tokens : placeholders;
    this.code.textContent = codeOf(this.language, this.contract, inCode, this.settings);
    this.copied.textContent = "";
  }

  /** Sends the request, shows the answer, and keeps what a frontend would keep. */
  async ask() {
    if (this.send.getAttribute("aria-disabled") === "true") return;
    this.send.setAttribute("aria-disabled", "true");
    replace(this.outcome, el("p", { class: "muted" }, "Waiting for the answer…"));
    const answer = await this.exchange();
    replace(this.outcome, this.drawAnswer(answer));
    this.send.removeAttribute("aria-disabled");
  }

  /** The answer to the request; new tokens take the place of those that they replace. */
  async exchange() {
    const answer = await send(this.contract.request(this.tokens()));
    const fresh = this.contract.read(answer.json);
    const isGood = meaningOf(this.contract, answer).tone === "good";
    if (isGood && fresh.refresh) {
      this.fill("refresh", fresh.refresh);
      this.fill("access", fresh.access);
    }
    return { ...answer, fresh: isGood ? fresh : { access: null, refresh: null } };
  }

  drawAnswer(answer) {
    const { tone, title, text } = meaningOf(this.contract, answer);
    const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`);
    const { access, refresh } = answer.fresh;
    const kept = "The new tokens are in the fields now, as a frontend would have stored them.";
    return [
      el("div", { class: `note ${tone}` }, el("strong", {}, `${title}. `), el("span", {}, text)),
      el("p", {}, el("span", { class: `verdict ${tone}`, "data-part": "status" }, statusOf(answer))),
      lines.length > 0 ? el("pre", { class: "wrap" }, lines.join("\n")) : null,
      answer.text ? el("pre", { class: "wrap", "data-part": "body" }, bodyOf(answer)) : null,
      refresh ? el("p", { class: "muted" }, kept) : null,
      access ? el("button", { type: "button", onclick: () => this.look(access) }, "Look at the new access token") : null,
    ];
  }

  async copy() {
    const text = this.code.textContent;
    try {
      // Browsers have no clipboard for pages that came by plain HTTP from another machine.
      await navigator.clipboard.writeText(text);
      this.copied.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(this.code);
      this.copied.textContent = "Selected: copy it with the keyboard.";
    }
  }
}

/** Draws the panels; `offer` puts a token that was pasted into the fields that it fits. */
export const bindRefreshing = (settings, actions) => {
  const panels = CONTRACTS.map((contract) => new Panel(contract, settings, actions));
  const list = byId("contracts");
  const tabs = panels.map((panel, index) => tab(`tab-${panel.id}`, `panel-${panel.id}`, panel.id, index === 0));
  replace(list, tabs);
  replace(byId("panels"), panels.map((panel) => panel.element));
  for (const panel of panels) panel.bind();
  bindTabs(list);

  let access = "";
  const offer = (token, text) => {
    const fits = (panel) => token.kind === "jwt" || token.contracts.includes(panel.id);
    if (token.kind === "jwt") access = token.parts ? text : "";
    const kind = token.kind === "jwt" ? "access" : "refresh";
    for (const panel of panels.filter(fits)) panel.offer(kind, text);
  };
  return { panels, offer, contractOf, access: () => access };
};
