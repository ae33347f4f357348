// Bundles: archive, manifest, history, proofs, opened fields, evidence files.

const BUNDLE_FORMAT = "makegood.bundle";
const BUNDLE_HEADER = "makegood.bundle/v1";
const NO_ENTRY = new Uint8Array(32);

const LISTED = { name: isText, sha256: isText, size: isWhole };
const isListed = (value) => hasShape(value, LISTED);
const isFiled = (value) => hasShape(value, { name: isText, version: isWhole });
const isDisclosed = (value) =>
  hasShape(value, { name: isText, salt: isText, value: () => true, version: isWhole });
const isClosed = (value) => hasShape(value, { name: isText, version: isWhole, why: isText });
const MANIFEST = {
  audience: isText,
  claim_no: isText,
  entries: isWhole,
  evidence: isList(isFiled),
  files: isList(isListed),
  format: isText,
  left_out: isList(isListed),
  market: isText,
  origin: isText,
  stream: isText,
  unmerged: isList(isWhole),
  version: isWhole,
};
const ENTRY = {
  actor_role: isText,
  at: isText,
  commitments: (value) => isObject(value) && Object.values(value).every(isBytes),
  name: isText,
  prev: isBytes,
  public: isObject,
  schema_version: isWhole,
  seq: isWhole,
  stream: isBytes,
  v: isWhole,
};

function isBytes(value) {
  try {
    return isText(value) && decodeBase64(value) !== null;
  } catch {
    return false;
  }
}

const four = (version) => String(version).padStart(4, "0");

function fileOf(files, name) {
  if (!files.has(name)) throw damaged("files");
  return files.get(name);
}

const isRising = (list, compare) => list.every((one, at) => at === 0 || compare(list[at - 1], one) < 0);
const startingWith = (files, start) => [...files.keys()].filter((name) => name.startsWith(start));

function readEntry(bytes) {
  const entry = readJson(bytes, "entry");
  if (!hasShape(entry, ENTRY)) throw damaged("entry");
  entry.prev = decodeBase64(entry.prev);
  entry.stream = decodeBase64(entry.stream);
  if (entry.prev.length !== 32) throw damaged("entry");
  if (entry.v !== 1) throw new Rejected("other_version", "entry");
  moment(entry.at);
  return entry;
}

async function readManifest(files) {
  const first = files.keys().next().value;
  if (first !== "manifest.json" || !files.has("manifest.note")) throw damaged("manifest");
  const manifest = readJson(files.get("manifest.json"), "manifest");
  if (!isObject(manifest) || manifest.format !== BUNDLE_FORMAT) throw damaged("manifest");
  if (manifest.version !== 1) throw new Rejected("other_version", "manifest");
  if (!hasShape(manifest, MANIFEST)) throw damaged("manifest");
  const signed = new Set(["manifest.json", "manifest.note"]);
  const here = [...files.keys()].filter((name) => !signed.has(name)).sort(byCodePoint);
  const complete = here.length === manifest.files.length;
  if (!complete || here.some((name, at) => name !== manifest.files[at].name)) {
    throw damaged("files");
  }
  for (const one of manifest.files) {
    const bytes = files.get(one.name);
    if (one.size !== bytes.length || one.sha256 !== hex(await sha256(bytes))) throw damaged("files");
  }
  return manifest;
}

async function claimedPolicy(files, manifest) {
  const policy = await parsePolicy(fileOf(files, "policy.txt"));
  if (!policy.logs.length || policy.logs.some((key) => key.name !== manifest.origin)) {
    throw damaged("policy");
  }
  return policy;
}

async function checkSignature(files, manifest, policy, pin) {
  const note = parseNote(files.get("manifest.note"));
  const digest = encodeBase64(await sha256(files.get("manifest.json")));
  const text = `${BUNDLE_HEADER}\n${manifest.origin}\nmanifest ${digest}\n`;
  if (!same(note.text, utf8(text))) throw damaged("manifest");
  requirePinned(pin, await requireSigned(note, policy.logs, manifest.origin, true));
}

