// The live board: spans, calls, queues, agents, alarms, drawn from the folded picture.

import { boot, el, hangUp, icon, isStale, post, said, secondsSince, clock, since, t, toast, word } from "./core.js";
import { live } from "./live.js";
import { drawSpans } from "./spans.js";

const $ = (id) => document.getElementById(id);
const may = $("board").dataset;
const picture = live.picture;
let asked = false;

const callUrl = (id) => boot.urls.call.replace("__id__", encodeURIComponent(id));

function party(number, name) {
  const digits = el("span", { class: "num" }, number || t("anonymous"));
  return el("span", { class: "party" }, name ? el("b", {}, name) : null, digits);
}

function badge(kind, code) {
  return el("span", { class: `state state-${kind}-${code}` }, word(kind, code));
}

/** Rows are kept by key, so that a selection and a hovered button stay where they are. */
function keyed(parent, rows, key, draw, empty) {
  const old = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  const wanted = rows.map((row) => {
    const print = JSON.stringify(row);
    const had = old.get(String(row[key]));
    if (had && had.print === print) return had;
    const node = draw(row);
    node.dataset.key = row[key];
    node.print = print;
    if (had?.classList.contains("selected")) node.classList.add("selected");
    return node;
  });
  if (!wanted.length) wanted.push(empty());
  const same = wanted.length === parent.children.length && wanted.every((node, i) => parent.children[i] === node);
  if (!same) parent.replaceChildren(...wanted);
}

const nothing = (text) => el("div", { class: "nothing small" }, text);

// ---- calls -----------------------------------------------------------------

const hangup = (call) =>
  hangUp(boot.urls.hangup.replace("__id__", encodeURIComponent(call.id)), call.caller_name || call.caller);

function drawCall(call) {
  const queue = call.queue ? `${call.queue}${call.position ? ` #${call.position}` : ""}` : "";
  const where = call.agent
    ? el("span", { class: "party" }, el("b", { class: "with-icon" }, icon("headset"), agentName(call.agent)), queue ? el("span", { class: "num" }, queue) : null)
    : queue
      ? el("span", { class: "with-icon" }, icon("hourglass"), queue)
      : null;
  const choice = call.choice ? el("kbd", {}, call.choice) : null;
  const rec = call.recording ? el("span", { class: "rec", title: t("recording") }, "REC") : null;
  const button = may.mayHangup
    ? el("button", { class: "tool danger", type: "button", title: t("hangup"), "aria-label": t("hangup"), on: { click: () => hangup(call) } }, icon("phone-off"))
    : null;
  return el(
    "tr",
    { data: { href: callUrl(call.id) } },
    el("td", {}, badge("call", call.state)),
    el("td", {}, el("a", { href: callUrl(call.id) }, party(call.caller, call.caller_name))),
    el("td", { class: "c-called num" }, call.called || "–"),
    el("td", { class: "c-line" }, el("span", { class: "line" }, call.line || "–")),
    el("td", { class: "c-node" }, el("span", { class: "muted" }, call.node || call.flow || ""), " ", choice),
    el("td", { class: "c-queue" }, where),
    el("td", { class: "c-time num" }, since(call.since_utc), rec),
    el("td", { class: "c-act" }, button),
  );
}

function drawCalls() {
  const rows = [...picture.calls.values()].sort((a, b) => (a.since_utc < b.since_utc ? -1 : 1));
  keyed($("calls"), rows, "id", drawCall, () =>
    el("tr", { class: "empty" }, el("td", { colspan: 8 }, nothing(t("no_calls")))),
  );
}

// ---- queues ----------------------------------------------------------------

function drawQueue(queue) {
  const waiting = queue.waiting ?? [];
  const count = (n, what, kind) => el("span", { class: `count ${kind}` }, el("b", {}, String(n ?? 0)), ` ${t(what)}`);
  const people = waiting.map((person) =>
    el(
      "li",
      {},
      el("span", { class: "place" }, String(person.position)),
      el("a", { href: callUrl(person.call_id) }, party(person.caller, person.caller_name)),
      since(person.since_utc, { class: "wait num", data: { limit: boot.wait_limit_s } }),
    ),
  );
  return el(
    "article",
    { class: "queue" },
    el(
      "header",
      {},
      el("h3", {}, queue.name),
      el("span", { class: `pill ${waiting.length ? "busy" : ""}` }, t("waiting_n", { n: waiting.length })),
    ),
    people.length ? el("ol", { class: "waiting" }, ...people) : el("p", { class: "muted none" }, t("no_waiting")),
    el(
      "footer",
      {},
      count(queue.answered, "answered", "good"),
      count(queue.abandoned, "abandoned", queue.abandoned ? "bad" : ""),
      count(queue.overflowed, "overflowed", ""),
    ),
  );
}

