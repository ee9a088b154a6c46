// Compares a file with the published SHA-256. The file stays in the browser: it is read and hashed, never sent.
const box = document.querySelector("[data-check]");
const answer = box?.querySelector("[data-answer]");
const shown = box?.querySelector("[data-hash]");

async function sha256(file) {
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

box?.querySelector("input[type=file]").addEventListener("change", async ({ target }) => {
  const [file] = target.files;
  delete box.dataset.outcome;
  answer.textContent = shown.textContent = "";
  if (!file) return;
  if (!globalThis.isSecureContext || !crypto.subtle) {
    answer.textContent = box.dataset.insecure;
    return;
  }
  answer.textContent = box.dataset.busy;
  try {
    const found = await sha256(file);
    const same = found === box.dataset.check;
    box.dataset.outcome = same ? "same" : "other";
    answer.textContent = same ? box.dataset.same : box.dataset.other;
    shown.textContent = found;
  } catch {
    answer.textContent = box.dataset.unread;
  }
});
