// The system page: counters asked for every few seconds, alarms and spans from the stream.

import { boot, el, icon, said, since, t, timeOfDay, word } from "./core.js";
import { live } from "./live.js";

const $ = (id) => document.getElementById(id);
const EVERY_MS = 3000;
const BAD = /miss|overrun|underrun|lost|full|drop|error|refus|slip/i;
let before = new Map();

const number = (value) =>
  typeof value === "number" ? value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 2 }) : String(value);

function drawCounters(parent, counters) {
  const names = Object.keys(counters ?? {}).filter((name) => !grouped(name)).sort();
  if (!names.length) {
    parent.replaceChildren(el("div", { class: "nothing small" }, parent.dataset.none ?? ""));
    return;
  }
  parent.replaceChildren(
    ...names.map((name) => {
      const value = counters[name];
      const kind = BAD.test(name) ? (value > 0 ? "bad" : "good") : "";
      const key = `${parent.id}.${name}`;
      const moved = before.has(key) && before.get(key) !== value;
      before.set(key, value);
      return el("div", { class: `counter ${kind} ${moved ? "moved" : ""}` }, el("span", { title: name }, word("counter", name)), el("b", { class: "num" }, number(value)));
    }),
  );
}

/** The members of a group of counters: {mix: 7} of {"kernel_ns.mix": 7}. */
function group(counters, name) {
  const start = `${name}.`;
  return Object.fromEntries(
    Object.entries(counters ?? {})
      .filter(([key]) => key.startsWith(start))
      .map(([key, value]) => [key.slice(start.length), value]),
  );
}

/** What each part of a block takes, and how many slots of the costly banks are in use. */
function drawParts(counters) {
  const [times, slots, used] = ["kernel_ns", "slots", "slots_used"].map((name) => group(counters, name));
  const whole = Object.values(times).reduce((sum, ns) => sum + ns, 0);
  $("sys-block").textContent = whole ? `${number(Math.round(whole / 1000))} µs` : "";
  $("sys-parts").replaceChildren(
    ...Object.entries(times).flatMap(([part, ns]) => {
      const banks = Object.keys(slots).filter((name) => name.split(" ")[0] === part && slots[name]);
      if (!ns && !banks.length) return [];
      const share = whole ? (100 * ns) / whole : 0;
      const seats = banks.map((name) => `${name.split(" ").slice(1).join(" ")} ${used[name] ?? 0} / ${slots[name]}`.trim());
      return el(
        "tr",
        {},
        el("td", {}, word("part", part)),
        el("td", { class: "num right" }, number(ns / 1000)),
        el("td", { class: "num" }, el("meter", { min: 0, max: 100, value: share.toFixed(1) }), ` ${Math.round(share)} %`),
        el("td", { class: "num right" }, seats.join(", ")),
      );
    }),
  );
}

const grouped = (name) => name.includes(".");

async function ask() {
  if (document.visibilityState !== "visible") return;
  try {
    const answer = await fetch(boot.urls.counters, { credentials: "same-origin" });
    if (!answer.ok) throw new Error();
    const { status, listeners } = await answer.json();
    $("sys-listeners").textContent = listeners;
    const { real, plain } = $("sys-thread").dataset;
    $("sys-thread").textContent = status.server.realtime ? real : plain;
    $("sys-seq").textContent = number(Math.max(0, status.seq - Date.parse(status.server.started_utc) * 1000));
    drawCounters($("sys-counters"), status.server?.engine?.counters);
    drawParts(status.server?.engine?.counters);
    drawCounters($("sys-cti"), status.cti);
    $("sys-fresh").textContent = timeOfDay(new Date());
  } catch {
    $("sys-fresh").textContent = t("lost");
  }
}

function draw() {
  const { server, alarms, spans, channels } = live.picture;
  $("sys-name").textContent = server.name ?? "–";
  $("sys-version").textContent = server.version ?? "–";
  if (server.started_utc && $("sys-up").dataset.at !== server.started_utc) {
    $("sys-up").dataset.at = server.started_utc;
    $("sys-up").replaceChildren(since(server.started_utc));
  }
  const rows = [...alarms.values()].map((alarm) =>
    el("div", { class: "alarm" }, icon("bell-ringing"), el("b", {}, word("alarm", alarm.name)), el("span", {}, said(alarm.said, alarm.text || "")), since(alarm.since_utc, { class: "num" })),
  );
  const none = el("div", { class: "nothing small good" }, icon("circle-check"), $("sys-alarms").dataset.none);
  $("sys-alarms").replaceChildren(...(rows.length ? rows : [none]));
  drawSpans(spans, channels);
}

function drawSpans(spans, channels) {
  $("sys-spans").replaceChildren(
    ...[...spans.values()].map((span) => {
      const all = [...(channels.get(span.name)?.values() ?? [])];
      const used = all.filter((row) => row.state !== "idle" && row.state !== "blocked").length;
      const tags = (span.alarms ?? []).map((name) => el("span", { class: "alarm-tag", title: word("span_alarm", name) }, name.toUpperCase()));
      return el(
        "tr",
        {},
        el("td", {}, el("b", {}, span.name)),
        el("td", { class: "muted nowrap" }, [span.kind, span.signalling].filter(Boolean).join(" · ").toUpperCase()),
        el("td", {}, el("span", { class: `state state-span-${span.up ? "up" : "down"}` }, span.up ? t("up") : t("down")), " ", ...tags),
        el("td", { class: "num right nowrap" }, `${used} / ${all.length}`),
      );
    }),
  );
}

live.addEventListener("picture", () => requestAnimationFrame(draw));
ask();
setInterval(ask, EVERY_MS);
