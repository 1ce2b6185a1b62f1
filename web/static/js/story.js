// A call's story: jump from the timeline into the recording; follow a call that still goes on.

import { Player, obeyKeys } from "./player.js";
import { hangUp } from "./core.js";
import { live } from "./live.js";

const all = [...document.querySelectorAll("[data-player]")].map((node) => new Player(node));
obeyKeys(() => all[0]);

document.getElementById("all-events").addEventListener("change", (event) => {
  document.querySelector(".timeline")?.classList.toggle("every", event.target.checked);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-seek]");
  const player = all[0];
  if (!button || !player) return;
  const begins = Number(player.root.parentElement.dataset.startsMs) || 0;
  player.seek((Number(button.closest("li").dataset.atMs) - begins) / 1000);
});
document.body.classList.toggle("can-seek", all.length > 0);

document.querySelector("[data-hangup]")?.addEventListener("click", ({ currentTarget: { dataset } }) => {
  hangUp(dataset.hangup, dataset.caller);
});

// ---- a call that goes on: fetch the page again when something happened to it --------------

const story = document.getElementById("story");
let due = 0;

async function refresh() {
  due = 0;
  if (all.some((player) => player.wave?.isPlaying())) return; // not under the listener's hands
  const answer = await fetch(location.href, { credentials: "same-origin" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("story");
  if (!fresh) return;
  if (!fresh.dataset.live) {
    location.reload();
    return;
  }
  for (const part of [".facts", ".timeline", ".lanes"]) {
    const [old, now] = [story.querySelector(part), fresh.querySelector(part)];
    if (!old !== !now) location.reload();
    else if (old && now) {
      now.classList.toggle("every", old.classList.contains("every"));
      old.replaceWith(document.adoptNode(now));
    }
  }
}

if (story.dataset.live) {
  const soon = () => (due ||= setTimeout(refresh, 1500)); // the story is written each second
  live.addEventListener("picture", ({ detail }) => {
    if (detail.event?.call_id === story.dataset.call) soon();
  });
}
