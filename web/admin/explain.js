// What the service says about a token, check by check.

import { byId, el, replace } from "../shared/dom.js";
import { ask, trouble } from "./key.js";

const KINDS = { access_token: "an access token", refresh_token: "a refresh token", unknown: "no token of a form that is known" };

const note = (kind, ...children) => {
  const place = byId("explain-note");
  place.className = `note ${kind}`;
  place.hidden = children.length === 0;
  replace(place, children);
};

const codeLink = (code) => el("a", { href: `problems/${code}` }, el("code", {}, code));

const row = ({ check, verdict, code, seen }) => {
  const isGood = verdict === "ok";
  const link = code ? [" (", codeLink(code), ")"] : null;
  return el("li", { "data-check": check, "data-verdict": verdict },
    el("span", { class: `verdict ${isGood ? "good" : "bad"}` }, isGood ? "passes" : "refused"),
    el("span", {}, el("strong", {}, check), el("span", { class: "seen" }, seen, link)));
};

const list = (checks) => [
  el("h3", {}, "Check by check, as the service makes them"),
  el("ol", { class: "checks" }, checks.map(row)),
];

const show = ({ kind, contract, verdict: whole, reason, code, hint, checks }) => {
  const what = `It is ${KINDS[kind] ?? kind}${contract ? ` of ${contract}` : ""}.`;
  if (whole === "exchanged") note("good", el("strong", {}, "This token would be exchanged."), ` ${what}`);
  else if (whole === "unknown") note("wait", el("strong", {}, "Only the identity provider knows whether this token would be exchanged."), " A refresh would ask it.");
  else {
    note("bad", el("strong", {}, `This token would be refused: ${reason}`), " (", codeLink(code), `). ${what}`,
      hint ? ` Look at the settings: ${hint}.` : null);
  }
  replace(byId("explanation"), list(checks));
};

/** Makes the button work. */
export const bindExplaining = () => {
  let asked = 0;

  const clear = () => {
    asked += 1;
    byId("token").value = "";
    note("");
    replace(byId("explanation"));
  };

  byId("explain").addEventListener("submit", async (event) => {
    event.preventDefault();
    const token = byId("token").value.trim();
    if (!token) {
      note("wait", "Paste a token first.");
      byId("token").focus();
      return;
    }
    asked += 1;
    const mine = asked;
    const answer = await ask("admin/explanations", { method: "POST", body: { token } });
    // Another token was asked about meanwhile, or none is there any more.
    if (mine !== asked || answer.status === null) return;
    if (answer.status === 200) {
      show(answer.body);
      return;
    }
    replace(byId("explanation"));
    note("bad", trouble(answer));
  });
  byId("clear").addEventListener("click", () => {
    clear();
    byId("token").focus();
  });

  return { open: () => {}, close: clear };
};
