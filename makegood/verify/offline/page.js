// The page: takes a file and what the reader knows, asks the judge, shows the verdict.

const TONES = { intact: "ok", unpinned: "warn", not_merged: "warn", late: "warn" };
const FACTS = ["number", "origin", "at", "merge_by", "index", "size", "entries", "fields", "files"];
const SAID = ["description", "text"];
const OWN_ROWS = ["anchors_not_checked", "others_signed"];
let language = navigator.language.startsWith("zh") ? "zh" : "en";
let shown = () => {};

const at = (id) => document.getElementById(id);
const word = (path) => path.split(".").reduce((group, name) => group[name], WORDS[language]);

function make(tag, text, ...children) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

function speak() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const place of document.querySelectorAll("[data-t]")) {
    place.textContent = word(place.dataset.t);
  }
  at("language").textContent = word("page.language");
  shown();
}

function show(tone, ...parts) {
  at("result").dataset.tone = tone;
  at("result").replaceChildren(...parts);
}

function head(text) {
  const made = make("p", text);
  made.className = "head";
  return made;
}

const whyOf = (why) => (Object.hasOwn(WORDS[language].closed, why) ? word(`closed.${why}`) : why);

function factsOf(verdict) {
  const pairs = verdict.kind ? [["kind", word(`facts.kind_${verdict.kind}`)]] : [];
  pairs.push(["pinned", word(`facts.pinned_${verdict.pinned ? "yes" : "no"}`)]);
  for (const name of FACTS) {
    if (!["", "0", "-1"].includes(String(verdict[name]))) pairs.push([name, String(verdict[name])]);
  }
  const closed = Object.entries(verdict.closed).sort(([one], [other]) => byCodePoint(one, other));
  const counts = closed.map(([why, n]) => `${whyOf(why)} (${n})`);
  if (counts.length) pairs.push(["closed", counts.join("; ")]);
  const told = verdict.cautions.filter((one) => !OWN_ROWS.includes(one));
  const why = told.map((one) => word(`cautions.${one}`));
  pairs.push(["witnesses", [...verdict.witnesses, ...why].join(", ")]);
  if (verdict.claimed.length) pairs.push(["claimed", verdict.claimed.join(", ")]);
  if (verdict.carried.length) {
    const files = verdict.carried.join(", ");
    pairs.push(["carried", `${files}: ${word("cautions.anchors_not_checked")}`]);
  }
  if (verdict.cautions.includes("others_signed")) {
    pairs.push(["others", word("cautions.others_signed")]);
  }
  return pairs.flatMap(([name, value]) => [make("dt", word(`facts.${name}`)), make("dd", value)]);
}

// What stays closed of a step, by reason: which values, by name.
function closedOf(kept) {
  if (!kept.length) return [];
  const pairs = [...new Set(kept.map((one) => one.why))].flatMap((why) => {
    const names = kept.filter((one) => one.why === why).map((one) => one.name);
    return [make("dt", whyOf(why)), make("dd", names.join(", "))];
  });
  const summary = make("summary", word("page.closed").replace("{n}", kept.length));
  return [make("details", "", summary, make("dl", "", ...pairs))];
}

function stepOf(entry, disclosed, closed) {
  const own = disclosed.filter((one) => one.version === entry.seq);
  const kept = closedOf(closed.filter((one) => one.version === entry.seq));
  const title = make("b", `${entry.seq}. ${entry.name}`);
  const when = make("small", `${entry.at} · ${entry.actor_role}`);
  const pairs = own.flatMap((one) => {
    const value = typeof one.value === "string" ? one.value : JSON.stringify(one.value, null, 1);
    return [make("dt", one.name), make("dd", "", make("pre", value))];
  });
  if (!pairs.length) {
    return make("li", "", title, when, make("small", word("page.no_fields")), ...kept);
  }
  const said = own.filter((one) => SAID.includes(one.name) && one.value && one.value.trim);
  const quotes = said.map((one) => make("blockquote", one.value));
  const summary = make("summary", word("page.fields").replace("{n}", own.length));
  const values = make("details", "", summary, make("dl", "", ...pairs));
  return make("li", "", title, when, ...quotes, values, ...kept);
}

