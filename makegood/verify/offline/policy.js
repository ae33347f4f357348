// Whom to believe (C2SP tlog-policy), and what the reader has pinned from elsewhere.

const LARGEST_POLICY = 64 * 1024;
const MOST_LINES = 256;
const require_ = (holds) => {
  if (!holds) throw malformed("policy");
};

function policyLines(bytes) {
  require_(bytes.length === 0 || bytes[bytes.length - 1] === 10);
  require_(bytes.every((sign) => (sign >= 32 || sign === 9 || sign === 10) && sign !== 127));
  const lines = textOf(bytes, "policy").split("\n");
  if (lines.length > MOST_LINES) throw malformed("too_large");
  return lines
    .map((line) => line.replaceAll("\t", " ").replace(/^ +| +$/g, ""))
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => line.split(" ").filter((word) => word));
}

async function parsePolicy(bytes) {
  if (bytes.length > LARGEST_POLICY) throw malformed("too_large");
  const policy = { logs: [], witnesses: new Map(), groups: new Map(), quorum: null };
  const grouped = new Set();
  for (const words of policyLines(bytes)) await readLine(policy, grouped, words);
  require_(policy.quorum !== null);
  return policy;
}

const isKnown = (policy, name) => policy.witnesses.has(name) || policy.groups.has(name);
const sameKey = (a, b) => same(a.key, b.key);

async function readLine(policy, grouped, words) {
  const [kind, ...rest] = words;
  if (kind === "log" && [1, 2].includes(rest.length)) {
    const key = await parseVerifier(rest[0]);
    require_(key.kind === ED25519 && !policy.logs.some((known) => sameKey(known, key)));
    policy.logs.push(key);
  } else if (kind === "witness" && [2, 3].includes(rest.length)) {
    const key = await parseVerifier(rest[1]);
    require_(key.kind === COSIGNATURE && rest[0] !== "none" && !isKnown(policy, rest[0]));
    require_(![...policy.witnesses.values()].some((known) => sameKey(known, key)));
    policy.witnesses.set(rest[0], key);
  } else if (kind === "group" && rest.length >= 3) {
    addGroup(policy, grouped, rest);
  } else if (kind === "quorum" && rest.length === 1 && policy.quorum === null) {
    require_(rest[0] === "none" || isKnown(policy, rest[0]));
    policy.quorum = rest[0];
  } else {
    throw malformed("policy");
  }
}

function addGroup(policy, grouped, [name, least, ...members]) {
  require_(name !== "none" && !isKnown(policy, name));
  for (const member of members) {
    require_(isKnown(policy, member) && !grouped.has(member));
    grouped.add(member);
  }
  const words = { all: BigInt(members.length), any: 1n };
  const count = Object.hasOwn(words, least) ? words[least] : decodeNumber(least);
  require_(count >= 1n && count <= BigInt(members.length));
  policy.groups.set(name, { least: Number(count), members });
}

function hasSeen(policy, name, signed) {
  if (policy.witnesses.has(name)) return signed.has(policy.witnesses.get(name));
  const group = policy.groups.get(name);
  return group.members.filter((one) => hasSeen(policy, one, signed)).length >= group.least;
}

const isMet = (policy, signed) => policy.quorum === "none" || hasSeen(policy, policy.quorum, signed);

// The checkpoint of a note, signed by a log of the policy as itself and by a quorum. Lines of other
// keys are passed over, or refused with `knownOnly`.
async function checkNote(note, policy, knownOnly) {
  const checkpoint = parseCheckpoint(note.text);
  const own = policy.logs.filter((key) => key.name === checkpoint.origin);
  const logs = await signedBy(note, own);
  if (logs.size === 0) throw malformed("not_signed");
  const seen = await signedBy(note, [...policy.witnesses.values()]);
  if (knownOnly && logs.size + seen.size !== note.signatures.length) {
    throw malformed("unknown_signature");
  }
  if (!isMet(policy, seen)) throw malformed("quorum");
  const witnesses = [...policy.witnesses].filter(([, key]) => seen.has(key)).map(([name]) => name);
  return { checkpoint, logs, witnesses };
}

