// The rules of the service about a genuine token, in its order and its words (src/domain/rules.rs).
// Each gives what it saw, or throws a Refusal.

import { absolute, span } from "../shared/time.js";

// The year 9999: what lies beyond is a mistake, milliseconds mostly.
const LAST_SECOND = 253_402_300_799;
const MAX_SUBJECT_BYTES = 255;
const KIND_CLAIMS = ["token_use", "token_type", "typ", "type"];
const CONTRACTS = ["expired_token", "cookie", "token_pair", "envelope", "refresh_token", "oauth2"];

/** Why a token is refused: what the service answers, and what its log says. */
export class Refusal extends Error {
  constructor(code, reason) {
    super(reason);
    this.code = code;
  }
}

const unsupported = (reason) => new Refusal("unsupported_token", reason);

const REASONS = {
  Claims: "the claims are not a strict JSON object",
  Kind: "the token is of another kind",
  SenderConstrained: "the token is bound to a key",
  ExpiryMissing: "the token has no expiry",
  ExpiryMalformed: "the expiry is not a number",
  NotYetValid: "the token is not valid yet",
  IssuedInFuture: "the token was issued in the future",
  IssueTimeMalformed: "a time of issue is not a number",
  Undated: "the token does not say when it was issued, and expires too late to count it back",
  Issuer: "the token is from another issuer",
  Audience: "the token is for another audience",
  SubjectMissing: "the token has no subject",
  SubjectMalformed: "the subject cannot be a user's key",
  Lineage: "the session claim is malformed",
};

const refuse = (name) => {
  throw unsupported(REASONS[name]);
};

// A claim is absent (undefined), malformed (null), or read.
const read = (members, name, parse) => (members.has(name) ? parse(members.get(name)) : undefined);
const text = (node) => (node.kind === "string" ? node.value : null);
const wholeBetween = (digits, least, most) => {
  if (!/^-?[0-9]+$/.test(digits)) return null;
  const number = BigInt(digits);
  return number >= least && number <= most ? number : null;
};

/** A time in seconds, to the microsecond as the service has it. */
export const time = (node) => {
  if (node?.kind !== "number") return null;
  const seconds = Number(node.text);
  return Math.abs(seconds) <= LAST_SECOND ? Math.trunc(seconds * 1e6) / 1e6 : null;
};

const audience = (node) => {
  if (node.kind === "word" && node.text === "null") return undefined;
  if (node.kind === "string") return [node.value];
  const all = node.kind === "array" ? node.items.map(text) : [null];
  return all.includes(null) ? null : all;
};

const subject = (node) => {
  if (node.kind === "number") return wholeBetween(node.text, -(2n ** 63n), 2n ** 63n - 1n);
  return text(node);
};

const isKey = (subject) => {
  if (typeof subject === "bigint") return true;
  const bytes = new TextEncoder().encode(subject).length;
  const isTrimmed = !/^\p{White_Space}|\p{White_Space}$/u.test(subject);
  return bytes > 0 && bytes <= MAX_SUBJECT_BYTES && isTrimmed && !/\p{Cc}/u.test(subject);
};

const HYPHENATED = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
const UUID = new RegExp(`^(?:(?:urn:uuid:)?${HYPHENATED}|\\{${HYPHENATED}\\}|[0-9a-f]{32})$`, "i");

const lineage = (node) => {
  if (node.kind !== "object") return null;
  const { members } = node;
  const [session, start, generation] = ["sid", "start", "gen"].map((name) => members.get(name));
  const startedAt = time(start);
  const whole = generation?.kind === "number" && wholeBetween(generation.text, 0n, 2n ** 64n - 1n);
  const contract = members.has("contract") ? text(members.get("contract")) : "expired_token";
  const isSound =
    session?.kind === "string" && UUID.test(session.value) && startedAt !== null && typeof whole === "bigint";
  return isSound && CONTRACTS.includes(contract)
    ? { session: session.value, startedAt, generation: whole, contract }
    : null;
};

/** What the rules look at, of a token that could be taken apart. */
export const registered = ({ header, claims }, settings) => {
  const members = claims ?? new Map();
  const main = settings.contracts.find(({ name }) => name === "expired_token");
  const kinds = KIND_CLAIMS.map((name) => [name, read(members, name, text)]);
  return {
    claims,
    settings,
    kinds: [["header typ", read(header, "typ", text)], ...kinds],
    isBound: members.has("cnf"),
    expiry: read(members, "exp", time),
    notBefore: read(members, "nbf", time),
    issuedAt: read(members, "iat", time),
    authTime: read(members, "auth_time", time),
    originalIssue: read(members, "orig_iat", time),
    issuer: read(members, "iss", text),
    audience: read(members, "aud", audience),
    subjectClaim: main.subject_claim,
    subject: read(members, main.subject_claim, subject),
    lineage: read(members, "remint", lineage),
  };
};

