// Takes a token apart, as strictly as the service does. Nothing here is sent or kept.

import { readObject } from "./json.js";

/** The longest token that the service looks at, in bytes. */
const MAX_BYTES = 8 * 1024;

// Of these the service understands none, and so must refuse them (RFC 7515 §4.1.11).
const EXTENSIONS = ["crit", "b64", "zip", "enc"];

// 2026-01-01, the first second that a handle of an envelope's token can name.
const FIRST_SECOND = 1_767_225_600;

const bytesOf = (text) => new TextEncoder().encode(text);

/** The text of UTF-8; null where it is none. */
const textOf = (bytes) => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
};

const decode = (text) => {
  const binary = atob(text);
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
};

// One by one: of too many arguments at once a browser makes no call.
const encode = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

/** The bytes of base64 in its one canonical spelling; null for every other. */
const fromBase64 = (text) => {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return null;
  const bytes = decode(text);
  return encode(bytes) === text ? bytes : null;
};

/** The bytes of base64url without padding in its one canonical spelling; null for every other. */
export const fromBase64Url = (text) => {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return null;
  const standard = text.replaceAll("-", "+").replaceAll("_", "/");
  return fromBase64(standard.padEnd(Math.ceil(text.length / 4) * 4, "="));
};

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

const uuid = (bytes) =>
  hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");

const number = (bytes) => BigInt(`0x${hex(bytes)}`);

// Version, session, generation, and what proves them.
const named = (bytes, length, contracts) => {
  if (bytes?.length !== length || bytes[0] !== 1) return null;
  return {
    kind: "refresh",
    contracts,
    session: uuid(bytes.slice(1, 17)),
    generation: number(bytes.slice(17, 25)),
    mac: hex(bytes.slice(25)),
  };
};

// 42 bits of a handle, 16 of a generation and 64 that prove them, around version and variant.
const envelope = (text) => {
  const digits = text.replaceAll("-", "");
  const isUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.test(text);
  if (!isUuid) return null;
  const bits = BigInt(`0x${digits}`);
  const low = bits & ((1n << 62n) - 1n);
  const packed = ((bits >> 80n) << 74n) | (((bits >> 64n) & 0xfffn) << 62n) | low;
  const handle = packed >> 80n;
  return {
    kind: "refresh",
    contracts: ["envelope"],
    handle,
    startedAt: FIRST_SECOND + Number(handle >> 10n),
    generation: (packed >> 64n) & 0xffffn,
    mac: (packed & 0xffff_ffff_ffff_ffffn).toString(16).padStart(16, "0"),
  };
};

const refreshToken = (text) =>
  envelope(text) ??
  named(fromBase64(text), 64, ["token_pair"]) ??
  named(fromBase64Url(text), 57, ["cookie", "refresh_token", "oauth2"]);

// What is wrong before the signature is looked at, in the order of the service.
const problem = ({ parts, header, payload, signature }) => {
  if (!parts || !signature || !payload || !header) return "Format";
  if (EXTENSIONS.some((name) => header.has(name))) return "Extension";
  const isText = (name) => header.get(name)?.kind === "string";
  return !isText("alg") || (header.has("kid") && !isText("kid")) ? "Format" : null;
};

const jwt = (text) => {
  const last = text.lastIndexOf(".");
  const first = text.indexOf(".");
  const isSplit = first !== -1 && first < last;
  const parts = isSplit
    ? [text.slice(0, first), text.slice(first + 1, last), text.slice(last + 1)]
    : null;
  const [head, payload, signature] = parts ? parts.map(fromBase64Url) : [];
  const headerText = head && textOf(head);
  const payloadText = payload && textOf(payload);
  const token = {
    kind: "jwt",
    parts,
    header: headerText ? readObject(headerText) : null,
    headerText,
    payload,
    claims: payloadText ? readObject(payloadText) : null,
    payloadText,
    signature,
  };
  const isLong = bytesOf(text).length > MAX_BYTES;
  return { ...token, unverified: isLong ? "TooLong" : problem(token) };
};

/** What `text` is: a JWT, a refresh token of this service, or neither. */
export const takeApart = (text) => refreshToken(text) ?? jwt(text);