// For the anchors that this page leaves unchecked: the commands that check them, ready to copy.
function commandsOf({ verdict, manifest }, file) {
  const bundle = /^\w[\w.-]*$/.test(file) ? file : "BUNDLE.zip";
  const held = manifest ? manifest.files.map((one) => one.name) : [];
  const stamps = verdict.carried.filter((name) => name.endsWith(".tsr"));
  const unpack = [
    `unzip -o ${bundle} checkpoint.txt 'anchors/*'`,
    "sed '/^$/,$d' checkpoint.txt > checkpoint",
  ];
  const verify = stamps.map((name) => {
    const chain = held.includes(`${name}.chain.pem`) ? ` -untrusted ${name}.chain.pem` : "";
    return `openssl ts -verify -data checkpoint -in ${name} -CAfile AUTHORITY.pem${chain}`;
  });
  const onChain = verdict.carried.some((name) => name.endsWith("-evm.json"));
  const ask = onChain ? [`makegood verify ${bundle} --chain NODE`] : [];
  return stamps.length ? [...unpack, ...verify, ...ask] : ask;
}

function restOf(commands) {
  if (!commands.length) return [];
  const lines = make("pre", commands.join("\n"));
  lines.className = "copy";
  return [make("h2", word("page.rest")), make("small", word("page.rest_hint")), lines];
}

function showVerdict(found, file) {
  const { verdict, entries, disclosed, closed } = found;
  const reason = WORDS[language].reasons[verdict.reason] || verdict.reason;
  const said = word(`states.${verdict.state}.text`);
  const text = said.replaceAll("{reason}", reason).replaceAll("{merge_by}", verdict.merge_by);
  const tone = TONES[verdict.state] || "bad";
  const parts = [head(word(`states.${verdict.state}.title`)), make("p", text)];
  if (tone !== "bad") {
    parts.push(make("h2", word("page.what")), make("dl", "", ...factsOf(verdict)));
    parts.push(...restOf(commandsOf(found, file)));
  }
  if (entries) {
    const steps = entries.map((entry) => stepOf(entry, disclosed, closed));
    parts.push(make("h2", word("page.history")), make("ol", "", ...steps));
  }
  show(tone, ...parts);
}

async function bytesOf(input) {
  const file = input.files[0];
  if (!file) return null;
  // One byte more than any bundle may have is enough to refuse the rest.
  return new Uint8Array(await file.slice(0, LARGEST_ARCHIVE + 1).arrayBuffer());
}

// What the reader typed, read by `parse`; a wrong text is said at once and nothing is checked.
async function typed(id, wrong, parse) {
  const text = at(id).value.trim();
  if (!text) return null;
  try {
    return await parse(`${text}\n`);
  } catch (found) {
    if (!(found instanceof Rejected)) throw found;
    throw new Error(word(`page.${wrong}`));
  }
}

async function check() {
  const policy = await typed("pin", "pin_wrong", parsePin);
  const seen = await typed("seen", "seen_wrong", (text) => parseSeen(utf8(text), policy));
  const [content, beside] = [await bytesOf(at("file")), await bytesOf(at("beside"))];
  const found = await open(content, Date.now() / 1000, { policy, seen }, beside);
  const { name } = at("file").files[0];
  shown = () => showVerdict(found, name);
  shown();
}

at("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  show("", make("p", word("page.working")));
  try {
    await check();
  } catch (error) {
    const old = error.name === "NotSupportedError" || !globalThis.crypto?.subtle;
    const text = word(old ? "page.old_browser" : "page.failed").replace("{error}", error.message);
    show("bad", make("p", text));
  }
  at("result").focus();
});

at("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  speak();
});

speak();
