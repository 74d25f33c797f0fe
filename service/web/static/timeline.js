// The course of the risk, with the events on it.  Works like a slider.

import { byId, draw, fill, make } from "./dom.js";
import { get } from "./server.js";
import { LEVELS, clock, score, secondsOf } from "./words.js";

const HEIGHT = 124, TOP = 22, FLOOR = 90, STRIP = 8;
const LEFT = 34, RIGHT = 10;
const MOST_TICKS = 12;

export class Timeline {
  /** choose: called with an event; moment: with seconds from the beginning of the run. */
  constructor(choose, moment) {
    this.choose = choose;
    this.moment = moment;
    this.events = [];
    this.buckets = [];
    this.now = 0;
    this.box = byId("timeline");
    fill(byId("timeline-legend"), ...legend());
    this.box.tabIndex = 0;
    this.box.setAttribute("role", "slider");
    this.box.setAttribute("aria-label", "Moment of the run");
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("click", (event) => this.click(event));
    new ResizeObserver(() => this.draw()).observe(this.box);
  }

  async load(run) {
    this.run = run;
    if (run.frames) this.buckets = (await get("risk", { buckets: Math.min(600, run.frames) })).buckets;
    this.draw();
  }

  mark(events) {
    this.events = events;
    this.draw();
  }

  /** Put the cursor; seconds from the beginning of the run. */
  at(seconds) {
    this.now = seconds;
    this.say();
    this.cursor?.setAttribute("transform", `translate(${this.x(seconds)} 0)`);
  }

  get length() {
    return this.run ? Math.max(secondsOf(this.run, this.run.last_ns), 0.001) : 1;
  }

  x(seconds) {
    return LEFT + (seconds / this.length) * (this.box.clientWidth - LEFT - RIGHT);
  }

  y(value) {
    return FLOOR - value * (FLOOR - TOP);
  }

  draw() {
    if (!this.run || !this.box.clientWidth) return;
    const width = this.box.clientWidth;
    this.cursor = draw("g", { class: "cursor" },
      draw("line", { y1: TOP - 12, y2: FLOOR + STRIP + 2 }),
      draw("path", { d: `M-5 ${TOP - 18}h10l-5 7z` }));
    const drawing = draw("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, "aria-hidden": "true" },
      ...this.grid(width), ...this.events.map((event) => this.span(event)), ...this.course(),
      ...this.events.map((event) => this.flag(event)), this.cursor);
    fill(this.box, drawing);
    this.at(this.now);
  }

  grid(width) {
    const levels = [0, 0.5, 1].flatMap((value) => [
      draw("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: this.y(value), y2: this.y(value) }),
      draw("text", { x: LEFT - 6, y: this.y(value) + 4, "text-anchor": "end" }, value.toString())]);
    const step = tick(this.length, Math.min(MOST_TICKS, Math.max(Math.floor(width / 80), 2)));
    const times = [];
    for (let at = 0; at <= this.length; at += step) {
      times.push(draw("text", { x: this.x(at), y: HEIGHT - 8, "text-anchor": "middle" }, clock(at, step < 1)));
    }
    return [...levels, ...times];
  }

  /** Least to most of every stretch, and a strip that says its worst level. */
  course() {
    return this.buckets.flatMap((one) => {
      const x = this.x(secondsOf(this.run, one.start_ns));
      const width = Math.max(this.x(secondsOf(this.run, one.end_ns)) - x, 1) + 0.5; // no seams
      const top = this.y(one.max_score);
      return [
        draw("rect", { class: `score ${one.worst_level}`, x, width, y: top, height: Math.max(FLOOR - top, 1) }),
        draw("rect", { class: `strip ${one.worst_level}`, x, width, y: FLOOR + 2, height: STRIP })];
    });
  }

  span(event) {
    const [from, until] = [event.start_ns, event.end_ns].map((ns) => this.x(secondsOf(this.run, ns)));
    return draw("rect", { class: "span", x: from, width: Math.max(until - from, 3), y: TOP, height: FLOOR - TOP });
  }

  flag(event) {
    const x = this.x(secondsOf(this.run, event.peak_ns));
    const sign = LEVELS[event.level].sign;
    const mark = draw("text", { class: `flag ${event.level}`, x, y: TOP - 5, "text-anchor": "middle" }, sign);
    mark.append(draw("title", {}, `${event.id}, score ${score(event.score)}`));
    return mark;
  }

  say() {
    this.box.setAttribute("aria-valuemin", "0");
    this.box.setAttribute("aria-valuemax", this.length.toFixed(1));
    this.box.setAttribute("aria-valuenow", this.now.toFixed(1));
    const inside = this.buckets.find((one) =>
      secondsOf(this.run, one.start_ns) <= this.now && this.now < secondsOf(this.run, one.end_ns));
    const level = inside ? `, ${inside.worst_level}, score up to ${score(inside.max_score)}` : "";
    this.box.setAttribute("aria-valuetext", clock(this.now) + level);
  }

  click(event) {
    const bounds = this.box.getBoundingClientRect();
    const x = event.clientX - bounds.left;
    const seconds = ((x - LEFT) / (bounds.width - LEFT - RIGHT)) * this.length;
    const near = this.events.find((one) =>
      this.x(secondsOf(this.run, one.start_ns)) - 8 <= x && x <= this.x(secondsOf(this.run, one.end_ns)) + 8);
    if (near) this.choose(near);
    else this.moment(Math.min(Math.max(seconds, 0), this.length));
  }

  key(event) {
    const steps = { ArrowLeft: -0.5, ArrowRight: 0.5, PageDown: -5, PageUp: 5 };
    const ends = { Home: 0, End: this.length };
    const wanted = ends[event.key] ?? (steps[event.key] ? this.now + steps[event.key] : null);
    if (wanted === null) return;
    event.preventDefault();
    this.moment(Math.min(Math.max(wanted, 0), this.length));
  }
}

/** A round number of seconds between two labels. */
function tick(length, most) {
  const round = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400];
  return round.find((step) => length / step <= most) ?? 86400;
}

function legend() {
  const signs = Object.entries(LEVELS).map(([level, one]) =>
    make("span", { className: "entry" }, make("span", { className: `swatch ${level}` }), `${one.sign} ${one.text}`));
  return [...signs, make("span", { className: "entry" }, "signs on top: events")];
}
