// Reads cases, one JSON object a line, and or a list of them, and answers as many verdicts a line, by the offline page's script.
const { readFileSync } = require("node:fs");
const { createInterface } = require("node:readline");

const core = readFileSync(process.argv[2], "utf-8");
const { open, parsePin, parseSeen, verifyInclusion } = new Function(
  `${core}; return { open, parsePin, parseSeen, verifyInclusion };`,
)();
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));
const kept = new Map();

async function pinOf(text) {
  if (!kept.has(text)) kept.set(text, await parsePin(text));
  return kept.get(text);
}

async function answer(asked) {
  if (Array.isArray(asked)) return Promise.all(asked.map(answer));
  if (asked.vector) {
    const { leaf, path, root, index, size } = asked.vector;
    const parts = [bytes(leaf), BigInt(index), BigInt(size), path.map(bytes), bytes(root)];
    return { good: await verifyInclusion(...parts) };
  }
  const policy = asked.pin ? await pinOf(asked.pin) : null;
  const seen = asked.seen ? await parseSeen(bytes(asked.seen), policy) : null;
  const beside = asked.beside ? bytes(asked.beside) : null;
  return (await open(bytes(asked.content), asked.now, { policy, seen }, beside)).verdict;
}

(async () => {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
  }
})();
