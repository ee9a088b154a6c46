// Keyboard and wedge scanners. No key signs or records anything; single keys can be switched off (WCAG 2.1.4).
const on = () => document.documentElement.hasAttribute("data-keys");
const typing = (element) => element.matches("input, select, textarea, [contenteditable]");
const find = () => document.querySelector("[data-scan]") ?? document.querySelector("[data-find]");

function move(step) {
  const rows = [...document.querySelectorAll("main tr[data-href]")];
  if (!rows.length) return false;
  const here = rows.findIndex((row) => row.classList.contains("here"));
  const next = Math.min(rows.length - 1, Math.max(0, here < 0 ? (step > 0 ? 0 : rows.length - 1) : here + step));
  rows[here]?.classList.remove("here");
  rows[next].classList.add("here");
  rows[next].scrollIntoView({ block: "nearest" });
  rows[next].querySelector("a")?.focus({ preventScroll: true });
  return true;
}

document.addEventListener("keydown", (event) => {
  if (!on() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "/" && find()) find().focus();
  else if (event.key === "?") document.getElementById("keys-help")?.showModal();
  else if (!((event.key === "j" && move(1)) || (event.key === "k" && move(-1)))) return;
  event.preventDefault();
});

// A row opens where it is clicked, unless the click was on something of its own or ended a selection of text.
document.addEventListener("click", (event) => {
  const row = event.target.closest?.("tr[data-href]");
  if (!row || event.target.closest("a, button, input, label, summary") || String(getSelection())) return;
  location.assign(row.dataset.href);
});

// A wedge scanner types faster than a person and ends with Enter: what it read goes to the scan field, and the
// field that had the focus gets its text back.
const FAST = 35, SHORTEST = 6;
let burst = "", last = 0, before = "", holder = null;
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const quick = event.timeStamp - last < FAST;
  last = event.timeStamp;
  if (event.key.length === 1) {
    if (!quick) {
      burst = "";
      holder = event.target;
      before = holder.value ?? "";
    }
    burst += event.key;
    return;
  }
  if (event.key !== "Enter") return;
  const field = event.target;
  const scanned = quick && burst.length >= SHORTEST ? burst : "";
  burst = "";
  const target = find();
  if (scanned && target && field !== target && !field.matches("textarea, [type=password]")) {
    event.preventDefault();
    event.stopPropagation();
    if (holder?.isConnected && typing(holder) && holder !== target) holder.value = before;
    target.value = scanned;
    target.focus();
    target.form?.requestSubmit();
  } else if (field.matches("form[data-recorded] input:not([type=submit])")) {
    // Enter never submits what becomes a record: it goes to the next field.
    event.preventDefault();
    const fields = [...field.form.elements].filter((element) => element.tabIndex >= 0 && element.type !== "hidden");
    fields[fields.indexOf(field) + 1]?.focus();
  }
}, true);
