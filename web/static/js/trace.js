// The trace page: a span's signalling, asked for every second, newest on top.

import { el, get, icon, t, timeOfDay } from "./core.js";
import { live } from "./live.js";

const $ = (id) => document.getElementById(id);
const EVERY_MS = 1000;
const KEPT = 1000; // rows on the page
const { rowsUrl, fileUrl, none, noSpan, call, channel, out, in: received } = $("trace").dataset;

let span = new URLSearchParams(location.search).get("span") ?? "";
let seq = 0;
let rows = [];
let held = false;
let asking = false;
let started = ""; // of the media server whose entries these are

const fill = (text, n) => text.replace("{n}", n);

/** All of a row that can be searched for, in one line. */
function words(row) {
  const parts = row.elements.map((each) => `${each.name} ${each.text}`);
  return [row.title, row.link, row.fault, ...parts].join(" ").toLowerCase();
}

function place(row) {
  if (row.channel) return fill(channel, row.channel);
  return row.reference === null ? "" : fill(call, row.reference);
}

function says(row) {
  const parts = row.elements.map((each) =>
    el("div", {}, el("span", { class: "muted" }, each.text ? `${each.name}: ` : each.name), each.text),
  );
  if (row.fault) parts.unshift(el("div", { class: "trace-fault" }, icon("alert-triangle"), row.fault));
  return parts;
}

function draw(row) {
  const arrow = { out: "→", in: "←" }[row.direction] ?? "";
  const told = { out, in: received }[row.direction] ?? "";
  return el(
    "tr",
    { class: `trace-${row.direction || "own"}` },
    el("td", { class: "num nowrap" }, el("time", { datetime: row.utc, title: new Date(row.utc).toLocaleString(document.documentElement.lang) }, `${timeOfDay(new Date(row.utc))}.${row.utc.slice(20, 23)}`)),
    el("td", { title: told, "aria-label": told }, arrow),
    el("td", { class: "nowrap" }, el("b", {}, row.title), row.link && row.link !== row.title ? el("div", { class: "muted" }, row.link) : null),
    el("td", { class: "num nowrap" }, place(row)),
    el("td", {}, ...says(row)),
  );
}

function show() {
  const wanted = $("trace-find").value.trim().toLowerCase();
  const found = wanted ? rows.filter((row) => words(row).includes(wanted)) : rows;
  $("trace-rows").replaceChildren(...found.map(draw).reverse());
  $("trace-none").hidden = found.length > 0;
  $("trace-none").textContent = span ? none : noSpan;
}

/** That the rows are no longer what is said on the line, and why; "" when they are. */
function tell(why) {
  $("trace-lost").hidden = !why;
  $("trace-lost").textContent = why ? `${t("lost")}: ${why}` : "";
  document.body.classList.toggle("old", Boolean(why));
}

async function ask() {
  if (!span || held || asking || document.visibilityState !== "visible") return;
  asking = true;
  const asked = span;
  try {
    const query = new URLSearchParams({ span: asked, after: seq });
    const told = await get(`${rowsUrl}?${query}`);
    if (asked !== span) return;
    tell("");
    if (told.seq < seq) rows = []; // the media server was started anew
    seq = told.seq;
    if (!told.entries.length && rows.length) return;
    rows = [...rows, ...told.entries].slice(-KEPT);
    show();
  } catch (error) {
    tell(error.message);
  } finally {
    asking = false;
  }
}

function choose(name) {
  span = name;
  const query = name ? `?${new URLSearchParams({ span: name })}` : location.pathname;
  history.replaceState(null, "", query); // so that the page comes back, and can be passed on, as it is
  seq = 0;
  rows = [];
  $("trace-file").href = fileUrl.replace("__id__", encodeURIComponent(name));
  show();
  ask();
}

function offer() {
  const { started_utc: now = "" } = live.picture.server;
  const anew = started && now !== started;
  started = now;
  if (anew) choose(span); // its entries are numbered from 1 again
  const names = [...live.picture.spans.values()].filter((each) => each.signalling !== "analog").map((each) => each.name);
  const shown = [...$("trace-span").options].map((option) => option.value);
  if (names.join() === shown.join()) return;
  $("trace-span").replaceChildren(...names.map((name) => el("option", { value: name }, name)));
  const wanted = names.includes(span) ? span : (names[0] ?? "");
  $("trace-span").value = wanted;
  choose(wanted);
}

$("trace-span").addEventListener("change", (event) => choose(event.target.value));
$("trace-find").addEventListener("input", show);
$("trace-hold").addEventListener("click", () => {
  held = !held;
  const button = $("trace-hold");
  button.setAttribute("aria-pressed", held);
  button.replaceChildren(icon(held ? "player-play" : "player-pause"), el("span", {}, held ? button.dataset.go : button.dataset.hold));
  ask();
});
live.addEventListener("picture", offer);
offer();
setInterval(ask, EVERY_MS);
