// The stream from the console, the board folded from it, and the truth about both links.
// Browser ↔ console: silent for longer than two heartbeats means lost.
// Console ↔ media server: the console itself says so.

import { boot, setClock, t, timeOfDay } from "./core.js";

/** Seconds after which a page nobody looks at lets its connection go. */
const HIDDEN_S = 60;

const KEYS = { calls: "id", queues: "name", agents: "name", alarms: "name", spans: "name" };

export class Picture {
  constructor() {
    this.server = {};
    for (const name of Object.keys(KEYS)) this[name] = new Map();
    this.channels = new Map();
  }

  load(snapshot) {
    this.server = snapshot.server ?? {};
    for (const [name, key] of Object.entries(KEYS)) {
      this[name] = new Map((snapshot[name] ?? []).map((row) => [row[key], row]));
    }
    this.channels = new Map();
    for (const span of snapshot.spans ?? []) {
      this.channels.set(span.name, new Map((span.channels ?? []).map((row) => [row.number, row])));
    }
  }

  apply(changes) {
    for (const [name, key] of Object.entries(KEYS)) {
      for (const row of changes?.[name] ?? []) {
        if (row.gone) this[name].delete(row[key]);
        else this[name].set(row[key], { ...this[name].get(row[key]), ...row });
      }
    }
    for (const row of changes?.channels ?? []) {
      if (!this.channels.has(row.span)) this.channels.set(row.span, new Map());
      const channels = this.channels.get(row.span);
      if (row.gone) channels.delete(row.number);
      else channels.set(row.number, row);
    }
  }
}

class Live extends EventTarget {
  picture = new Picture();
  last = "";
  #source = null;
  #heard = 0;
  #retry = 0;
  #timer = 0;
  #hidden = 0; // seconds
  #console = "wait"; // wait | up | lost
  #daemon = { up: true };

  open() {
    this.#heard = Date.now();
    this.#connect();
    setInterval(() => this.#watch(), 1000);
    // A page nobody looks at holds no connection; one that wakes up starts from the present.
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && !this.#source) this.#again(0);
    });
    addEventListener("online", () => this.#again(0));
    addEventListener("offline", () => this.#lost());
    addEventListener("pagehide", () => this.#drop());
    addEventListener("pageshow", (event) => event.persisted && this.#again(0));
  }

  #connect() {
    this.#drop();
    this.#heard = Date.now();
    const source = new EventSource(`${boot.urls.live}?last=${encodeURIComponent(this.last)}`);
    this.#source = source;
    const hear = (kind, act) =>
      source.addEventListener(kind, (event) => {
        this.#heard = Date.now();
        this.#retry = 0;
        const body = JSON.parse(event.data);
        if (event.lastEventId) this.last = event.lastEventId;
        if (kind !== "change" && body.utc) setClock(body.utc);
        this.#console = "up";
        act(body);
        this.#show();
      });
    hear("snapshot", (body) => {
      this.picture.load(body);
      this.#tell("picture", { event: null });
    });
    hear("change", (body) => {
      this.picture.apply(body.changes);
      this.#tell("picture", { event: body });
    });
    hear("link", (body) => (this.#daemon = body.link));
    hear("beat", (body) => (this.#daemon = body.link));
    source.onerror = () => {
      if (this.#source === source) this.#failed();
    };
  }

  #drop() {
    this.#source?.close();
    this.#source = null;
    clearTimeout(this.#timer);
  }

  async #failed() {
    this.#drop();
    const wait = Math.min(5000, 500 * 2 ** this.#retry++);
    if (this.#retry > 1) this.#lost();
    try {
      const answer = await fetch(boot.urls.session, { credentials: "same-origin" });
      if (answer.status === 401) {
        location.assign(boot.urls.login);
        return;
      }
    } catch {
      this.#lost();
    }
    this.#again(wait);
  }

  #again(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), wait);
  }

  #watch() {
    const silent = Date.now() - this.#heard;
    if (silent > boot.heartbeat_ms * 2 + 2000 && this.#source) {
      this.#lost();
      this.#heard = Date.now();
      this.#again(0);
    }
    this.#hidden = document.visibilityState === "hidden" ? this.#hidden + 1 : 0;
    if (this.#hidden > HIDDEN_S && this.#source) {
      this.#drop();
      this.#console = "wait";
      this.#show();
    }
  }

  #lost() {
    if (this.#console !== "lost") this.lostAt = new Date();
    this.#console = "lost";
    this.#show();
  }

  #tell(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }

  #show() {
    const bar = document.getElementById("linkbar");
    const dot = document.getElementById("livedot");
    const lost = this.#console === "lost";
    const down = !lost && !this.#daemon.up;
    const at = lost ? this.lostAt : this.#daemon.since_utc && new Date(this.#daemon.since_utc);
    const time = at ? ` (${t("since", { time: timeOfDay(at) })})` : "";
    const text = lost ? t("console_lost") + time : down ? t("daemon_lost") + time : "";
    bar.hidden = !text;
    bar.title = down ? this.#daemon.reason : "";
    bar.dataset.link = lost ? "console" : down ? "daemon" : "";
    const label = document.getElementById("linkbar-text");
    if (label.textContent !== text) label.textContent = text;
    document.body.classList.toggle("stale", Boolean(text));
    const state = lost || down ? "lost" : this.#console;
    dot.dataset.state = state;
    dot.lastElementChild.textContent = t({ up: "live", lost: "lost", wait: "connecting" }[state]);
  }
}

export const live = new Live();
