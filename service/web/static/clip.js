// The frames around a moment: play, pause, step, with what was seen drawn over them.

import { byId, draw, fill, make } from "./dom.js";
import { sceneLayers } from "./scene.js";
import { picture } from "./server.js";
import { clock, levelChip, score, secondsOf } from "./words.js";

const AHEAD = 4; // pictures that are asked for at a time
const LAYERS = { lanes: "lanes", objects: "objects", reasons: "what the reasons point to" };

export class Clip {
  /** seen: called with the row of every frame that is shown. */
  constructor(seen) {
    this.seen = seen;
    this.shown = { lanes: true, objects: true, reasons: true };
    this.frames = [];
    this.pictures = new Map();
    this.build();
  }

  build() {
    this.image = make("img", { alt: "" });
    this.layer = draw("svg", { class: "scene", "aria-hidden": "true" });
    this.stage = make("div", { className: "stage" }, this.image, this.layer);
    this.words = make("p", { className: "line" });
    this.trouble = make("p", { className: "trouble", role: "alert", hidden: true });
    this.slider = make("input", { type: "range", min: "0", "aria-label": "Frame of the clip",
      oninput: () => { this.pause(); this.go(Number(this.slider.value)); } });
    this.playing = make("button", { type: "button", onclick: () => this.toggle() }, "▶ Play");
    this.back = make("button", { type: "button", onclick: () => { this.pause(); this.go(this.peak); } });
    const controls = make("div", { className: "controls" }, this.playing,
      make("button", { type: "button", "aria-label": "One frame back", onclick: () => this.step(-1) }, "◀ Step"),
      make("button", { type: "button", "aria-label": "One frame on", onclick: () => this.step(1) }, "Step ▶"),
      this.back,
      this.slider);
    const layers = Object.entries(LAYERS).map(([name, text]) => make("label", { className: "check" },
      make("input", { type: "checkbox", checked: true,
        onchange: (event) => { this.shown[name] = event.target.checked; this.paint(); } }), text));
    const box = byId("clip");
    box.addEventListener("keydown", (event) => this.key(event));
    fill(box, this.stage, this.trouble, this.words, controls, make("div", { className: "checks" }, ...layers),
      make("p", { className: "quiet" }, "Keys in here: space plays, ← and → step."));
  }

  /** clip: what the server gave; fallback: address of one picture where the run keeps none; peak: its name */
  show(run, clip, fallback, peak) {
    this.back.textContent = peak;
    this.pause();
    for (const address of this.pictures.values()) URL.revokeObjectURL(address);
    this.pictures.clear();
    this.run = run;
    this.fallback = fallback;
    this.frames = clip.frames;
    this.paths = new Map(clip.frames.map((row, place) => [row.index, clip.pictures[place]]));
    this.fetching = Symbol();
    this.trouble.hidden = true;
    this.slider.max = String(this.frames.length - 1);
    this.peak = Math.max(this.frames.findIndex((row) => row.index === clip.peak_index), 0);
    this.go(this.peak);
    this.fetchAll(this.fetching);
  }

  get row() {
    return this.frames[this.place];
  }

  go(place) {
    this.place = Math.min(Math.max(place, 0), this.frames.length - 1);
    this.slider.value = String(this.place);
    this.paint();
    this.seen(this.row);
  }

  step(by) {
    this.pause();
    this.go(this.place + by);
  }

  paint() {
    const row = this.row;
    if (!row) return;
    const seconds = secondsOf(this.run, row.stamp_ns);
    const address = this.pictures.get(row.index);
    if (address && this.image.src !== address) this.image.src = address;
    this.image.alt = `Camera picture of frame ${row.index}`;
    this.slider.setAttribute("aria-valuetext", `frame ${row.index}, ${clock(seconds)}, ${row.risk.level}`);
    fill(this.words, levelChip(row.risk.level), make("strong", {}, score(row.risk.score)),
      make("span", { className: "quiet" }, `frame ${row.index} · ${clock(seconds)}`));
    this.overlay();
    this.image.onload = () => this.overlay();
  }

  overlay() {
    const size = [this.image.naturalWidth, this.image.naturalHeight];
    if (!size[0] || !this.row) return;
    this.layer.setAttribute("viewBox", `0 0 ${size[0]} ${size[1]}`);
    fill(this.layer, ...sceneLayers(this.row, size, this.shown), ...(this.extra?.(size) ?? []));
  }

  /** Bring out the region of one reason, or of none. */
  point(place) {
    for (const mark of this.layer.querySelectorAll(".reason")) {
      mark.classList.toggle("pointed", mark.dataset.reason === String(place));
    }
  }

  /** From the worst frame outwards, a few at a time. */
  async fetchAll(mine) {
    const order = this.frames.map((row, place) => [Math.abs(place - this.peak), row.index])
      .sort((one, other) => one[0] - other[0]).map(([, index]) => index);
    const worker = async () => {
      while (order.length && this.fetching === mine) await this.fetchOne(order.shift(), mine);
    };
    await Promise.all(Array.from({ length: AHEAD }, worker));
  }

  async fetchOne(index, mine) {
    try {
      const address = await picture(this.paths.get(index));
      if (this.fetching !== mine) return URL.revokeObjectURL(address);
      this.pictures.set(index, address);
      if (this.row.index === index) this.paint();
    } catch (error) {
      if (this.fetching === mine) this.without(error);
    }
  }

  /** The run keeps no pictures: show the event's own, and say so. */
  without(error) {
    this.trouble.textContent = `Not all pictures are there: ${error.message}`;
    this.trouble.hidden = false;
    if (this.fallback && !this.pictures.size) this.image.src = this.fallback;
  }

  toggle() {
    if (this.timer) return this.pause();
    if (this.place === this.frames.length - 1) this.go(0);
    this.playing.textContent = "❚❚ Pause";
    this.wait();
  }

  /** Frames follow each other as they were recorded; a picture that is not here yet is waited for. */
  wait() {
    const next = this.frames[this.place + 1];
    if (!next) return this.pause();
    const gap_ms = Math.min(Math.max((next.stamp_ns - this.row.stamp_ns) * 1e-6, 10), 1000);
    this.timer = setTimeout(() => {
      if (this.pictures.has(next.index) || !this.trouble.hidden) this.go(this.place + 1);
      this.wait();
    }, gap_ms);
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = null;
    this.playing.textContent = "▶ Play";
  }

  key(event) {
    if (event.target.matches("input, select, textarea") && event.target !== this.slider) return;
    const steps = { ArrowLeft: -1, ArrowRight: 1 };
    if (event.key in steps) this.step(steps[event.key]);
    else if (event.key === " " && !event.target.matches("button")) this.toggle();
    else return;
    event.preventDefault();
  }
}
