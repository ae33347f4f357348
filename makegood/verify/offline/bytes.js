// Bytes, text, base64 and numbers in their one spelling. Whatever differs is rejected.

class Rejected extends Error {
  constructor(state, reason = "") {
    super(`${state} ${reason}`.trim());
    this.state = state;
    this.reason = reason;
  }
}

// A malformed text: its reason names what is wrong, and the state follows from the reason.
const STATES = {
  too_large: "too_large",
  origin: "wrong_origin",
  not_signed: "wrong_key",
  unknown_signature: "wrong_key",
  quorum: "too_few_witnesses",
};
const malformed = (reason) => new Rejected(STATES[reason] || "damaged", reason);

const encoder = new TextEncoder();
const utf8 = (text) => encoder.encode(text);
const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
const concat = (...parts) => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let place = 0;
  for (const part of parts) {
    whole.set(part, place);
    place += part.length;
  }
  return whole;
};
const same = (a, b) => a.length === b.length && a.every((value, place) => value === b[place]);
const startsWith = (bytes, text) => same(bytes.subarray(0, text.length), utf8(text));

function textOf(bytes, reason) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformed(reason);
  }
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function encodeBase64(bytes) {
  let text = "";
  for (let place = 0; place < bytes.length; place += 8192) {
    text += String.fromCharCode(...bytes.subarray(place, place + 8192));
  }
  return btoa(text);
}

function decodeBase64(text) {
  if (!BASE64.test(text)) throw malformed("base64");
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  if (encodeBase64(bytes) !== text) throw malformed("base64");
  return bytes;
}

function decodeHash(text) {
  const bytes = decodeBase64(text);
  if (bytes.length !== 32) throw malformed("hash");
  return bytes;
}

const LARGEST_SIZE = 2n ** 63n - 1n;

function decodeNumber(text) {
  if (!/^(?:0|[1-9][0-9]{0,18})$/.test(text) || BigInt(text) > LARGEST_SIZE) {
    throw malformed("number");
  }
  return BigInt(text);
}

// The lines of a text that ends with a newline and holds no other control character.
function decodeLines(bytes) {
  const text = textOf(bytes, "text");
  // eslint-disable-next-line no-control-regex
  if (!text.endsWith("\n") || /[\x00-\x09\x0b-\x1f]/.test(text)) throw malformed("text");
  return text.slice(0, -1).split("\n");
}

// The last place of two newlines one after the other, or the first.
function findGap(bytes, last) {
  const from = last ? bytes.length - 2 : 0;
  const step = last ? -1 : 1;
  for (let place = from; place >= 0 && place + 1 < bytes.length; place += step) {
    if (bytes[place] === 10 && bytes[place + 1] === 10) return place;
  }
  return -1;
}

function cut(text, mark) {
  const place = text.indexOf(mark);
  return place < 0 ? [text, ""] : [text.slice(0, place), text.slice(place + mark.length)];
}

const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