// The whole history of the claim, from its first entry on, without a gap.
async function readEntries(files, manifest) {
  const count = startingWith(files, "entries/").length;
  if (manifest.entries < 1 || manifest.entries !== count) throw damaged("chain");
  const stream = decodeBase64(manifest.stream);
  if (stream.length !== 16) throw damaged("chain");
  const entries = [];
  let prev = NO_ENTRY;
  for (let version = 1; version <= count; version += 1) {
    const raw = fileOf(files, `entries/${four(version)}.json`);
    const entry = readEntry(raw);
    const chained = entry.seq === version && same(entry.prev, prev) && same(entry.stream, stream);
    if (!chained) throw damaged("chain");
    prev = await leafHash(raw);
    entries.push({ ...entry, leaf: prev });
  }
  return entries;
}

async function checkProofs(files, manifest, entries, policy, pin) {
  const unmerged = new Set(manifest.unmerged);
  const wanted = entries.map((one) => one.seq).filter((version) => !unmerged.has(version));
  const rising = isRising(manifest.unmerged, (a, b) => a - b);
  if (!rising || wanted.length + unmerged.size !== entries.length) throw damaged("manifest");
  if (startingWith(files, "proofs/").length !== wanted.length) throw damaged("proof");
  if (!wanted.length) {
    if (files.has("checkpoint.txt")) throw damaged("checkpoint");
    return null;
  }
  const bytes = fileOf(files, "checkpoint.txt");
  const seen = await checkNote(parseNote(bytes), policy, true);
  if (seen.checkpoint.origin !== manifest.origin) throw new Rejected("wrong_origin", "origin");
  requirePinned(pin, seen.logs);
  checkOld(seen.checkpoint, pin);
  for (const version of wanted) {
    const proof = parseProof(fileOf(files, `proofs/${four(version)}.tlog-proof`));
    if (!same(proof.checkpoint, bytes) || proof.extra !== null) throw damaged("proof");
    await requirePath(proof, entries[version - 1].leaf, seen.checkpoint);
  }
  return seen;
}

// Receipts stand for entries that are not in the log yet; answers the first promised time.
async function checkReceipts(files, manifest, entries, policy) {
  const count = startingWith(files, "receipts/").length;
  if (count !== manifest.unmerged.length) throw damaged("receipt");
  let due = Infinity;
  for (const version of manifest.unmerged) {
    const bytes = fileOf(files, `receipts/${four(version)}.txt`);
    const receipt = await readReceipt(bytes, { policy }, true);
    const own = same(receipt.leaf, entries[version - 1].leaf);
    if (!own || receipt.origin !== manifest.origin) throw damaged("receipt");
    due = Math.min(due, moment(receipt.mergeBy));
  }
  return due;
}

function byPlace(a, b) {
  return a.version - b.version || byCodePoint(a.name, b.name);
}

async function readDisclosed(files, entries) {
  const disclosed = readJson(fileOf(files, "disclosed.json"), "disclosed");
  if (!isList(isDisclosed)(disclosed) || !isRising(disclosed, byPlace)) throw damaged("disclosed");
  for (const one of disclosed) {
    const entry = entries[one.version - 1];
    if (!entry || one.version < 1) throw damaged("disclosed");
    const salt = decodeHash(one.salt);
    const known = Object.hasOwn(entry.commitments, one.name);
    const value = utf8(canonical(one.value));
    const opened = concat(Uint8Array.of(2), salt, utf8(one.name), Uint8Array.of(0), value);
    const digest = await sha256(opened);
    if (!known || encodeBase64(digest) !== entry.commitments[one.name]) throw damaged("disclosed");
  }
  return disclosed;
}