// ---- agents ----------------------------------------------------------------

const agentName = (name) => picture.agents.get(name)?.display || name;

async function setAgent(agent, state) {
  try {
    await post(boot.urls.agent.replace("__id__", encodeURIComponent(agent.name)), { state });
    toast(t("agent_done", { name: agent.display || agent.name, state: word("agent", state) }));
  } catch (error) {
    toast(t("failed", { why: error.message }), "bad");
  }
}

function drawAgent(agent) {
  const mine = may.mayAgents && (!may.ownAgent || may.ownAgent === agent.name);
  const next = agent.state === "ready" ? "away" : "ready";
  const label = next === "ready" ? t("set_ready") : t("set_away");
  const button =
    mine && agent.state !== "talking" && agent.state !== "ringing"
      ? el("button", { class: "tool", type: "button", title: label, "aria-label": label, on: { click: () => setAgent(agent, next) } }, icon(next === "ready" ? "circle-check" : "coffee"))
      : null;
  const name = el("b", {}, agent.display || agent.name);
  return el(
    "li",
    { data: { state: agent.state } },
    el("span", { class: "face", "aria-hidden": "true" }, (agent.display || agent.name).slice(0, 1).toUpperCase()),
    el("div", { class: "who" }, agent.call_id ? el("a", { href: callUrl(agent.call_id) }, name) : name, el("small", {}, [agent.number, (agent.line || "").split(":")[0]].filter(Boolean).join(" · "))),
    el("div", { class: "tally" }, el("span", { title: t("answered") }, icon("circle-check"), String(agent.answered ?? 0)), el("span", { title: t("missed"), class: agent.missed ? "bad" : "" }, icon("circle-x"), String(agent.missed ?? 0))),
    el("div", { class: "what" }, badge("agent", agent.state), since(agent.since_utc, { class: "num" })),
    el("div", { class: "do" }, button),
  );
}

// ---- figures and alarms ----------------------------------------------------

function put(id, text, sub = "", kind = "") {
  const node = $(`fig-${id}`);
  if (node.textContent !== String(text)) node.textContent = text;
  $(`fig-${id}-sub`).textContent = sub;
  node.parentElement.dataset.kind = kind;
}

function drawFigures() {
  const calls = [...picture.calls.values()];
  const agents = [...picture.agents.values()];
  const waiting = [...picture.queues.values()].flatMap((q) => q.waiting ?? []);
  const count = (state) => agents.filter((a) => a.state === state).length;
  put("calls", calls.length, `${calls.filter((c) => c.state === "talking").length} ${word("call", "talking")}`);
  put("waiting", waiting.length, [...picture.queues.values()].filter((q) => q.waiting?.length).map((q) => q.name).join(", "));
  const longest = waiting.length ? Math.max(...waiting.map((w) => secondsSince(w.since_utc))) : 0;
  const first = waiting.toSorted?.((a, b) => (a.since_utc < b.since_utc ? -1 : 1))[0];
  const late = longest >= boot.wait_limit_s ? "bad" : "";
  put("longest", waiting.length ? clock(longest) : "0:00", first?.caller_name || first?.caller || "", late);
  put("agents", `${count("ready")}/${agents.length}`, `${count("talking")} ${word("agent", "talking")} · ${count("away")} ${word("agent", "away")}`, agents.length && !count("ready") && waiting.length ? "warn" : "");
  put("alarms", picture.alarms.size, [...picture.alarms.keys()].map((name) => word("alarm", name)).join(", "), picture.alarms.size ? "bad" : "good");
}

function drawAlarms() {
  const rows = [...picture.alarms.values()];
  $("alarms").hidden = !rows.length;
  keyed($("alarms"), rows, "name", (alarm) =>
    el("div", { class: "alarm" }, icon("bell-ringing"), el("b", {}, word("alarm", alarm.name)), el("span", {}, said(alarm.said, alarm.text || "")), since(alarm.since_utc, { class: "num" })),
    () => el("span"),
  );
}

function draw() {
  asked = false;
  drawSpans($("spans"), picture, callUrl);
  drawCalls();
  keyed($("queues"), [...picture.queues.values()], "name", drawQueue, () => nothing(t("no_queues")));
  keyed($("agents"), [...picture.agents.values()], "name", drawAgent, () => el("li", { class: "empty" }, nothing(t("no_agents"))));
  drawAlarms();
  drawFigures();
}

live.addEventListener("picture", () => {
  if (asked) return;
  asked = true;
  requestAnimationFrame(draw);
});
setInterval(() => picture.server.started_utc && !isStale() && drawFigures(), 1000);