// A policy file, or verifier keys, one in a line, as receipts print them.
async function parsePin(text) {
  const lines = text.split(/\r\n|\r|\n/).map((line) => line.trim());
  const said = lines.filter((line) => line && !line.startsWith("#"));
  if (said.length === 0 || !said.every((line) => !line.includes(" ") && line.includes("+"))) {
    return parsePolicy(utf8(text.endsWith("\n") ? text : `${text}\n`));
  }
  const logs = [];
  for (const line of said) logs.push(await parseVerifier(line));
  require_(logs.every((key) => key.kind === ED25519));
  require_(new Set(logs.map((key) => key.text)).size === logs.length);
  return { logs, witnesses: new Map(), groups: new Map(), quorum: "none" };
}

// A checkpoint that the reader has kept; signed by the pinned log where one is pinned.
async function parseSeen(bytes, policy) {
  const note = parseNote(bytes);
  const checkpoint = parseCheckpoint(note.text);
  if (policy) {
    const own = policy.logs.filter((key) => key.name === checkpoint.origin);
    if ((await signedBy(note, own)).size === 0) throw malformed("not_signed");
  }
  return checkpoint;
}

const equalKeys = (a, b) => a.text === b.text;

// Every key to look for. Those that only the file names count for nothing where one is pinned.
function knownWith(pin, claimed) {
  if (!pin.policy) return { ...claimed, quorum: "none", groups: new Map() };
  const pinned = pin.policy;
  const own = [...pinned.witnesses.values()];
  const witnesses = new Map(pinned.witnesses);
  for (const [name, key] of claimed.witnesses) {
    const known = own.some((one) => equalKeys(one, key));
    if (!known && !isKnown(pinned, name)) witnesses.set(name, key);
  }
  const more = claimed.logs.filter((key) => !pinned.logs.some((one) => equalKeys(one, key)));
  return { ...pinned, logs: [...pinned.logs, ...more], witnesses };
}

function requirePinned(pin, signed) {
  if (pin.policy && ![...signed].some((key) => pin.policy.logs.some((one) => equalKeys(one, key)))) {
    throw new Rejected("wrong_key", "not_signed");
  }
}

async function requireSigned(note, logs, origin, knownOnly) {
  const signed = await signedBy(note, logs.filter((key) => key.name === origin));
  if (signed.size === 0) throw new Rejected("wrong_key", "not_signed");
  if (knownOnly && signed.size !== note.signatures.length) {
    throw new Rejected("wrong_key", "unknown_signature");
  }
  return signed;
}

function requireOrigin(pin, origin) {
  if (pin.policy && pin.policy.logs.every((key) => key.name !== origin)) {
    throw new Rejected("wrong_origin", "origin");
  }
}

function checkOld(checkpoint, pin) {
  if (!pin.seen) return;
  if (pin.seen.origin !== checkpoint.origin) throw new Rejected("wrong_origin", "seen");
  if (checkpoint.size < pin.seen.size) throw new Rejected("old_checkpoint", "seen");
  if (checkpoint.size === pin.seen.size && !same(checkpoint.root, pin.seen.root)) {
    throw new Rejected("damaged", "forked");
  }
}

// Whether keys that the reader did not name signed as well: they were passed over.
function othersIn(note, pin) {
  if (!pin.policy) return [];
  const keys = [...pin.policy.logs, ...pin.policy.witnesses.values()];
  const named = new Set(keys.map((key) => `${key.name} ${key.id}`));
  const known = note.signatures.every((one) => named.has(`${one.name} ${one.id}`));
  return known ? [] : ["others_signed"];
}

// What the verdict does not rest on: why no witness counts, and that anchors were only carried.
function cautionsOf(seen, pin, carried = []) {
  const cautions = [];
  if (!seen) cautions.push("no_checkpoint");
  else if (!pin.policy || !pin.policy.witnesses.size) cautions.push("no_witness_named");
  else if (!witnessesOf(seen.witnesses, pin, true).length) cautions.push("no_witness_seen");
  return carried.length ? [...cautions, "anchors_not_checked"] : cautions;
}

function witnessesOf(names, pin, pinned) {
  const known = pin.policy ? pin.policy.witnesses : new Map();
  return names.filter((name) => known.has(name) === pinned).sort(byCodePoint);
}
