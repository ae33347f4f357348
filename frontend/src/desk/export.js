// A long download shows how far along it is. Without script the link downloads the same file.

const LONG_ROWS = 2000;

export function startExports() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-export]");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    download(link).catch(() => window.location.assign(link.href));
  });
}

async function download(link) {
  const answer = await fetch(link.href, { credentials: "same-origin" });
  if (!answer.ok || !answer.body) throw new Error(String(answer.status));
  const total = Number(answer.headers.get("x-total-rows")) || 0;
  const bar = total > LONG_ROWS ? barBeside(link, total) : null;
  const pieces = [];
  for await (const piece of streamed(answer.body)) {
    pieces.push(piece);
    if (bar) bar.value += piece.reduce((rows, byte) => rows + (byte === 10 ? 1 : 0), 0);
  }
  bar?.remove();
  save(new Blob(pieces, { type: "text/csv;charset=utf-8" }), nameOf(answer));
}

async function* streamed(body) {
  const reader = body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
}

function barBeside(link, total) {
  const bar = document.createElement("progress");
  bar.max = total;
  bar.value = 0;
  bar.setAttribute("aria-label", link.textContent.trim());
  link.after(bar);
  return bar;
}

function nameOf(answer) {
  const found = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") ?? "");
  return found ? found[1] : "export.csv";
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
