// What every page does: say changes aloud, keep focus, show why a request failed, count down, switch colours.
const root = document.documentElement;
const words = document.body.dataset;
const live = document.getElementById("live");

// One live region, present at load. Emptied first, so that the same sentence twice is said twice.
document.addEventListener("say", (event) => {
  live.textContent = "";
  setTimeout(() => { live.textContent = event.detail; }, 60);
});
const say = (text) => document.dispatchEvent(new CustomEvent("say", { detail: text }));

// --- Failed requests: a banner that stays; the page and its input stay too. ---
function notice(key, text, label, url) {
  const place = document.getElementById("notices");
  if (!place || place.querySelector(`[data-notice="${key}"]`)) return;
  const banner = document.createElement("div");
  banner.className = "banner attention";
  banner.dataset.notice = key;
  const body = document.createElement("div");
  body.append(text);
  if (label) {
    const link = document.createElement("a");
    link.href = url;
    if (key === "401") link.target = "_blank";
    link.textContent = label;
    body.append(" ", link);
  }
  banner.append(body);
  place.prepend(banner);
  banner.scrollIntoView({ block: "nearest" });
  say(text);
}

document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  const status = ctx.response.status;
  if (status === 422 || ctx.sourceElement.hasAttribute?.(`hx-status:${status}`)) return; // the page has a place for it
  if (status === 401) notice("401", words.ended, words.signIn, words.signInUrl);
  else if (status === 412 || status === 409) notice("412", words.stale, words.reload, location.href);
  else if (status === 403) notice("403", words.denied);
  else if (status === 404 || status === 410) notice("404", words.gone, words.reload, location.href);
  else notice("500", words.failed);
});
document.addEventListener("htmx:error", () => {
  root.dataset.offline = "";
  notice("offline", words.offline);
});

// --- Requests carry their proof: token, version seen, key that marks a repeat. ---
document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  const { request } = ctx;
  if (/^(GET|HEAD)$/i.test(request.method)) return;
  const form = request.form;
  request.headers["X-CSRFToken"] = words.csrf;
  const seen = form?.dataset.ifMatch ?? ctx.sourceElement.dataset.ifMatch;
  if (seen) request.headers["If-Match"] = seen;
  const key = form?.elements.namedItem("idempotency_key")?.value;
  if (key) request.headers["Idempotency-Key"] = key;
});

// --- Focus: a swap that dropped it gives it to the errors, else to the new heading. Polling never takes it. ---
let focused = null;
document.addEventListener("htmx:before:swap", () => { focused = document.activeElement; });
document.addEventListener("htmx:after:swap", ({ detail }) => {
  const { ctx } = detail;
  if (["every", "run:moved"].includes(ctx?.sourceEvent?.type)) {
    prepare();
    document.querySelectorAll("#news [data-say]").forEach((element) => say(element.textContent));
    return;
  }
  const lost = !focused?.isConnected || document.activeElement === document.body;
  const target = ctx?.target?.isConnected ? ctx.target : document.getElementById("main");
  const errors = target?.querySelector("[data-takes-focus]") ?? target?.closest?.("[data-takes-focus]");
  if (errors) errors.focus();
  else if (lost) (target?.querySelector("h1[tabindex], h2[tabindex]") ?? document.getElementById("main"))?.focus();
  target?.querySelectorAll("[data-say]").forEach((element) => say(element.textContent));
  prepare();
});
document.querySelector("[data-takes-focus]")?.focus();
document.querySelectorAll("[data-say]").forEach((element) => say(element.textContent));

// --- Live parts. A part that somebody is writing in is not replaced; a line offers to show what came. ---
const edited = (field) =>
  field.type !== "hidden" && (field.matches("select")
    ? [...field.options].some((option) => option.selected !== option.defaultSelected) && field.selectedIndex > 0
    : field.matches("[type=checkbox], [type=radio]") ? field.checked !== field.defaultChecked : field.value !== field.defaultValue);
const busy = (part) => part.querySelector("dialog[open]")
  || (document.activeElement && part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea"))
  || [...part.querySelectorAll("input, select, textarea")].some(edited);

document.addEventListener("htmx:before:request", (event) => {
  const part = event.detail.ctx.sourceElement;
  if (!part.matches?.("[data-keeps-input]") || !busy(part)) return;
  event.preventDefault();
  notice("news", words.news, words.reload, location.href);
});
document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  delete root.dataset.offline;
  document.querySelectorAll('[data-notice="offline"]').forEach((banner) => banner.remove());
  if (ctx.sourceElement.id === "pulse" && ctx.response.status === 200) {
    setTimeout(() => document.body.dispatchEvent(new Event("run:moved")), 0);
  }
});

// --- Native dialogs. ---
function prepare() {
  document.querySelectorAll("dialog[data-open-now]:not([open])").forEach((dialog) => dialog.showModal());
}
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-opens], [data-closes], [data-prints]");
  if (button && "prints" in button.dataset) print();
  else if (button?.dataset.opens) document.getElementById(button.dataset.opens)?.showModal();
  else if (button) document.getElementById(button.dataset.closes)?.close();
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    menu.open = false;
    menu.querySelector("summary").focus();
  });
});
prepare();

// --- A plain form is sent once; the page from the history may send again. ---
const sent = new WeakSet();
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-theme-form]")) {
    event.preventDefault();
    colours(form, event.submitter);
  } else if (form.method === "post" && !event.defaultPrevented && !form.matches("[hx-post], [hx-put]")) {
    if (sent.has(form)) event.preventDefault();
    sent.add(form);
    setTimeout(() => sent.delete(form), 4000);
  }
});

function colours(form, button) {
  root.dataset.theme = button.value;
  for (const other of form.querySelectorAll("[name=theme]")) {
    other.setAttribute("aria-pressed", String(other === button));
  }
  const body = new FormData(form, button);
  fetch(form.action, { method: "POST", body: new URLSearchParams(body), redirect: "manual" });
}

// --- Time left, by the server's clock. ---
const ahead = Date.parse(root.dataset.now) - Date.now();
const fill = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_, name) => values[name]);
function countDown() {
  for (const element of document.querySelectorAll("[data-due]")) {
    const minutes = (Date.parse(element.dataset.due) - Date.now() - ahead) / 60000;
    const all = Math.floor(Math.abs(minutes));
    const [d, h, m] = [Math.floor(all / 1440), Math.floor((all % 1440) / 60), all % 60];
    const span = fill(d ? words.days : h ? words.hours : words.minutes, d ? { d, h } : { h, m });
    element.textContent = fill(minutes > 0 ? words.left : words.late, { span });
    const state = minutes <= 0 ? "late" : minutes < Number(element.dataset.tight) ? "tight" : "calm";
    element.parentElement.className = `due ${state}`;
  }
}
setInterval(countDown, 15000);
document.addEventListener("visibilitychange", countDown);
