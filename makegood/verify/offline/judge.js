// One question for every kind of file: does it hold, and what does it prove?

const NOTHING = {
  state: "unknown",
  reason: "",
  kind: "",
  origin: "",
  pinned: false,
  merged: false,
  number: "",
  at: "",
  merge_by: "",
  index: "-1",
  size: "0",
  entries: 0,
  fields: 0,
  closed: {},
  files: 0,
  witnesses: [],
  claimed: [],
  stamps: [],
  carried: [],
  chain: [],
  cautions: [],
};
const verdictOf = (found) => ({ ...NOTHING, ...found });

function kindOf(bytes) {
  if (startsWith(bytes, "PK\x03\x04")) return "bundle";
  if (startsWith(bytes, RECEIPT_FAMILY)) return "receipt";
  return startsWith(bytes, "c2sp.org/tlog-proof@") ? "proof" : "";
}

async function judged(bytes, now, pin, beside) {
  switch (kindOf(bytes)) {
    case "bundle":
      return openBundle(bytes, pin, now);
    case "receipt":
      return { verdict: await checkReceipt(bytes, pin, now) };
    case "proof":
      if (!startsWith(bytes, `${PROOF_HEADER}\n`)) throw new Rejected("other_version", "proof");
      return { verdict: await checkProof(bytes, beside, pin, now) };
    default:
      throw new Rejected("unknown", "file");
  }
}

// The verdict, and for a bundle that holds its contents. Never throws for what a file contains.
async function open(bytes, now, pin = {}, beside = null) {
  try {
    return await judged(bytes, now, pin, beside);
  } catch (found) {
    if (!(found instanceof Rejected)) throw found;
    const { state, reason } = found;
    return { verdict: verdictOf({ state, reason, kind: kindOf(bytes) }) };
  }
}
