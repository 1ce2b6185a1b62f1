// The keyboard: `/` search, `g` + letter to go, j and k through rows, Enter, space, `?`; and the
// keys of a page's own buttons (`data-key`).

import { boot } from "./core.js";

let waitingForGo = 0;

const inField = (target) => target.closest?.("input, textarea, select, [contenteditable]");

function rows() {
  return [...document.querySelectorAll("[data-rows] tbody tr[data-href], [data-rows] tbody tr[data-row]")];
}

function move(step) {
  const all = rows();
  if (!all.length) return;
  const now = all.indexOf(document.querySelector("tr.selected"));
  const next = now < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, now + step));
  select(all[next]);
}

export function select(row) {
  document.querySelector("tr.selected")?.classList.remove("selected");
  row.classList.add("selected");
  row.scrollIntoView({ block: "nearest" });
}

function openRow(row) {
  if (row?.dataset.href) location.assign(row.dataset.href);
}

function search() {
  const all = [...document.querySelectorAll("[data-search]")].filter((node) => node.offsetParent);
  const field = all.find((node) => node.closest("main")) ?? all[0];
  field?.focus();
  field?.select();
}

export function toggleTheme() {
  const dark = document.documentElement.dataset.bsTheme !== "dark";
  document.documentElement.dataset.bsTheme = dark ? "dark" : "light";
  localStorage.setItem("theme", dark ? "dark" : "light");
  document.dispatchEvent(new CustomEvent("theme"));
}

/** What a key does on this page alone: it presses the button that names it. */
function own(key) {
  const button = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  return button && (() => button.click());
}

const help = () => document.getElementById("help")?.showModal();
const player = (what) => document.dispatchEvent(new CustomEvent("player", { detail: what }));

const ACTIONS = {
  "/": search,
  "?": help,
  j: () => move(1),
  k: () => move(-1),
  t: toggleTheme,
  " ": () => player("toggle"),
  ArrowLeft: () => player("back"),
  ArrowRight: () => player("on"),
};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (inField(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (waitingForGo && Date.now() - waitingForGo < 1500 && boot.go[event.key]) {
    waitingForGo = 0;
    location.assign(boot.go[event.key]);
    return;
  }
  waitingForGo = 0;
  if (event.key === "g") {
    waitingForGo = Date.now();
    return;
  }
  if (event.key === "Enter" && !event.target.closest("a, button, summary")) {
    openRow(document.querySelector("tr.selected"));
    return;
  }
  if (event.key === " " && event.target.closest("button, summary, a")) return;
  const action = ACTIONS[event.key] ?? own(event.key);
  const forPlayer = event.key === " " || event.key.startsWith("Arrow");
  if (!action || (forPlayer && !document.querySelector("[data-player]"))) return;
  event.preventDefault();
  action();
}

export function start() {
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    const row = event.target.closest("[data-rows] tbody tr");
    if (row && !event.target.closest("a, button, form, summary, label") && !getSelection()?.toString()) {
      select(row);
      openRow(row);
    }
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.getElementById("theme-button")?.addEventListener("click", toggleTheme);
  document.getElementById("help-button")?.addEventListener("click", help);
}
