// The third part: 401, refresh, retry, with real requests, one arrow at a time.

import { send, statusOf } from "./answers.js";
import { meaningOf } from "./contracts.js";
import { Diagram } from "./diagram.js";
import { byId, el, replace } from "../shared/dom.js";

const PAUSE_MILLISECONDS = 700;

const FRONTEND = "Frontend";
const API = "API";
const SERVICE = "remint";

const verify = (token, credentials) => ({
  method: "GET",
  path: "api/auth/verify",
  headers: token ? { Authorization: `Bearer ${token}` } : {},
  credentials,
});

const arrow = (from, to, label, text, tone = "") => ({ from, to, label, text, tone });

const reasonOf = ({ json, status }) => (json?.code ? `${status} ${json.code}` : String(status));

/** What the frontend makes of the API's answer: nothing where it is to refresh. */
const endOf = (answer) => {
  if (answer.status >= 200 && answer.status < 300) return ["good", "The token is good, so nothing has to be refreshed."];
  if (answer.status === 401) return null;
  return ["wait", "That is trouble of the service and says nothing about the token: the frontend keeps it and asks again later."];
};

/** The arrows of one walk; each request is made when its arrow is asked for. */
async function* walk(panel, access) {
  const isCookie = panel.id === "cookie";
  const held = isCookie ? "the access cookie, if there is one" : access ? "its access token" : "no access token";
  yield arrow(FRONTEND, API, "GET", `The frontend asks the API, with ${held}.`);
  const credentials = isCookie ? "same-origin" : "omit";
  const first = await send(verify(isCookie ? "" : access, credentials));
  const end = endOf(first);
  const why = end ? end[1] : "The frontend does not log out yet: it refreshes.";
  yield arrow(API, FRONTEND, statusOf(first), `The API answers ${reasonOf(first)}. ${why}`, end ? end[0] : "bad");
  if (end) return;

  const { path } = panel.contract.request(panel.tokens());
  yield arrow(FRONTEND, SERVICE, `POST ${path.split("/").pop()}`, `The frontend sends POST /${path}, by the contract ${panel.id}.`);
  const answer = await panel.exchange();
  const { tone, title, text } = meaningOf(panel.contract, answer);
  yield arrow(SERVICE, FRONTEND, statusOf(answer), `remint answers ${statusOf(answer)}. ${title}: ${text}`, tone);
  if (tone !== "good") return;

  const carried = isCookie ? "the fresh cookie" : "the new token";
  yield arrow(FRONTEND, API, "GET again", `The frontend asks the API once more, with ${carried}.`);
  const second = await send(verify(answer.fresh.access, credentials));
  const isGood = second.status === 204;
  const last = isGood ? "The user has noticed nothing." : "The API does not take the new token.";
  yield arrow(API, FRONTEND, statusOf(second), `The API answers ${reasonOf(second)}. ${last}`, isGood ? "good" : "bad");
}

/** Plays the walk, stops it, and shows each step as a picture and in words. */
class Player {
  constructor(begin) {
    this.begin = begin;
    this.diagram = new Diagram(byId("diagram"), [FRONTEND, API, SERVICE]);
    this.reset();
  }

  reset() {
    this.steps = null;
    this.isBusy = false;
    this.setPlaying(false);
    this.diagram.clear();
    replace(byId("steps"));
  }

  setPlaying(isPlaying) {
    this.isPlaying = isPlaying;
    byId("play").textContent = isPlaying ? "Pause" : "Play";
  }

  /** One arrow more; false after the last one. */
  async step() {
    if (this.isBusy) return true;
    this.isBusy = true;
    if (!this.steps) {
      this.reset();
      this.isBusy = true;
      this.steps = this.begin();
    }
    const { steps } = this;
    const { value, done } = await steps.next();
    // Somebody may have started over meanwhile.
    if (steps !== this.steps) return false;
    if (done) {
      this.steps = null;
    } else {
      byId("steps").append(el("li", { class: value.tone }, value.text));
      await this.diagram.add(value);
    }
    this.isBusy = false;
    return !done && steps === this.steps;
  }

  async play() {
    this.setPlaying(true);
    const round = {};
    this.round = round;
    const goesOn = () => this.isPlaying && this.round === round;
    // A walk that is over begins anew, which clears the board.
    if (!this.steps) {
      await this.step();
      this.setPlaying(true);
    }
    while (goesOn() && this.steps) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
      if (goesOn() && this.steps) await this.step();
    }
    if (this.round === round) this.setPlaying(false);
  }

  toggle() {
    return this.isPlaying ? this.setPlaying(false) : this.play();
  }
}

/** Binds the buttons of the walk to the panels of the contracts. */
export const bindWalk = ({ panels, access }) => {
  const choice = byId("walk-contract");
  replace(choice, panels.map((panel) => el("option", { value: panel.id }, panel.id)));
  const player = new Player(() => {
    const panel = panels.find(({ id }) => id === choice.value);
    return walk(panel, panel.tokens().access ?? access());
  });
  byId("play").addEventListener("click", () => player.toggle());
  byId("step").addEventListener("click", () => {
    player.setPlaying(false);
    player.step();
  });
  byId("reset").addEventListener("click", () => player.reset());
  choice.addEventListener("change", () => player.reset());
};
