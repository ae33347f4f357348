// Receipts and proofs of single entries (C2SP tlog-proof).

const PROOF_HEADER = "c2sp.org/tlog-proof@v1";
const RECEIPT_HEADER = "makegood.receipt/v1";
const RECEIPT_FAMILY = "makegood.receipt/";
const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const AHEAD_SECONDS = 300;
const MERGE_MICROS = 60_000_000n;
const TIME =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{6}))?Z$/;

// Microseconds since 1970 of a time in its one spelling, or null.
function microsOf(text) {
  const found = TIME.exec(text);
  if (!found || found[7] === "000000") return null;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number);
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, day);
  at.setUTCHours(hour, minute, second);
  const told = [at.getUTCFullYear(), at.getUTCMonth() + 1, at.getUTCDate()];
  const clock = [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()];
  if (year === 0 || `${told}` !== `${[year, month, day]}`) return null;
  if (`${clock}` !== `${[hour, minute, second]}`) return null;
  return BigInt(at.getTime()) * 1000n + BigInt(found[7] || 0);
}

// Seconds since 1970, to the second.
function moment(text) {
  const micros = microsOf(text);
  if (micros === null || micros < 0n) throw damaged("time");
  return Number(micros / 1_000_000n);
}

function requirePast(text, now) {
  if (moment(text) > now + AHEAD_SECONDS) throw new Rejected("future", "clock");
}

function numberOf(leaf) {
  let value = leaf.subarray(0, 5).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  let letters = "";
  for (let place = 0; place < 8; place += 1) {
    letters = CROCKFORD[Number(value & 31n)] + letters;
    value >>= 5n;
  }
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}

function after(word, line) {
  if (!line.startsWith(word)) throw malformed("receipt");
  return line.slice(word.length);
}

function parseReceipt(text) {
  const lines = decodeLines(text);
  if (lines.length !== 7 || lines[0] !== RECEIPT_HEADER) throw malformed("receipt");
  const [stream, seq] = cut(after("stream ", lines[4]), " ");
  const found = {
    origin: lines[1],
    leaf: decodeHash(after("entry ", lines[3])),
    stream: decodeBase64(stream),
    seq: decodeNumber(seq),
    at: after("at ", lines[5]),
    mergeBy: after("merge-by ", lines[6]),
  };
  found.number = numberOf(found.leaf);
  const spelled = `number ${found.number}` === lines[2] && lines[4].endsWith(` ${found.seq}`);
  if (!spelled || found.stream.length !== 16) throw malformed("receipt");
  const [at, due] = [microsOf(found.at), microsOf(found.mergeBy)];
  if (at === null || due === null || due !== at + MERGE_MICROS) throw malformed("receipt");
  return found;
}

async function readReceipt(bytes, pin, knownOnly = false) {
  const note = parseNote(bytes);
  const known = startsWith(note.text, `${RECEIPT_HEADER}\n`);
  if (startsWith(note.text, RECEIPT_FAMILY) && !known) {
    throw new Rejected("other_version", "receipt");
  }
  const receipt = parseReceipt(note.text);
  moment(receipt.at);
  if (pin.policy) {
    requireOrigin(pin, receipt.origin);
    await requireSigned(note, pin.policy.logs, receipt.origin, knownOnly);
  }
  return receipt;
}

function parseProof(bytes) {
  if (bytes.length > 2 * LARGEST_NOTE) throw malformed("too_large");
  const gap = findGap(bytes, false);
  if (gap < 0) throw malformed("proof");
  const lines = decodeLines(bytes.subarray(0, gap + 1));
  if (lines[0] !== PROOF_HEADER) throw malformed("proof");
  let rest = lines.slice(1);
  let extra = null;
  if (rest.length && rest[0].startsWith("extra ")) {
    extra = decodeBase64(rest[0].slice("extra ".length));
    rest = rest.slice(1);
  }
  if (!rest.length || !rest[0].startsWith("index ")) throw malformed("proof");
  if (rest.length - 1 > LONGEST_PATH) throw malformed("path_length");
  const index = decodeNumber(rest[0].slice("index ".length));
  return { index, path: rest.slice(1).map(decodeHash), checkpoint: bytes.subarray(gap + 2), extra };
}

async function requirePath(proof, leaf, checkpoint) {
  const { size, root } = checkpoint;
  if (proof.index >= size) throw malformed("index");
  if (!(await verifyInclusion(leaf, proof.index, size, proof.path, root))) throw malformed("path");
}

async function checkReceipt(bytes, pin, now) {
  const receipt = await readReceipt(bytes, pin);
  requirePast(receipt.at, now);
  const promised = moment(receipt.mergeBy) < now ? "late" : "not_merged";
  return verdictOf({
    state: pin.policy ? promised : "unpinned",
    kind: "receipt",
    origin: receipt.origin,
    pinned: Boolean(pin.policy),
    number: receipt.number,
    at: receipt.at,
    merge_by: receipt.mergeBy,
    cautions: [...cautionsOf(null, pin), ...othersIn(parseNote(bytes), pin)],
  });
}

// What a proof is about: its leaf hash, and the receipt if that is how we know it.
async function subjectOf(extra, beside, pin) {
  if (extra !== null && beside && !same(extra, beside)) throw damaged("receipt");
  const told = beside || extra;
  if (!told) throw new Rejected("unbound", "proof");
  if (!startsWith(told, RECEIPT_FAMILY)) {
    readEntry(told);
    return [null, await leafHash(told)];
  }
  const receipt = await readReceipt(told, pin);
  return [receipt, receipt.leaf];
}

async function seenBy(note, pin) {
  const checkpoint = parseCheckpoint(note.text);
  if (!pin.policy) return { checkpoint, witnesses: [] };
  requireOrigin(pin, checkpoint.origin);
  return checkNote(note, pin.policy, false);
}

async function checkProof(bytes, beside, pin, now) {
  const proof = parseProof(bytes);
  const [receipt, leaf] = await subjectOf(proof.extra, beside, pin);
  const note = parseNote(proof.checkpoint);
  const seen = await seenBy(note, pin);
  const { checkpoint, witnesses } = seen;
  await requirePath(proof, leaf, checkpoint);
  if (receipt) {
    if (receipt.origin !== checkpoint.origin) throw new Rejected("wrong_origin", "origin");
    requirePast(receipt.at, now);
  }
  checkOld(checkpoint, pin);
  return verdictOf({
    state: pin.policy ? "intact" : "unpinned",
    kind: "proof",
    origin: checkpoint.origin,
    pinned: Boolean(pin.policy),
    merged: true,
    number: receipt ? receipt.number : "",
    at: receipt ? receipt.at : "",
    merge_by: receipt ? receipt.mergeBy : "",
    index: String(proof.index),
    size: String(checkpoint.size),
    witnesses: witnessesOf(witnesses, pin, true),
    cautions: [...cautionsOf(seen, pin), ...othersIn(note, pin)],
  });
}
