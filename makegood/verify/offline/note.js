// Signed notes, checkpoints and verifier keys (C2SP signed-note, tlog-checkpoint, tlog-cosignature).

const ED25519 = 1;
const COSIGNATURE = 4;
const LARGEST_NOTE = 64 * 1024;
const MOST_SIGNATURES = 64;
// What Python calls white space, so that both verifiers refuse the same names.
// eslint-disable-next-line no-control-regex
const NO_NAME = /[\x00-\x20+\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

function checkedName(name) {
  if (!name || NO_NAME.test(name)) throw malformed("key_name");
  return name;
}

function parseSignature(line) {
  if (!line.startsWith("\u2014 ")) throw malformed("signature_line");
  const [name, spelled] = cut(line.slice(2), " ");
  const content = decodeBase64(spelled);
  if (content.length <= 4) throw malformed("signature_line");
  return { name: checkedName(name), id: hex(content.subarray(0, 4)), content: content.subarray(4) };
}

function parseNote(bytes) {
  if (bytes.length > LARGEST_NOTE) throw malformed("too_large");
  const gap = findGap(bytes, true);
  if (gap < 1) throw malformed("note");
  const text = bytes.subarray(0, gap + 1);
  decodeLines(text);
  const signatures = decodeLines(bytes.subarray(gap + 2)).map(parseSignature);
  if (signatures.length > MOST_SIGNATURES) throw malformed("note");
  if (new Set(signatures.map((one) => `${one.name} ${one.id}`)).size !== signatures.length) {
    throw malformed("duplicate_signature");
  }
  return { text, signatures };
}

async function parseVerifier(text) {
  const [name, rest] = cut(text, "+");
  const [id, key] = cut(rest, "+");
  const content = decodeBase64(key);
  if (content.length !== 33 || ![ED25519, COSIGNATURE].includes(content[0])) {
    throw malformed("key");
  }
  checkedName(name);
  const digest = await sha256(concat(utf8(`${name}\n`), content));
  if (hex(digest.subarray(0, 4)) !== id) throw malformed("key");
  return { name, id, kind: content[0], key: content.subarray(1), text };
}

// Keys that are imported already: a bundle meets the same few again and again.
const importedKeys = new Map();

function importedKey(key) {
  const name = hex(key);
  if (!importedKeys.has(name)) {
    importedKeys.set(name, crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]));
  }
  return importedKeys.get(name);
}

async function ed25519(key, signature, message) {
  try {
    return await crypto.subtle.verify("Ed25519", await importedKey(key), signature, message);
  } catch (wrong) {
    if (wrong.name === "NotSupportedError") throw wrong;
    return false;
  }
}

async function fits(text, verifier, content) {
  if (verifier.kind === ED25519) {
    return content.length === 64 && ed25519(verifier.key, content, text);
  }
  if (content.length !== 72) return false;
  const time = content.subarray(0, 8).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const message = concat(utf8(`cosignature/v1\ntime ${time}\n`), text);
  return ed25519(verifier.key, content.subarray(8), message);
}

// Which of these keys signed. A line that carries a known key's name and does not fit is tampering.
async function signedBy(note, verifiers) {
  const known = new Map(verifiers.map((one) => [`${one.name} ${one.id}`, one]));
  const found = new Set();
  for (const signature of note.signatures) {
    const verifier = known.get(`${signature.name} ${signature.id}`);
    if (!verifier) continue;
    if (!(await fits(note.text, verifier, signature.content))) throw malformed("wrong_signature");
    found.add(verifier);
  }
  return found;
}

const EMPTY_ROOT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

function parseCheckpoint(text) {
  const lines = decodeLines(text);
  if (lines.length < 3 || lines.includes("")) throw malformed("checkpoint");
  const size = decodeNumber(lines[1]);
  const root = decodeHash(lines[2]);
  if ((size === 0n) !== (hex(root) === EMPTY_ROOT)) throw malformed("checkpoint");
  return { origin: lines[0], size, root };
}
