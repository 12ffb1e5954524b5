// The sessions of a user: listed, and ended.

import { byId, el, replace } from "../shared/dom.js";
import { absolute, relative } from "../shared/time.js";
import { ask, trouble } from "./key.js";

const STATES = { live: "good", over: "", revoked: "bad" };

const REASONS = {
  logout: "by a logout or a cut-off",
  operator: "by an operator",
  reuse: "because a token came again after its time: two parties had the session",
};

// Their refresh token stays the same, and nothing is written down when it is used.
const KEPT = ["cookie", "refresh_token"];

const note = (text, kind = "") => {
  const place = byId("sessions-note");
  place.className = `note ${kind}`;
  place.hidden = !text;
  place.textContent = text;
};

/** Asks whether to go on; the way back is where people land, and where Escape leads. */
const confirm = ({ title, text, action }) => new Promise((resolve) => {
  const dialog = byId("confirm");
  byId("confirm-title").textContent = title;
  byId("confirm-text").textContent = text;
  byId("confirm-yes").textContent = action;
  const decide = (verdict) => {
    dialog.onclose = null;
    dialog.close();
    resolve(verdict);
  };
  byId("confirm-yes").onclick = () => decide(true);
  byId("confirm-no").onclick = () => decide(false);
  dialog.onclose = () => decide(false);
  dialog.showModal();
});

const moment = (text) => {
  const seconds = Date.parse(text) / 1000;
  return el("time", { datetime: text, title: absolute(seconds) }, relative(seconds, Date.now() / 1000));
};

const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

const stateOf = ({ state, revoked_at: at, revoked_because: because }) => el("div", {},
  el("span", { class: `verdict ${STATES[state] ?? ""}` }, state),
  at ? el("div", { class: "why" }, moment(at), ` ${REASONS[because] ?? because}`) : null);

const COLUMNS = ["Session", "State", "Started", "Last refreshed", "Refreshes", "Ends", ""];

const row = (session, revoke) => {
  const isKept = KEPT.includes(session.contract);
  const cells = [
    stateOf(session),
    moment(session.started_at),
    isKept || session.generation === 0 ? "–" : moment(session.refreshed_at),
    isKept ? el("span", { class: "muted" }, "not counted") : String(session.generation),
    session.state === "revoked" ? "–" : moment(session.expires_at),
    session.state === "live"
      ? el("button", {
          type: "button", "aria-label": `Revoke session ${session.session_id}`, onclick: () => revoke(session),
        }, "Revoke")
      : null,
  ];
  // The roles are said, since where it is narrow the parts are not laid out as a table.
  return el("tr", { role: "row" },
    el("th", { scope: "row", role: "rowheader", "data-label": COLUMNS[0] },
      el("div", {}, el("code", {}, session.session_id), el("div", { class: "why" }, session.contract))),
    cells.map((cell, index) => el("td", { role: "cell", "data-label": COLUMNS[index + 1] }, cell)));
};

const table = (user, sessions, revoke) =>
  el("div", { class: "scroll", role: "region", "aria-label": `Sessions of ${user}`, tabindex: "0" },
    el("table", { class: "stacked", role: "table" },
      el("caption", { class: "unseen" }, `Sessions of ${user}`),
      el("thead", {}, el("tr", {}, COLUMNS.map((name) =>
        el("th", { scope: "col" }, name || el("span", { class: "unseen" }, "Action"))))),
      el("tbody", { role: "rowgroup" }, sessions.map((session) => row(session, revoke)))));

/** Makes the search work. */
export const bindSessions = () => {
  let asked = 0;

  // The table and its buttons are new, so whoever used one of them goes on at what came of it.
  const told = (text, kind) => {
    note(text, kind);
    byId("sessions-note").focus();
  };

  const revoke = async (user, session) => {
    const isSure = await confirm({
      title: "End this session?",
      text: `Session ${session.session_id} of ${user}: its next refresh is refused, and so is its access token wherever `
        + "/api/auth/verify is asked. The user has to log in again there. This cannot be undone.",
      action: "End the session",
    });
    if (!isSure) return;
    const path = `admin/sessions/${encodeURIComponent(session.session_id)}`;
    const answer = await ask(path, { method: "DELETE" });
    if (answer.status === null) return;
    if (answer.status !== 204) {
      told(trouble(answer), "bad");
      return;
    }
    if (await list(user)) told(`Session ${session.session_id} is ended.`, "good");
  };

  const cutOff = async (user) => {
    const isSure = await confirm({
      title: `End everything that ${user} has?`,
      text: "Every session of this user and every token issued up to now is refused from now on, also those that are "
        + "written down nowhere. Whoever logs in again goes on from there. This cannot be undone.",
      action: "End everything",
    });
    if (!isSure) return;
    const answer = await ask("admin/cut-offs", { method: "POST", body: { user } });
    if (answer.status === null) return;
    if (answer.status !== 200) {
      told(trouble(answer), "bad");
      return;
    }
    const until = absolute(Date.parse(answer.body.at) / 1000);
    if (!(await list(user))) return;
    if (answer.body.known === false) {
      told(`The users table has no user of the key ${user}. What anybody of that key got up to ${until} is ended all the same.`, "wait");
      return;
    }
    told(`Everything that ${user} got up to ${until} is ended.`, "good");
  };

  const show = (user, sessions) => {
    const live = sessions.filter(({ state }) => state === "live").length;
    const all = el("div", { class: "row all" },
      el("p", {}, "A cut-off ends all of them, and every token issued up to now that is written down nowhere: after a change of password, or for somebody who was removed."),
      el("button", { type: "button", class: "danger", onclick: () => cutOff(user) }, `End everything of ${user}`));
    if (sessions.length === 0) {
      note(`No session of ${user} is written down. Sessions of the stateless mode never are, and of a user that nobody knows there is none.`);
      replace(byId("sessions"), all);
      return;
    }
    const most = sessions.length === 1000 ? " The list ends after 1,000." : "";
    note(`${count(sessions.length, "session")} of ${user}, ${live} of them live, the latest refreshed first.${most}`);
    replace(byId("sessions"), table(user, sessions, (session) => revoke(user, session)), all);
  };

  /** Whether the list is there. */
  const list = async (user) => {
    asked += 1;
    const mine = asked;
    const answer = await ask(`admin/sessions?user=${encodeURIComponent(user)}`);
    // Another search was faster.
    if (mine !== asked || answer.status === null) return false;
    if (answer.status !== 200) {
      replace(byId("sessions"));
      note(trouble(answer), "bad");
      return false;
    }
    show(user, answer.body.sessions);
    return true;
  };

  byId("search").addEventListener("submit", (event) => {
    event.preventDefault();
    const user = byId("user").value;
    if (user) {
      list(user);
      return;
    }
    note("Enter a user first.", "wait");
    byId("user").focus();
  });

  return {
    open: () => {},
    close: () => {
      asked += 1;
      byId("user").value = "";
      if (byId("confirm").open) byId("confirm").close();
      replace(byId("sessions"));
      note("");
    },
  };
};
