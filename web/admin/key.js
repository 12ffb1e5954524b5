// The key: kept in this module's memory and nowhere else, sent in one header and no other way.

const IDLE_MILLISECONDS = 15 * 60 * 1000;
const PATIENCE_MILLISECONDS = 20_000;

// What a header can carry; a key with anything else cannot be right.
const SENDABLE = /^[\x21-\x7e]+$/;

let key = null;
let uses = new AbortController();
let idle;
let stirred = 0;
let onForgotten = () => {};

/** Keeps `text` until it is forgotten; false if it can be no key. */
export const keep = (text) => {
  if (!SENDABLE.test(text)) return false;
  key = text;
  uses = new AbortController();
  stirred = Date.now();
  stir();
  return true;
};

/** Forgets the key, and gives up what is under way with it. */
export const forget = (why) => {
  if (key === null) return;
  key = null;
  clearTimeout(idle);
  uses.abort();
  onForgotten(why);
};

const forgetIdle = () => forget("Nothing was done here for 15 minutes, so the key is forgotten.");

// A timer stands still while the machine sleeps; the clock does not.
const wasIdle = () => Date.now() - stirred > IDLE_MILLISECONDS;

const stir = () => {
  if (wasIdle()) forgetIdle();
  if (key === null) return;
  stirred = Date.now();
  clearTimeout(idle);
  idle = setTimeout(forgetIdle, IDLE_MILLISECONDS);
};

/** Calls `forgotten`, with the reason, whenever the key is no longer there. */
export const watchKey = (forgotten) => {
  onForgotten = forgotten;
  // A page that the browser keeps for the way back must not have the key any more.
  addEventListener("pagehide", () => forget("The page was left, so the key is forgotten."));
  for (const sign of ["pointerdown", "keydown", "input"]) addEventListener(sign, stir, { passive: true });
};

const read = async (response) => {
  const text = await response.text();
  const isJson = /\bjson\b/.test(response.headers.get("content-type") ?? "");
  return { text, body: isJson ? JSON.parse(text) : null };
};

/**
 * Asks this listener for something with the key: `{status, body, text, retryAfter, requestId}`.
 * The status is 0 where there is no answer, and null where the key was forgotten meanwhile.
 */
export const ask = async (path, { method = "GET", body } = {}) => {
  if (wasIdle()) forgetIdle();
  const use = uses.signal;
  if (key === null) return { status: null };
  const headers = { authorization: `Bearer ${key}` };
  if (body) headers["content-type"] = "application/json";
  try {
    const response = await fetch(path, {
      method,
      headers,
      body: body && JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal: AbortSignal.any([use, AbortSignal.timeout(PATIENCE_MILLISECONDS)]),
    });
    const answer = await read(response);
    if (use.aborted) return { status: null };
    return {
      status: response.status,
      retryAfter: response.headers.get("retry-after"),
      requestId: response.headers.get("x-request-id"),
      ...answer,
    };
  } catch {
    return { status: use.aborted ? null : 0 };
  }
};

/** What to tell people about an answer that is not what was asked for. */
export const trouble = ({ status, body, retryAfter, requestId }) => {
  const wait = retryAfter ? ` Try again in ${retryAfter} seconds.` : " Try again.";
  const trace = requestId ? ` The log has it as ${requestId}.` : "";
  switch (status) {
    case 0:
      return `The service does not answer.${wait}`;
    case 401:
      return "The service refuses this key for that. METRICS_API_KEY opens the figures alone; everything else wants ADMIN_API_KEY.";
    case 422:
      return `That cannot be asked: ${body?.detail ?? "the request is malformed"}.`;
    case 429:
      return `Too many wrong keys came from your address.${wait}`;
    case 503:
      return `The service cannot answer at the moment; its database may be away.${wait}${trace}`;
    default:
      return `${body?.title ?? "Unexpected answer"} (${status})${body?.detail ? `: ${body.detail}` : ""}.${trace}`;
  }
};
