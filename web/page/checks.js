// Judges a token check by check, in the order of the service, as far as a browser can.
//
// Each check has a verdict: `passes`, `refused`, `server` (only the server can know) or `unreached`.

import { RULES, Refusal, registered } from "./rules.js";
import { absolute } from "../shared/time.js";

// The checks before the signature, and what they find.
const UNVERIFIED = [
  ["form", ["TooLong", "Format"], "three parts, each in canonical base64url; a strict JSON header"],
  ["no extensions", ["Extension"], "no crit, b64, zip or enc"],
  ["algorithm", ["Algorithm"], ""],
];

const REASONS = {
  TooLong: "the token is too long",
  Format: "not a JWT in compact form",
  Extension: "the header asks for an extension",
  Algorithm: "the algorithm is not the configured one",
};

const row = (name, verdict, seen, code = null) => ({ name, verdict, seen, code });

const SIGNATURE = row("signature", "server", "whether a key of the service made it");
const KEY = row("key still trusted", "server", "whether that key has not passed its end date");
const SESSION = row("session", "server", "whether it was revoked, or the token used before");
const USER = row("user", "server", "whether the users table has the user as active");

const REST = ["signature", "key still trusted", ...RULES.map(([name]) => name), "session", "user"];

const unreached = (names) => names.map((name) => row(name, "unreached", ""));

const refused = (rows) => rows.find(({ verdict }) => verdict === "refused") ?? null;

const judge = (rule, token, now) => {
  const [name, check] = rule;
  try {
    return row(name, "passes", check(token, now));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return row(name, "refused", error.message, error.code);
  }
};

const algorithmOf = (settings, name) =>
  settings.contracts.find((contract) => contract.name === name)?.algorithm;

const beforeTheSignature = (token, settings) => {
  const ours = algorithmOf(settings, "expired_token");
  const stated = token.header?.get("alg")?.value;
  const wrong = token.unverified ?? (stated === ours ? null : "Algorithm");
  const rows = [];
  for (const [name, reasons, seen] of UNVERIFIED) {
    if (reasons.includes(wrong)) {
      const isSpelling = wrong === "Algorithm";
      const detail = isSpelling ? `${REASONS[wrong]}: ${stated}, expected ${ours}` : REASONS[wrong];
      rows.push(row(name, "refused", detail, "invalid_token"));
      return [...rows, ...unreached(UNVERIFIED.map(([known]) => known).slice(rows.length))];
    }
    rows.push(row(name, "passes", seen || ours));
  }
  return rows;
};

const judgeJwt = (token, settings, now) => {
  const first = beforeTheSignature(token, settings);
  if (refused(first)) return [...first, ...unreached(REST)];
  const claims = registered(token, settings);
  const rules = RULES.map((rule) => judge(rule, claims, now));
  return [...first, SIGNATURE, KEY, ...rules, SESSION, USER];
};

const judgeRefreshToken = (token, settings, now) => {
  const offered = token.contracts.filter((name) => algorithmOf(settings, name));
  const form = row("form", "passes", `a refresh token of ${token.contracts.join(" or ")}`);
  const contract = offered.length > 0
    ? row("contract", "passes", offered.join(" or "))
    : row("contract", "refused", "the settings keep its contract off", "invalid_token");
  const made = token.startedAt;
  const isFuture = made !== undefined && made - now > settings.leeway_seconds;
  const seen = made === undefined
    ? `session ${token.session}, generation ${token.generation}`
    : `made ${absolute(made)}${isFuture ? ", which is in the future" : ""}, generation ${token.generation}`;
  return [form, contract, SIGNATURE, KEY, { ...SESSION, seen: `${SESSION.seen}: ${seen}` }, USER];
};

/** Every check of `token` at `now`, and the one that refuses it, if one does. */
export const explain = (token, settings, now) => {
  const rows = token.kind === "jwt"
    ? judgeJwt(token, settings, now)
    : judgeRefreshToken(token, settings, now);
  return { rows, refusal: refused(rows) };
};

/** The contract other than the main job's that an access token says it is of. */
export const otherContract = (token, settings) => {
  if (token.kind !== "jwt" || !token.header) return null;
  const named = token.claims?.get("remint");
  const word = named?.kind === "object" ? named.members.get("contract")?.value : undefined;
  return settings.contracts.some(({ name }) => name === word) && word !== "expired_token" ? word : null;
};
