// Small things every script uses: words, elements, times, requests.

export const boot = JSON.parse(document.getElementById("boot").textContent);

/** A sentence in the page's language; `{name}` is filled from `values`. */
export function t(key, values = {}) {
  const text = boot.words.text[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** What the server says by a code and values; `text`, its English, for what has no words here. */
export function said(data, text) {
  const sentence = boot.words.said[data?.code];
  if (sentence === undefined) return text;
  const fill = (value) => (value?.code ? said(value, "") : String(value));
  if (data.values.parts) return data.values.parts.map(fill).join(sentence);
  return sentence.replace(/%\((\w+)\)[ds]/g, (_whole, name) => fill(data.values[name])).replaceAll("%%", "%");
}

/** People's word for a code, or the code itself. */
export function word(kind, code) {
  return boot.words[kind]?.[code] ?? code ?? "";
}

/** An element. Text goes in as text only, so nothing a caller sends is ever markup. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "class") node.className = value;
    else if (name === "on") for (const [event, fn] of Object.entries(value)) node.addEventListener(event, fn);
    else if (name === "data") Object.assign(node.dataset, value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${boot.icons}#${name}`);
  svg.append(use);
  return svg;
}

// ---- time: the console's clock, not this machine's -------------------------

let offsetMs = 0;

export function setClock(utc) {
  const at = Date.parse(utc);
  if (!Number.isNaN(at)) offsetMs = at - Date.now();
}

export function secondsSince(utc) {
  const at = Date.parse(utc);
  return Number.isNaN(at) ? 0 : Math.max(0, Math.floor((Date.now() + offsetMs - at) / 1000));
}

export function clock(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const h = Math.floor(s / 3600);
  const m = Math.floor(s / 60) % 60;
  return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

/** An element that shows how long ago `utc` was, and goes on counting. */
export function since(utc, attributes = {}) {
  const node = el("time", { datetime: utc, ...attributes, data: { since: utc, ...(attributes.data ?? {}) } });
  tick(node);
  return node;
}

function tick(node) {
  const seconds = secondsSince(node.dataset.since);
  const text = clock(seconds);
  if (node.textContent !== text) node.textContent = text;
  const limit = Number(node.dataset.limit);
  if (limit) node.classList.toggle("over", seconds >= limit);
}

/** What is not live does not go on counting. */
export const isStale = () => document.body.classList.contains("stale");

setInterval(() => isStale() || document.querySelectorAll("[data-since]").forEach(tick), 500);

/** A time of day, on 24 hours as everywhere in the console. */
export const timeOfDay = (date) => date.toLocaleTimeString(document.documentElement.lang, { hour12: false });

// ---- requests --------------------------------------------------------------

/** An answer of the console, or an Error that says in words why there is none. */
async function request(url, options = {}) {
  const answer = await fetch(url, { credentials: "same-origin", ...options }).catch(() => {
    throw new Error(t("no_answer"));
  });
  if (answer.status === 401) location.assign(boot.urls.login);
  if (!answer.ok) throw new Error((await answer.text()).slice(0, 300) || answer.statusText);
  return answer.json();
}

export const get = (url) => request(url);

export const post = (url, fields = {}) =>
  request(url, { method: "POST", headers: { "X-CSRFToken": boot.csrf }, body: new URLSearchParams(fields) });

export function toast(text, kind = "ok") {
  const box = document.getElementById("toasts");
  const note = el("div", { class: `toast-note ${kind}` }, icon(kind === "ok" ? "circle-check" : "alert-circle"), text);
  box.append(note);
  setTimeout(() => note.remove(), 6000);
}

/** Ask before something that cannot be undone; resolves to whether it was confirmed. */
export function ask(text) {
  const dialog = document.getElementById("confirm");
  document.getElementById("confirm-text").textContent = text;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true });
  });
}

/** Hang up after asking; says how it went. */
export async function hangUp(url, caller) {
  if (!(await ask(t("hangup_ask", { caller: caller || t("anonymous") })))) return;
  try {
    await post(url);
    toast(t("hangup_done"));
  } catch (error) {
    toast(t("failed", { why: error.message }), "bad");
  }
}
