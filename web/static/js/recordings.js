// The recordings list: one player at the foot of the page for whichever row is played.

import { Player, obeyKeys } from "./player.js";
import { select } from "./keys.js";

const deck = document.getElementById("deck");
const player = new Player(deck.querySelector("[data-player]"));
let row = null;

async function play(next) {
  if (next === row) {
    player.toggle();
    return;
  }
  row?.classList.remove("playing");
  row = next;
  select(row);
  deck.hidden = false;
  document.body.classList.add("with-deck");
  await player.load(row.dataset.url, row.dataset.peaks, row.dataset.title);
  player.toggle();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("tr[data-play] button.play");
  if (button) play(button.closest("tr"));
});
deck.addEventListener("playing", (event) => row?.classList.toggle("playing", event.detail));

// Space plays the selected row; without a selection, whatever is in the deck.
obeyKeys(() => {
  const selected = document.querySelector("tr.selected[data-play]");
  if (selected && selected !== row) {
    play(selected);
    return null;
  }
  return row ? player : null;
});
