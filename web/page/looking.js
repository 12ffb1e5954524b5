// The first part: what a token says, and how it is judged.

import { explain, otherContract } from "./checks.js";
import { show } from "./json.js";
import { time } from "./rules.js";
import { takeApart } from "./token.js";
import { byId, el, replace } from "../shared/dom.js";
import { absolute, relative } from "../shared/time.js";

const TIMES = {
  exp: "expires",
  iat: "issued",
  nbf: "not before",
  auth_time: "logged in",
  orig_iat: "first issued",
};

const VERDICTS = {
  passes: ["good", "passes"],
  refused: ["bad", "refused"],
  server: ["wait", "server knows"],
  unreached: ["", "not reached"],
};

const WORDS_OF_CODES = {
  invalid_token: "The service would say no more than that: all of these get the same answer.",
  unsupported_token: "It may be genuine, but it is no access token that this service re-issues.",
  refresh_window_over: "The user logs in again.",
  session_expired: "The user logs in again.",
};

const timeRow = (label, seconds, now) =>
  el(
    "tr",
    {},
    el("th", { scope: "row" }, label),
    el("td", {}, seconds === null ? "not a number of seconds" : relative(seconds, now)),
    el("td", {}, seconds === null ? "" : absolute(seconds)),
  );

const timesOf = ({ claims }, now) => {
  const rows = Object.entries(TIMES)
    .filter(([name]) => claims?.has(name))
    .map(([name, label]) => timeRow(`${name} (${label})`, time(claims.get(name)), now));
  const session = claims?.get("remint");
  const start = session?.kind === "object" ? session.members.get("start") : undefined;
  if (start) rows.push(timeRow("remint.start (session began)", time(start), now));
  if (rows.length === 0) return null;
  const heads = ["Claim", "From now", "When"].map((head) => el("th", { scope: "col" }, head));
  return el(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": "Times of the token" },
    el("table", { class: "times" }, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, rows)),
  );
};

const part = (title, text, note) => [
  el("h4", {}, title, note ? el("span", { class: "muted" }, ` ${note}`) : null),
  el("pre", { class: "wrap" }, text),
];

const members = (map) => show({ kind: "object", members: map });

const saidByJwt = (token, now) => {
  if (!token.parts) return [el("p", {}, "Not three parts with dots between them, so there is nothing to decode.")];
  const [head, payload, signature] = token.parts;
  const strict = token.claims ? null : "not a strict JSON object";
  return [
    ...part("Header", token.header ? members(token.header) : (token.headerText ?? head)),
    ...part("Payload", token.claims ? members(token.claims) : (token.payloadText ?? payload), strict),
    timesOf(token, now),
    ...part("Signature", signature || "(empty)", token.signature ? `${token.signature.length} bytes` : null),
  ];
};

const saidByRefreshToken = (token, now) => {
  const line = (name, value) => [el("dt", {}, name), el("dd", {}, String(value))];
  const made = token.startedAt;
  const origin = made === undefined
    ? line("Session", token.session)
    : line("Session begun", `${absolute(made)} (${relative(made, now)})`);
  return [
    el(
      "dl",
      { class: "facts" },
      line("Kind", "refresh token"),
      line("Contract", token.contracts.join(" or ")),
      origin,
      line("Generation", token.generation),
      line("Signature", token.mac),
    ),
  ];
};

const check = ({ name, verdict, seen, code }) => {
  const [tone, word] = VERDICTS[verdict];
  return el(
    "li",
    { "data-check": name, "data-verdict": verdict, "data-code": code },
    el("span", { class: `verdict ${tone}` }, word),
    el("span", {}, el("strong", {}, name), el("span", { class: "seen" }, seen)),
  );
};

const note = (tone, title, text) =>
  el("div", { class: `note ${tone}` }, el("strong", {}, title), el("span", {}, ` ${text}`));

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

const judgement = (token, refusal, settings) => {
  const other = otherContract(token, settings);
  if (other) {
    const text = `Its session is renewed by a refresh token. Alone, by expired_token, it is refused: ${refusal?.code}.`;
    return note("wait", `An access token of ${other}, as it says.`, text);
  }
  if (refusal) {
    return note("bad", `Refused: ${refusal.code}.`, `${sentence(refusal.seen)} ${WORDS_OF_CODES[refusal.code]}`);
  }
  const text = "Whether it is exchanged, only the server can say: it knows the keys, the session and the user.";
  return note("good", "Nothing that it says speaks against it.", text);
};

const summaryOf = (token, refusal, settings, wasTrimmed) => {
  const lines = [judgement(token, refusal, settings)];
  if (token.kind === "jwt" && !token.parts) {
    const text = "Refresh tokens that were imported from another backend can look like anything; only the server knows those.";
    lines.push(note("", "Neither a JWT nor a refresh token of this service.", text));
  }
  if (wasTrimmed) lines.push(el("p", { class: "muted" }, "The white space around it was left out; the service would refuse it."));
  return lines;
};

/** Lets the field for the token decode and explain; `seen` gets every token that was taken apart. */
export const bindLooking = (settings, now, { seen }) => {
  const field = byId("token");
  const update = () => {
    const text = field.value.trim();
    byId("looked").hidden = text === "";
    if (text === "") return replace(byId("summary"));
    const token = takeApart(text);
    const { rows, refusal } = explain(token, settings, now());
    replace(byId("summary"), summaryOf(token, refusal, settings, text !== field.value));
    replace(byId("said"), token.kind === "jwt" ? saidByJwt(token, now()) : saidByRefreshToken(token, now()));
    replace(byId("checks"), rows.map(check));
    return seen(token, text);
  };
  const look = (text) => {
    field.value = text;
    update();
    field.focus();
  };
  field.addEventListener("input", update);
  byId("clear").addEventListener("click", () => look(""));
  const example = settings.example_token;
  byId("example").hidden = !example;
  byId("example").addEventListener("click", () => look(example));
  // What was typed while the settings were on their way.
  update();
  return { look };
};
