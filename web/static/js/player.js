// One recording: waveform of both directions, play, seek, speed. Sound comes by HTTP ranges.

import { boot, clock, t } from "./core.js";

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Heard loudness is nearer to a root of the peak: quiet speech stays visible.
const loudness = (peaks) => peaks.map((peak) => peak ** 0.6);

export class Player {
  constructor(root) {
    this.root = root;
    this.wave = null;
    this.show = (name) => root.querySelector(`[data-show="${name}"]`);
    root.querySelector('[data-do="toggle"]').addEventListener("click", () => this.toggle());
    root.querySelector('[data-do="rate"]').addEventListener("change", (event) => this.wave?.setPlaybackRate(Number(event.target.value), true));
    document.addEventListener("theme", () => this.#paint());
    if (root.dataset.url) this.load(root.dataset.url, root.dataset.peaks);
  }

  /** Load a recording; resolves when it can be played, rejects never. */
  async load(url, peaksUrl, title = "") {
    this.wave?.destroy();
    this.wave = null;
    this.#error("");
    this.show("title").textContent = title;
    this.show("download").href = `${url}?download=1`;
    this.show("now").textContent = "0:00";
    const turn = (this.turn = Symbol("turn"));
    try {
      const answer = await fetch(peaksUrl, { credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      const { duration_ms, left, right } = await answer.json();
      if (this.turn !== turn) return;
      this.#make(url, [left, right].map(loudness), duration_ms / 1000);
    } catch {
      if (this.turn === turn) this.#error(t("unplayable"));
    }
  }

  #make(url, peaks, duration) {
    if (!duration) {
      this.#error(t("unplayable"));
      return;
    }
    this.show("length").textContent = clock(duration);
    const audio = new Audio();
    audio.preload = "metadata";
    this.wave = WaveSurfer.create({
      container: this.show("wave"),
      media: audio,
      url,
      peaks,
      duration,
      height: 34,
      normalize: false,
      barWidth: 2,
      barGap: 1,
      barRadius: 2,
      cursorWidth: 2,
      dragToSeek: true,
      cspNonce: boot.nonce,
      ...this.#colours(),
    });
    this.wave.on("timeupdate", (now) => (this.show("now").textContent = clock(now)));
    for (const state of ["play", "pause", "finish"]) this.wave.on(state, () => this.#state());
    this.wave.on("error", () => this.#error(t("unplayable")));
    this.ready = new Promise((done) => this.wave.once("ready", done));
  }

  #colours() {
    const side = (wave, progress) => ({ waveColor: colour(wave), progressColor: colour(progress) });
    return {
      cursorColor: colour("--c-cursor"),
      splitChannels: [side("--c-left-soft", "--c-left"), side("--c-right-soft", "--c-right")],
    };
  }

  #paint() {
    this.wave?.setOptions(this.#colours());
  }

  #state() {
    const playing = Boolean(this.wave?.isPlaying());
    this.root.classList.toggle("playing", playing);
    this.root.dispatchEvent(new CustomEvent("playing", { detail: playing, bubbles: true }));
  }

  #error(text) {
    const node = this.show("error");
    node.textContent = text;
    node.hidden = !text;
  }

  async toggle() {
    try {
      await this.wave?.playPause();
    } catch {
      this.#error(t("unplayable"));
    }
  }

  skip(seconds) {
    this.wave?.skip(seconds);
  }

  /** Jump to a second of the recording. */
  seek(seconds) {
    if (this.wave) this.wave.setTime(Math.min(Math.max(0, seconds), this.wave.getDuration()));
  }
}

/** The keyboard works on the player given by `which`. */
export function obeyKeys(which) {
  document.addEventListener("player", (event) => {
    const player = which();
    if (event.detail === "toggle") player?.toggle();
    else player?.skip(event.detail === "back" ? -5 : 5);
  });
}
