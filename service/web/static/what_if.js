// What the risk would have been: without an object, or with a part of the picture covered.

import { byId, fill, make } from "./dom.js";
import { call } from "./server.js";
import { enlargeable, requestOf } from "./maps.js";
import { rectangle } from "./scene.js";
import { change, corners, levelChip, score, signed } from "./words.js";

const MODULES = { LANES: "no lane lines", TRACKS: "no objects", WORLD: "a calm world model" };
const SIDES = ["left", "top", "right", "bottom"];

export class WhatIf {
  /** clip: on whose picture a region may be drawn; told: called with every answer. */
  constructor(clip, told) {
    this.clip = clip;
    this.told = told;
    this.box = null;
    this.marked = false; // whether somebody chose the region; that of a reason is drawn already
    clip.extra = () => (this.box && this.marked ? [rectangle(this.box, "chosen edge"), rectangle(this.box, "chosen")] : []);
    clip.stage.addEventListener("pointerdown", (event) => this.startDrawing(event));
  }

  /** row: of the frame that is asked about */
  show(subject, row) {
    this.subject = subject;
    this.row = row;
    this.answers = [];
    this.words = "";
    this.working = false;
    const first = row.risk.reasons.find((reason) => reason.region && !reason.region.includes(null));
    this.box = first ? first.region : null;
    this.marked = false;
    this.paint();
    this.clip.overlay();
  }

  paint() {
    const tracks = blamedFirst(this.row).map(({ track, reason }) => this.button(
      `Without ${track.label} ${track.id}${reason ? ` (cause ${reason})` : ""}`,
      `without ${track.label} ${track.id}`, { drop_track: String(track.id) }, `--drop-track ${track.id}`));
    const modules = Object.entries(MODULES).map(([name, text]) => this.button(`With ${text}`, `with ${text}`,
      { empty: `MODULE_${name}` }, `--empty ${name.toLowerCase()}`));
    fill(byId("what-if"),
      make("p", { className: "quiet" }, `Frame ${this.row.index} and the seconds before it go through the pipeline again, ` +
        "as they were and with the change; it takes a while."),
      make("div", { className: "controls" }, ...tracks, ...modules),
      this.region(),
      make("p", { role: "status", className: this.trouble ? "trouble" : "quiet" }, this.words),
      this.answers.length ? this.table() : null);
  }

  region() {
    this.sides = SIDES.map((side, place) => make("input", { type: "number", "aria-label": `Region, ${side} edge in pixels`,
      value: this.box ? Math.round(this.box[place]) : "", onchange: () => this.typed() }));
    const box = this.box && Object.fromEntries(["x0", "y0", "x1", "y1"].map((key, place) => [key, this.box[place]]));
    const where = this.box ? corners(this.box) : "";
    const change = (name, text, done) => this.button(text, `with (${where}) ${done}`, { [name]: box },
      `--${name} ${where.replaceAll(" ", "")}`, !this.box);
    return make("div", { className: "controls region", role: "group", "aria-label": "A region of the picture" },
      make("span", {}, "Region: left, top, right, bottom [px]"), ...this.sides, change("mask", "Mask this region", "masked"),
      change("inpaint", "Paint over this region", "painted over"),
      make("span", { className: "quiet" }, "or draw it in the clip"));
  }

  button(text, words, intervention, option, disabled = false) {
    return make("button", { type: "button", disabled: disabled || this.working,
      onclick: () => this.ask(words, intervention, option) }, text);
  }

  /** option: what the command line calls it */
  async ask(words, intervention, option) {
    const asked = this.subject;
    this.working = true;
    this.say(`Working out the risk ${words} …`);
    try {
      const answer = await call("ProbeCounterfactual", { ...requestOf(asked), interventions: [intervention] });
      if (this.subject !== asked) return;
      const isRepainted = Boolean(intervention.mask ?? intervention.inpaint);
      this.answers.unshift({ words, answer, isRepainted });
      this.told({ ...answer, option });
      this.working = false;
      this.say(sentence(words, answer));
    } catch (error) {
      if (this.subject !== asked) return;
      this.working = false;
      this.say(error.message, true);
    }
  }

  say(words, trouble = false) {
    this.words = words;
    this.trouble = trouble;
    this.paint();
  }

  table() {
    const head = ["What if", "As it was", "Then", "Change", "By cause", "Seen as"].map((text) => make("th", { scope: "col" }, text));
    const rows = this.answers.map(({ words, answer, isRepainted }) => make("tr", {},
      make("th", { scope: "row" }, words),
      make("td", {}, side(answer.before)), make("td", {}, side(answer.after)),
      make("td", {}, change(answer.delta)),
      make("td", {}, ...answer.deltas.map((one) => make("div", {}, `${one.code} ${signed(one.delta)}`))),
      make("td", {}, isRepainted && answer.picture?.url ? enlargeable(answer.picture.url, `Frame ${words}`) : "the picture as it was")));
    return make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Answers" },
      make("table", { className: "answers" }, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows)));
  }

  typed() {
    const box = this.sides.map((input) => input.valueAsNumber);
    this.box = box.every(Number.isFinite) && box[0] < box[2] && box[1] < box[3] ? box : null;
    this.marked = true;
    this.say(this.box ? "" : "A region needs left < right and top < bottom.", !this.box);
    this.clip.overlay();
  }

  startDrawing(event) {
    if (!this.row || !byId("what-if").childElementCount) return;
    event.preventDefault();
    this.clip.pause();
    this.marked = true;
    const stage = this.clip.stage;
    const start = this.point(event);
    stage.setPointerCapture(event.pointerId);
    const move = (next) => {
      const end = this.point(next);
      const box = [0, 1].map((side) => Math.min(start[side], end[side])).concat([0, 1].map((side) => Math.max(start[side], end[side])));
      if (box[2] - box[0] >= 2 && box[3] - box[1] >= 2) this.box = box.map(Math.round);
      this.clip.overlay();
    };
    stage.addEventListener("pointermove", move);
    stage.addEventListener("pointerup", () => { stage.removeEventListener("pointermove", move); this.paint(); }, { once: true });
  }

  /** Where the pointer is, in pixels of the picture. */
  point(event) {
    const bounds = this.clip.image.getBoundingClientRect();
    const size = [this.clip.image.naturalWidth, this.clip.image.naturalHeight];
    const at = [(event.clientX - bounds.left) / bounds.width, (event.clientY - bounds.top) / bounds.height];
    return at.map((part, side) => Math.min(Math.max(part, 0), 1) * size[side]);
  }
}

/** The objects of a frame; first those that reasons point to, with the number of the reason among the causes. */
function blamedFirst({ tracks, risk }) {
  const isAt = (box, region) => region && box.every((edge, place) => edge !== null && Math.abs(edge - region[place]) < 1);
  const found = (tracks ?? []).map((track) => ({ track, reason: 1 + risk.reasons.findIndex((one) => isAt(track.box, one.region)) }));
  return found.sort((one, other) => (one.reason || Infinity) - (other.reason || Infinity) || 0);
}

function side(state) {
  return make("span", { className: "line" }, levelChip(state.level), score(state.score));
}

function sentence(words, { before, after, delta, before_s, truncated_by_deadline, run_otherwise }) {
  const cut = truncated_by_deadline ? `; there was time for ${before_s.toFixed(1)} s before the frame only` : "";
  return `The risk ${words}: ${score(before.score)} becomes ${score(after.score)}, ${signed(delta)}${cut}.${(run_otherwise ?? []).map((one) => ` (${one}.)`).join("")}`;
}
