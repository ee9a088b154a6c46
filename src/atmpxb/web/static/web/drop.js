// Files go up as the raw body of a PUT, two at a time. Each has its own row: progress, refusal, cure.
const ABREAST = 2;
const say = (text) => document.dispatchEvent(new CustomEvent("say", { detail: text }));

function element(tag, name, text = "") {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text;
  return made;
}

class Sending {
  constructor(zone, file) {
    Object.assign(this, { zone, file, words: zone.section.dataset });
    this.row = element("li", "");
    this.bar = element("progress", "");
    this.bar.max = 1;
    this.bar.value = 0;
    this.bar.setAttribute("aria-label", file.name);
    this.text = element("span", "state", this.words.waiting);
    this.button = element("button", "quiet", this.words.stop);
    this.button.type = "button";
    this.button.addEventListener("click", () => this.press());
    this.row.append(element("span", "name", file.name), this.bar, this.text, this.button);
    zone.list.append(this.row);
  }

  start() {
    const request = (this.request = new XMLHttpRequest());
    this.row.className = "";
    request.open("PUT", this.words.drop);
    request.setRequestHeader("X-CSRFToken", this.words.token);
    request.setRequestHeader("X-File-Name", encodeURIComponent(this.file.name));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = ({ loaded, total }) => {
      this.bar.value = total ? loaded / total : 0;
      this.text.textContent = `${this.words.sending} ${Math.floor(this.bar.value * 100)} %`;
    };
    request.onload = () => this.answered();
    request.onerror = () => this.refused(this.words.offline);
    request.onabort = () => this.refused(this.words.stopped);
    request.onloadend = () => this.zone.next(this);
    request.send(this.file);
  }

  answered() {
    const { status } = this.request;
    let answer = {};
    try { answer = JSON.parse(this.request.responseText); } catch { /* no JSON: the status has to do */ }
    if (status >= 200 && status < 300) return this.stored(answer);
    if (answer.message && answer.kept) return this.setApart(answer);
    if (answer.message) return this.refused(answer.message, answer.cure);
    if (status === 401) return this.refused(this.words.ended);
    if (status === 413) return this.refused(this.words.toobig);
    return this.refused(this.words.unclear.replace("{status}", status));
  }

  stored(answer) {
    this.bar.value = 1;
    this.text.textContent = answer.note ? `${this.words.stored}. ${answer.note}` : this.words.stored;
    this.button.remove();
    this.tell();
  }

  // On record, but not used: nothing to send again; the page's list says what can be done about it.
  setApart({ message, cure }) {
    this.row.className = "refused";
    this.text.textContent = message;
    if (cure) this.text.append(" ", element("span", "cure", cure));
    this.button.remove();
    this.tell();
  }

  tell() {
    say(`${this.file.name}: ${this.text.textContent}`);
    const { refresh } = this.words;
    if (refresh) document.querySelector(refresh)?.dispatchEvent(new CustomEvent("files:stored", { bubbles: true }));
  }

  refused(message, cure) {
    this.row.className = "refused";
    this.text.textContent = `${this.words.failed}: ${message}`;
    if (cure) this.text.append(" ", element("span", "cure", cure));
    this.button.textContent = this.words.retry;
    this.request = null;
    say(`${this.file.name}: ${this.text.textContent}`);
  }

  press() {
    if (this.request) this.request.abort();
    else if (this.zone.waiting.includes(this)) {
      this.zone.waiting = this.zone.waiting.filter((other) => other !== this);
      this.refused(this.words.stopped);
    } else {
      this.button.textContent = this.words.stop;
      this.zone.add(this);
    }
  }
}

class Zone {
  constructor(section) {
    Object.assign(this, { section, list: section.querySelector(".drop-files"), waiting: [], busy: new Set() });
    const input = section.querySelector("input[type=file]");
    input.addEventListener("change", () => {
      this.take(input.files);
      input.value = "";
    });
    section.addEventListener("dragover", (event) => {
      event.preventDefault();
      section.classList.add("over");
    });
    section.addEventListener("dragleave", (event) => {
      if (!section.contains(event.relatedTarget)) section.classList.remove("over");
    });
    section.addEventListener("drop", (event) => {
      event.preventDefault();
      section.classList.remove("over");
      this.take(event.dataTransfer.files);
    });
  }

  take(files) {
    for (const file of files) this.add(new Sending(this, file));
    if (files.length) say(`${this.section.dataset.sending} (${files.length})`);
  }

  add(sending) {
    this.waiting.push(sending);
    this.next();
  }

  next(finished) {
    if (finished) this.busy.delete(finished);
    while (this.busy.size < ABREAST && this.waiting.length) {
      const sending = this.waiting.shift();
      this.busy.add(sending);
      sending.start();
    }
  }
}

// Zones that a swap brings in later are found when a file first comes near them.
const known = new WeakSet();
function wake() {
  for (const section of document.querySelectorAll("[data-drop]")) {
    if (!known.has(section)) {
      known.add(section);
      new Zone(section);
    }
  }
}
wake();
document.addEventListener("htmx:after:swap", wake);
// A file dropped beside a zone must not replace the page.
for (const type of ["dragover", "drop"]) document.addEventListener(type, (event) => event.preventDefault());
addEventListener("beforeunload", (event) => {
  if (document.querySelector(".drop-files li:not(.refused) button")) event.preventDefault();
});
