// Spans as grids of timeslots: E1 has 32, TS0 for synchronisation and TS16 for signalling: the
// D channel of a PRI, else the bits of all channels (CAS).

import { el, secondsSince, clock, t, word } from "./core.js";

const LOSS = /los|red|lof|ais|down/i;

const isPri = (span) => span.signalling === "pri";

function slots(span, channels) {
  if (span.kind !== "e1") return [...channels.values()].map((row) => ({ number: row.number, row }));
  const all = [];
  for (let number = 0; number < 32; number++) {
    const row = channels.get(number);
    if (number === 0) all.push({ number, fixed: "sync" });
    else if (number === 16 && !row) all.push({ number, fixed: "dchan" });
    else all.push({ number, row: row ?? { number, state: "idle" } });
  }
  return all;
}

function slotState(span, slot) {
  const alarmed = (span.alarms ?? []).length > 0;
  if (slot.fixed === "sync") return alarmed ? "alarm" : "sync";
  if (slot.fixed === "dchan") return span.up ? "dchan" : "alarm";
  return slot.row.state;
}

function title(span, slot) {
  const name = span.kind === "e1" ? t("timeslot", { n: slot.number }) : t("port", { n: slot.number });
  if (slot.fixed === "sync") return `${name} · ${t("sync")}`;
  if (slot.fixed === "dchan") return `${name} · ${t(isPri(span) ? "d_channel" : "cas")}: ${span.up ? t("up") : t("down")}`;
  const row = slot.row;
  const who = row.party ? ` · ${row.party}` : "";
  const time = row.state !== "idle" && row.since_utc ? ` · ${clock(secondsSince(row.since_utc))}` : "";
  return `${name} · ${word("channel", row.state)}${who}${time}`;
}

function makeCell(span, slot) {
  const cell = el("a", { class: "slot", role: "img" }, slot.fixed === "dchan" ? (isPri(span) ? "D" : "C") : slot.fixed === "sync" ? "S" : String(slot.number));
  cell.addEventListener("pointerenter", () => (cell.title = title(cell.span, cell.slot)));
  return cell;
}

function paint(cell, span, slot, callUrl) {
  cell.span = span;
  cell.slot = slot;
  const state = slotState(span, slot);
  if (cell.dataset.state !== state) cell.dataset.state = state;
  const text = title(span, slot);
  if (cell.getAttribute("aria-label") !== text) cell.setAttribute("aria-label", text);
  const call = slot.row?.call_id;
  if (call) cell.href = callUrl(call);
  else cell.removeAttribute("href");
}

function makeSpan(span, list) {
  const node = el(
    "article",
    { class: "span", data: { key: span.name, kind: span.kind, size: list.length } },
    el("header", {}, el("h3", {}, span.name), el("span", { class: "kind" }), el("span", { class: "span-state" }), el("span", { class: "span-alarms" }), el("span", { class: "used num" })),
    el("div", { class: `slots ${span.kind === "e1" ? "e1" : "ports"}` }, ...list.map((slot) => makeCell(span, slot))),
  );
  return node;
}

export function drawSpans(parent, picture, callUrl) {
  const spans = [...picture.spans.values()];
  if (!spans.length) {
    parent.replaceChildren(el("div", { class: "nothing small" }, t("no_spans")));
    return;
  }
  const old = new Map([...parent.querySelectorAll(":scope > .span")].map((node) => [node.dataset.key, node]));
  const wanted = spans.map((span) => {
    const channels = picture.channels.get(span.name) ?? new Map();
    const list = slots(span, channels);
    let node = old.get(span.name);
    if (!node || node.dataset.size !== String(list.length)) node = makeSpan(span, list);
    paintSpan(node, span, list, channels, callUrl);
    return node;
  });
  const same = wanted.length === parent.children.length && wanted.every((node, i) => parent.children[i] === node);
  if (!same) parent.replaceChildren(...wanted);
}

function paintSpan(node, span, list, channels, callUrl) {
  const alarms = span.alarms ?? [];
  const rows = [...channels.values()];
  const used = rows.filter((row) => row.state !== "idle" && row.state !== "blocked").length;
  node.dataset.health = alarms.some((name) => LOSS.test(name)) ? "alarm" : alarms.length || !span.up ? "warn" : "good";
  node.querySelector(".kind").textContent = [span.kind, span.signalling].filter(Boolean).join(" · ").toUpperCase();
  node.querySelector(".span-state").textContent = span.up ? t("up") : t("down");
  node.querySelector(".span-alarms").replaceChildren(...alarms.map((name) => el("span", { class: "alarm-tag", title: word("span_alarm", name) }, name.toUpperCase())));
  node.querySelector(".used").textContent = t("of", { used, all: rows.length });
  const cells = node.querySelector(".slots").children;
  list.forEach((slot, i) => paint(cells[i], span, slot, callUrl));
}