// What stays closed: together with the opened fields, everything the entries committed to.
function readClosed(files, entries, disclosed) {
  if (!files.has("closed.json")) return [];
  const closed = readJson(files.get("closed.json"), "closed");
  if (!isList(isClosed)(closed) || !isRising(closed, byPlace)) throw damaged("closed");
  const said = [...closed, ...disclosed].sort(byPlace);
  const committed = entries.flatMap((entry) =>
    Object.keys(entry.commitments)
      .sort(byCodePoint)
      .map((name) => ({ version: entry.seq, name })),
  );
  const complete = said.length === committed.length;
  if (!complete || said.some((one, at) => byPlace(one, committed[at]))) throw damaged("closed");
  return closed;
}

// How many there are of each reason.
function counted(closed) {
  const counts = new Map();
  for (const { why } of closed) counts.set(why, (counts.get(why) || 0) + 1);
  return Object.fromEntries(counts);
}

function checkEvidence(manifest, entries, disclosed) {
  const told = disclosed.filter((one) => one.name === "sha256");
  const prints = new Map(told.map((one) => [one.version, one.value]));
  const files = manifest.files.filter((one) => one.name.startsWith("files/"));
  const listed = new Map(files.map((one) => [one.name, one.sha256]));
  const names = manifest.evidence.map((one) => one.name);
  const complete = names.length === listed.size && names.every((name) => listed.has(name));
  if (!isRising(names, byCodePoint) || !complete) throw damaged("evidence");
  for (const one of manifest.evidence) {
    const entry = entries[one.version - 1];
    const filed = one.version >= 1 && entry && entry.name === "evidence_added";
    if (!filed || prints.get(one.version) !== listed.get(one.name)) throw damaged("evidence");
  }
}

// Anchors are not checked here; witness lines that stand in the checkpoint are, as part of it.
function carriedAnchors(files) {
  const lines = (bytes) => new TextDecoder("latin1").decode(bytes).split("\n");
  const signed = new Set(files.has("checkpoint.txt") ? lines(files.get("checkpoint.txt")) : []);
  return startingWith(files, "anchors/")
    .filter((name) => !name.endsWith(".pem") && !name.endsWith("/anchors.json"))
    .filter((name) => lines(files.get(name)).some((line) => !signed.has(line)))
    .sort(byCodePoint);
}

function bundleState(pin, manifest, due, now) {
  if (!pin.policy) return "unpinned";
  if (!manifest.unmerged.length) return "intact";
  return due < now ? "late" : "not_merged";
}

async function openBundle(bytes, pin, now) {
  const files = readArchive(bytes);
  const manifest = await readManifest(files);
  requireOrigin(pin, manifest.origin);
  const policy = knownWith(pin, await claimedPolicy(files, manifest));
  await checkSignature(files, manifest, policy, pin);
  const entries = await readEntries(files, manifest);
  const seen = await checkProofs(files, manifest, entries, policy, pin);
  const due = await checkReceipts(files, manifest, entries, policy);
  const disclosed = await readDisclosed(files, entries);
  const closed = readClosed(files, entries, disclosed);
  checkEvidence(manifest, entries, disclosed);
  entries.forEach((entry) => requirePast(entry.at, now));
  const names = seen ? seen.witnesses : [];
  const carried = carriedAnchors(files);
  const verdict = verdictOf({
    state: bundleState(pin, manifest, due, now),
    kind: "bundle",
    origin: manifest.origin,
    pinned: Boolean(pin.policy),
    merged: !manifest.unmerged.length,
    number: manifest.claim_no,
    at: entries.at(-1).at,
    size: seen ? String(seen.checkpoint.size) : "0",
    entries: entries.length,
    fields: disclosed.length,
    closed: counted(closed),
    files: manifest.evidence.length,
    witnesses: witnessesOf(names, pin, true),
    claimed: witnessesOf(names, pin, false),
    carried,
    cautions: cautionsOf(seen, pin, carried),
  });
  return { verdict, manifest, entries, disclosed, closed };
}
