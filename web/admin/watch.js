// Polls the figures and draws them.

import { byId, el, replace } from "../shared/dom.js";
import { growth, parse, quantile, startedAt, sum } from "./figures.js";
import { ask, forget, trouble } from "./key.js";
import { plot } from "./plot.js";

const PERIOD = 2_000;
const SPAN = 5 * 60_000;

// Longer than that between two readings, and nobody knows when in between it happened.
const GAP = 4 * PERIOD;

// Rates and times are those of the last ten seconds: one refresh alone says little.
const STEPS = 5;

const COLUMNS = ["Now", "Highest of five minutes", "Since the page is open"];

const CONTRACTS = ["cookie", "envelope", "expired_token", "oauth2", "refresh_token", "token_pair"];

const ofContract = ({ contract }) => CONTRACTS.includes(contract);

const answers = (outcome) => (grown) =>
  sum(grown, "remint_answers_total", (labels) => ofContract(labels) && labels.outcome === outcome);

// The limit of an address counts before it is known which contract is meant.
const waits = (grown) =>
  sum(grown, "remint_answers_total", ({ contract, outcome }) => contract !== "admin" && outcome === "rate_limited");

const troubles = (grown) => answers("unavailable")(grown) + sum(grown, "remint_turned_away_total");

const refusals = (wanted) => (grown) =>
  sum(grown, "remint_refusals_total", (labels) => ofContract(labels) && wanted(labels.reason));

const perSecond = (value) => `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)}/s`;

const seconds = (value) => {
  if (value >= 1) return `${Number(value.toFixed(1))} s`;
  const milliseconds = value * 1000;
  return `${Number(milliseconds.toFixed(milliseconds < 10 ? 1 : 0))} ms`;
};

// Each with its lines: a name, and what it counts of what grew.
const RATES = [
  {
    title: "Refreshes",
    lines: [["new", answers("refreshed")], ["given again", answers("replayed")]],
  },
  {
    title: "Refusals",
    lines: [
      ["refused", refusals(() => true)],
      ["told to wait (429)", waits],
      ["in trouble (503)", troubles],
    ],
  },
  {
    title: "Reuse alarms",
    isAlarm: true,
    lines: [["tokens reused", refusals((reason) => reason === "token_reused")]],
  },
];

const SHARES = [["half are faster (p50)", 0.5], ["99 of 100 are faster (p99)", 0.99]];

const latency = (grown, share) =>
  quantile(grown, "remint_request_duration_seconds", share, ofContract);

const rateFigures = RATES.flatMap(({ title, lines }) =>
  lines.map(([name, count]) => ({ name: `${title}: ${name}`, count })));

const figuresOf = (readings) => {
  const elapsed = (readings.at(-1).at - readings[0].at) / 1000;
  // Step by step, so that a restart in between is seen.
  const steps = readings.slice(1).map((reading, index) => growth(readings[index].samples, reading.samples));
  const all = steps.flat();
  return {
    counts: rateFigures.map(({ count }) => count(steps.at(-1))),
    values: [
      ...rateFigures.map(({ count }) => count(all) / elapsed),
      ...SHARES.map(([, share]) => latency(all, share)),
    ],
  };
};

/** Makes the plots; `open` begins to poll, with the first figures at hand, and `close` ends it. */
export const bindWatch = () => {
  const plots = [
    ...RATES.map(({ title, lines, isAlarm }) => plot({
      title: `${title} per second`, series: lines.map(([name]) => name), write: perSecond, least: 1, isAlarm,
    })),
    plot({ title: "Time of an answer", series: SHARES.map(([name]) => name), write: seconds, least: 0.001 }),
  ];
  replace(byId("plots"), plots.map(({ element }) => element));
  const pauseButton = byId("pause");
  let timer;
  let state;

  const say = (text) => {
    byId("figures-note").hidden = !text;
    byId("figures-note").textContent = text;
  };

  const pulse = (text, kind = "") => {
    byId("pulse").className = `verdict ${kind}`;
    byId("pulse").textContent = text;
  };

  const tabulate = () => {
    const { points, totals } = state;
    const row = (name, write, index, total) => {
      const values = points.map(({ values: all }) => all[index]).filter((value) => value !== null);
      const latest = points.at(-1)?.values[index] ?? null;
      const highest = values.length > 0 ? write(Math.max(...values)) : "–";
      const cells = [latest === null ? "–" : write(latest), highest, total];
      return el("tr", { role: "row" }, el("th", { scope: "row", role: "rowheader" }, name),
        cells.map((cell, column) => el("td", { role: "cell", "data-label": COLUMNS[column] }, cell)));
    };
    replace(byId("figures"),
      rateFigures.map(({ name }, index) => row(name, perSecond, index, String(totals[index]))),
      SHARES.map(([name], index) =>
        row(`Time of an answer: ${name}`, seconds, rateFigures.length + index, "–")));
  };

  const draw = () => {
    let from = 0;
    const now = state.readings.at(-1).at;
    for (const [index, { draw: drawOne }] of plots.entries()) {
      const count = RATES[index]?.lines.length ?? SHARES.length;
      const slice = [from, from + count];
      drawOne(state.points.map(({ at, values }) => ({ at, values: values.slice(...slice) })), now, SPAN);
      from += count;
    }
    tabulate();
  };

  const take = (text) => {
    const reading = { at: performance.now(), samples: parse(text) };
    const last = state.readings.at(-1);
    state.readings = [...state.readings.slice(-STEPS), reading];
    if (last) {
      const began = startedAt(last.samples);
      if (began !== startedAt(reading.samples)) say("The service was started again meanwhile.");
      const { counts, values: known } = figuresOf(state.readings);
      counts.forEach((count, index) => { state.totals[index] += count; });
      const isGap = reading.at - last.at > GAP;
      const values = isGap ? known.map(() => null) : known;
      if (isGap) state.readings = [reading];
      state.points = [...state.points, { at: reading.at, values }]
        .filter(({ at }) => at >= reading.at - SPAN);
    }
    draw();
  };

  const isResting = () => state.isPaused || document.hidden;

  const poll = async () => {
    const mine = state;
    const answer = await ask("metrics");
    if (mine !== state || answer.status === null) return;
    if (answer.status === 401 || answer.status === 429) {
      // To go on with a key that is wrong by now would lock other callers of this address out.
      forget("The service does not accept this key any more.");
      return;
    }
    if (answer.status === 200) {
      if (state.isAway) say("");
      state.isAway = false;
      take(answer.text);
    } else {
      say(trouble(answer));
      state.isAway = true;
    }
    plan();
  };

  const plan = () => {
    clearTimeout(timer);
    if (state.isPaused) pulse("paused", "wait");
    else pulse(state.isAway ? "no answer" : "live", state.isAway ? "bad" : "good");
    if (!isResting()) timer = setTimeout(poll, PERIOD);
  };

  pauseButton.addEventListener("click", () => {
    state.isPaused = !state.isPaused;
    pauseButton.setAttribute("aria-pressed", String(state.isPaused));
    plan();
  });
  document.addEventListener("visibilitychange", () => state && plan());
  addEventListener("resize", () => state && draw());

  return {
    open: (text) => {
      state = { readings: [], points: [], totals: rateFigures.map(() => 0), isPaused: false, isAway: false };
      pauseButton.setAttribute("aria-pressed", "false");
      say("");
      take(text);
      plan();
    },
    close: () => {
      clearTimeout(timer);
      state = undefined;
    },
  };
};
