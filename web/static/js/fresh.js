// Parts of a page that the server draws ([data-fresh], by id), fetched anew every few seconds.
// The note #fresh tells when they were true, and why they are not kept so any longer.

import { boot, t, timeOfDay } from "./core.js";
import { select } from "./keys.js";

const note = document.getElementById("fresh");
let timer = 0;

/** Why there is no page: what the console says on one of its own, or that it is silent. */
async function why(answer) {
  if (!answer) return t("no_answer");
  if (answer.status === 401 || answer.url.includes(boot.urls.login.split("?")[0])) location.assign(boot.urls.login);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const said = page.querySelectorAll(".error p, .error small");
  return [...said].map((each) => each.textContent).join(" ") || answer.statusText;
}

/** Put what is new in place, and the selection and the focus where they were. */
function swap(page) {
  for (const part of document.querySelectorAll("[data-fresh]")) {
    const newer = page.getElementById(part.id);
    if (!newer || newer.innerHTML === part.innerHTML) continue;
    const row = part.querySelector("tr.selected")?.dataset.href;
    const link = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    part.replaceChildren(...newer.childNodes);
    const again = (name, value) => value && part.querySelector(`[${name}="${CSS.escape(value)}"]`);
    const selected = again("data-href", row);
    if (selected) select(selected);
    again("href", link)?.focus();
  }
}

function tell(text, good) {
  note.textContent = text;
  document.body.classList.toggle("old", !good);
}

async function ask() {
  clearTimeout(timer);
  if (document.visibilityState === "visible" && !getSelection()?.toString()) {
    const answer = await fetch(location.href, { credentials: "same-origin" }).catch(() => null);
    if (answer?.ok && !answer.redirected) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      swap(page);
      note.dataset.every = page.getElementById("fresh")?.dataset.every ?? "";
      note.dataset.at = timeOfDay(new Date());
      tell(t("as_of", { time: note.dataset.at }), true);
    } else {
      tell(`${t("lost")} (${t("as_of", { time: note.dataset.at })}): ${await why(answer)}`, false);
    }
  }
  again();
}

function again() {
  const seconds = Number(note.dataset.every);
  if (seconds) timer = setTimeout(ask, seconds * 1000);
}

/** A page that could not be shown comes by itself once it can be. */
async function comeBack() {
  const hidden = document.visibilityState !== "visible";
  const answer = hidden ? null : await fetch(location.href, { credentials: "same-origin" }).catch(() => null);
  if (answer?.ok) location.reload();
  else setTimeout(comeBack, 3000);
}

if (document.querySelector("[data-again]")) setTimeout(comeBack, 3000);
if (note) {
  note.dataset.at = timeOfDay(new Date());
  tell(t("as_of", { time: note.dataset.at }), true);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && Number(note.dataset.every) && ask());
  again();
}
