// Resumable uploads: pieces over PATCH from the byte reached, progress and failure in the row.
const BASE = "/my/uploads";
const RETRY_MS = [1000, 3000, 8000];
const token = () => document.querySelector("meta[name=csrf-token]")?.content ?? "";
const headers = (more = {}) => ({ "X-CSRF-Token": token(), Accept: "application/json", ...more });
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const size = (bytes) =>
  bytes < 1048576 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1048576).toFixed(1)} MB`;

class Refused extends Error {}

async function refusalOf(answer) {
  try {
    const problem = await answer.json();
    return new Refused(`${problem.title}. ${problem.detail}`);
  } catch {
    return new Refused(String(answer.status));
  }
}

async function begin(file, claim, slot) {
  const answer = await fetch(BASE, {
    method: "POST",
    headers: headers({ "Content-Type": "application/json" }),
    body: JSON.stringify({ claim_no: claim, slot, filename: file.name, size: file.size }),
  });
  if (!answer.ok) throw answer.status >= 500 ? new Error("server") : await refusalOf(answer);
  return answer.json();
}

async function reached(id) {
  const answer = await fetch(`${BASE}/${id}`, { method: "HEAD", headers: headers() });
  if (!answer.ok) throw new Error("gone");
  return Number(answer.headers.get("upload-offset"));
}

async function sendPiece(upload, file, offset) {
  const end = Math.min(file.size, offset + upload.piece_bytes);
  const answer = await fetch(`${BASE}/${upload.upload_id}`, {
    method: "PATCH",
    headers: headers({
      "Content-Type": "application/offset+octet-stream",
      "Upload-Offset": String(offset),
    }),
    body: file.slice(offset, end),
  });
  if (answer.status === 409) {
    const where = await reached(upload.upload_id).catch(() => -1);
    if (where >= 0 && where !== offset) return { offset: where };
  }
  if (answer.status >= 400 && answer.status < 500) throw await refusalOf(answer);
  if (!answer.ok) throw new Error("server");
  if (answer.status === 201) return { filed: await answer.json() };
  return { offset: Number(answer.headers.get("upload-offset")) };
}

async function run(row, file, claim, slot) {
  const texts = document.getElementById("upload-row").dataset;
  const started = Date.now();
  let upload = null;
  let offset = 0;
  for (let tries = 0; ; ) {
    if (row.dataset.cancelled !== undefined) return;
    try {
      upload ??= await begin(file, claim, slot);
      const step = await sendPiece(upload, file, offset);
      tries = 0;
      if (step.filed) return finish(row, step.filed, file);
      offset = step.offset;
      progress(row, file, offset, started, texts);
    } catch (error) {
      if (error instanceof Refused) return fail(row, error.message, null);
      if (tries < RETRY_MS.length) {
        await wait(RETRY_MS[tries++]);
        if (upload) offset = await reached(upload.upload_id).catch(() => offset);
        continue;
      }
      const said = (texts.failed ?? "").replace("{got}", size(offset)).replace("{all}", size(file.size));
      return fail(row, said, () => run(row, file, claim, slot));
    }
  }
}

function progress(row, file, offset, started, texts) {
  const share = Math.round((offset / file.size) * 100);
  const left = Math.max(1, Math.round((((Date.now() - started) / 1000) * (file.size - offset)) / Math.max(1, offset)));
  row.querySelector(".meter > i").style.setProperty("--v", share);
  row.querySelector(".meter").setAttribute("aria-valuenow", share);
  row.querySelector("small").textContent = (texts.sending ?? "{got} / {all}")
    .replace("{got}", size(offset))
    .replace("{all}", size(file.size))
    .replace("{left}", left);
}

function finish(row, filed, file) {
  row.dataset.s = "done";
  row.querySelector(".meter")?.remove();
  row.querySelector(".row-act")?.remove();
  const { sha256, evidence_id: id, has_thumb: thumb } = filed.evidence;
  row.id = `file-${id}`;
  row.querySelector("small").textContent = `${size(file.size)} · SHA-256 ${sha256.slice(0, 4)}…${sha256.slice(-4)}`;
  if (thumb) {
    const image = document.createElement("img");
    image.src = `/my/files/${id}/thumb`;
    image.alt = "";
    row.querySelector(".pic").replaceChildren(image);
  }
  document.dispatchEvent(new CustomEvent("makegood:uploaded"));
}

function fail(row, message, again) {
  row.dataset.s = "fail";
  row.setAttribute("role", "alert");
  row.querySelector(".meter")?.remove();
  row.querySelector("small").textContent = message;
  const button = row.querySelector(".row-act");
  if (!again) {
    button.remove();
    return;
  }
  button.textContent = button.dataset.resume;
  button.removeAttribute("data-icon");
  button.addEventListener(
    "click",
    () => {
      delete row.dataset.s;
      row.removeAttribute("role");
      again();
    },
    { once: true },
  );
}

function rowFor(file) {
  const row = document.getElementById("upload-row").content.firstElementChild.cloneNode(true);
  row.querySelector("b").textContent = file.name;
  row.querySelector(".row-act").addEventListener(
    "click",
    () => {
      if (row.dataset.s === "fail") return;
      row.dataset.cancelled = "";
      row.remove();
    },
    { once: true },
  );
  return row;
}

function take(input) {
  const form = input.closest("form[data-upload]");
  const claim = input.dataset.claim ?? form?.dataset.upload;
  const slot = input.dataset.slot ?? form?.querySelector("[name=slot]")?.value;
  const list = input.closest("div, form").querySelector("[data-files]");
  if (!claim || !slot || !list) return;
  for (const file of input.files) {
    const row = rowFor(file);
    list.append(row);
    run(row, file, claim, slot);
  }
  input.value = "";
}

export function startUploads() {
  if (!document.getElementById("upload-row")) return;
  document.addEventListener("change", (event) => {
    if (event.target.matches("input[type=file][data-slot], form[data-upload] input[type=file]")) take(event.target);
  });
  for (const name of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      const drop = event.target.closest?.(".drop");
      if (!drop) return;
      event.preventDefault();
      drop.toggleAttribute("data-over", name === "dragover");
      const input = drop.querySelector("input[type=file]");
      if (name === "drop" && input && event.dataTransfer?.files.length) {
        input.files = event.dataTransfer.files;
        input.dispatchEvent(new Event("change", { bubbles: true }));
      }
    });
  }
}