const expiryOf = ({ expiry }) => {
  if (expiry === undefined) refuse("ExpiryMissing");
  return expiry ?? refuse("ExpiryMalformed");
};

const startedAt = (token, now) => {
  if (token.lineage) return token.lineage.startedAt;
  const stated = [token.authTime, token.originalIssue, token.issuedAt].find(Number.isFinite);
  return Math.min(stated ?? expiryOf(token) - token.settings.legacy_lifetime_seconds, now);
};

const isAccessKind = (kind, { token_kinds }) => {
  // Only ASCII letters have another case here.
  const lower = kind.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return token_kinds.includes(lower.replace(/^application\//, ""));
};

/** Name and check of every rule, in order. */
export const RULES = [
  ["claims", ({ claims }) => (claims ? [...claims.keys()].join(", ") : refuse("Claims"))],
  [
    "kind",
    ({ kinds, settings }) => {
      const stated = kinds.filter(([, kind]) => kind !== undefined);
      if (!stated.every(([, kind]) => kind !== null && isAccessKind(kind, settings))) refuse("Kind");
      return stated.map(([name, kind]) => `${name} ${kind}`).join(", ") || "not stated";
    },
  ],
  ["not bound (cnf)", ({ isBound }) => (isBound ? refuse("SenderConstrained") : "a bearer token")],
  ["expiry present", (token) => absolute(expiryOf(token))],
  [
    "not before",
    ({ notBefore, settings }, now) => {
      if (notBefore === undefined) return "not stated";
      const isReached = notBefore !== null && notBefore - now <= settings.leeway_seconds;
      return isReached ? absolute(notBefore) : refuse("NotYetValid");
    },
  ],
  [
    "issued",
    (token, now) => {
      const { issuedAt, authTime, originalIssue, settings } = token;
      for (const stated of [issuedAt, authTime, originalIssue]) {
        if (stated === null) refuse("IssueTimeMalformed");
        if (stated - now > settings.leeway_seconds) refuse("IssuedInFuture");
      }
      const counted = expiryOf(token) - settings.legacy_lifetime_seconds;
      if (issuedAt !== undefined) return absolute(issuedAt);
      if (counted - now > settings.leeway_seconds) refuse("Undated");
      return `not stated; ${absolute(counted)} by its expiry`;
    },
  ],
  [
    "issuer",
    ({ issuer, settings }) => {
      if (issuer === null) refuse("Issuer");
      if (settings.issuer === null) return "any (JWT_ISSUER is not set)";
      return issuer === settings.issuer ? issuer : refuse("Issuer");
    },
  ],
  [
    "audience",
    ({ audience: theirs, settings }) => {
      if (theirs === undefined && settings.audience.length === 0) return "none";
      return theirs?.some((one) => settings.audience.includes(one)) ? theirs.join(", ") : refuse("Audience");
    },
  ],
  [
    "subject",
    ({ subject: key }) => {
      if (key === undefined) refuse("SubjectMissing");
      return key !== null && isKey(key) ? String(key) : refuse("SubjectMalformed");
    },
  ],
  [
    "session claim",
    ({ lineage: claim, settings }, now) => {
      if (claim === undefined) return "none: the first refresh of this token";
      if (claim === null) refuse("Lineage");
      if (claim.startedAt - now > settings.leeway_seconds) refuse("IssuedInFuture");
      return `session ${claim.session}, generation ${claim.generation}`;
    },
  ],
  [
    "contract",
    ({ lineage: claim }) => {
      const contract = claim?.contract ?? "expired_token";
      return contract === "expired_token" ? contract : refuse("Kind");
    },
  ],
  [
    "refresh window",
    (token, now) => {
      const expiry = expiryOf(token);
      const left = expiry + token.settings.refresh_window_seconds - now;
      if (left < 0) throw new Refusal("refresh_window_over", "the token expired too long ago");
      return expiry > now
        ? `not expired yet, refreshes for another ${span(left)}`
        : `expired ${span(now - expiry)} ago, ${span(left)} left`;
    },
  ],
  [
    "session age",
    (token, now) => {
      expiryOf(token);
      const start = startedAt(token, now);
      const left = Math.floor(start + token.settings.session_max_seconds) - now;
      if (left <= 0) throw new Refusal("session_expired", "the session has reached its maximum age");
      return `started ${absolute(start)}, ${span(left)} left`;
    },
  ],
];
