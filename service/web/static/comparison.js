// Two explanations side by side: another event or frame, another method, or another world model.

import { comparedFigures, comparedWeights } from "./compared.js";
import { byId, fill, make } from "./dom.js";
import { card, requestOf } from "./maps.js";
import { call } from "./server.js";
import { clock, levelChip, score, secondsOf } from "./words.js";

const METHODS = { reconstruction_error: "world model's error", eigen_cam: "Eigen-CAM of the networks" };
const SAME = "same";
const FRAME = "frame";
const LONGEST = 70; // of an event's text in the list [letters]

export class Comparison {
  /** maps: draws the maps of an explanation, and has those of this frame; told: called with every answer. */
  constructor(maps, told) {
    this.maps = maps;
    this.told = told;
    this.events = [];
    this.models = [];
  }

  /** run: what is served; its world models are asked for once. */
  of(run) {
    const isFirst = !this.run;
    this.run = run;
    if (isFirst) this.learn();
  }

  /** Which world models there are: those that a memory was made for. */
  async learn() {
    const answer = await call("ListModels", { page_size: 1000 }).catch(() => null);
    if (!answer) return; // that of the pipeline remains
    const names = answer.models.map((one) => one.name);
    this.models = names.filter((name) => answer.models.some((one) => one.made_for === name));
    if (this.form) this.refill();
  }

  /** subject: {event} or {index}, the one that is open */
  show(subject) {
    this.subject = subject;
    this.result = null;
    this.working = false;
    this.wanted = null; // an event that is not in the list
    this.build();
    this.refill();
    this.say("");
  }

  /** events: that may stand beside it */
  offer(events) {
    this.events = events;
    if (this.form) this.refill();
  }

  /** Compare with this event now. */
  beside(event) {
    this.wanted = event;
    this.refill();
    this.what.value = event.id;
    this.adapt();
    byId("comparison-part").scrollIntoView({ block: "start" });
    return this.ask();
  }

  build() {
    this.how = ["one", "other"].map(() => ({ method: make("select"), model: make("select") }));
    this.what = make("select");
    this.number = make("input", { type: "number", min: 0, max: Math.max(this.run.frames - 1, 0), step: 1, required: true,
      value: String(this.subject.event?.peak_index ?? this.subject.index) });
    this.form = make("form", { className: "sides", onchange: () => this.adapt(),
      onsubmit: (event) => { event.preventDefault(); this.ask(); } },
    this.choice(this.subject.event ? "This event" : "This frame", this.how[0]),
    this.choice("Beside it", this.how[1], named("What", this.what, "whole"), named("Number of the frame", this.number)));
    this.button = make("button", { type: "submit" }, "Compare");
    this.state = make("span", { role: "status" });
    this.shown = make("div");
    this.form.append(make("div", { className: "controls" }, this.button, this.state));
    fill(byId("comparison"), make("p", { className: "quiet" }, "Where do two explanations agree? Of an event, its worst frame is " +
      "taken. Both are worked out anew, which takes a while."), this.form, this.shown);
  }

  choice(title, { method, model }, ...before) {
    return make("fieldset", { className: "choice" }, make("legend", {}, title), ...before,
      named("Explained by", method), named("World model", model));
  }

  /** The choices; what was chosen stays chosen. */
  refill() {
    for (const { method, model } of this.how) {
      options(method, Object.entries(METHODS));
      options(model, [["", "that of the pipeline"], ...this.models.map((name) => [name, name])]);
    }
    const open = this.subject.event?.id;
    const others = [...this.events, this.wanted].filter((one, place, all) =>
      one && one.id !== open && all.findIndex((before) => before?.id === one.id) === place);
    options(this.what, [...others.map((one) => [one.id, `${clock(secondsOf(this.run, one.start_ns))} ${wordsOf(one)}`]),
      [SAME, this.subject.event ? "the same event" : "the same frame"], ...(this.run.frames ? [[FRAME, "a frame of the run"]] : [])]);
    this.adapt();
  }

  /** What does not go together cannot be set. */
  adapt() {
    for (const { method, model } of this.how) {
      model.disabled = method.value !== "reconstruction_error";
      if (model.disabled) model.value = "";
    }
    this.number.disabled = this.what.value !== FRAME;
    this.number.closest("label").hidden = this.number.disabled;
  }

  sides() {
    const chosen = this.what.value;
    const other = chosen === SAME ? this.subject : chosen === FRAME ? { index: this.number.valueAsNumber }
      : { event: [...this.events, this.wanted].find((one) => one?.id === chosen) };
    return [this.subject, other].map((subject, place) => {
      const { method, model } = this.how[place];
      const request = { ...requestOf(subject), method: method.value, model: model.value };
      return { subject, request, answer: this.known(subject, request) };
    });
  }

  /** What the section of maps has already. */
  known(subject, { method, model }) {
    return subject === this.subject && !model ? this.maps.made[method] ?? null : null;
  }

  async ask() {
    const [one, other] = this.sides();
    if (JSON.stringify(one.request) === JSON.stringify(other.request)) {
      return this.say("Both sides are the same; choose another event, frame, method or world model.", true);
    }
    const mine = { one, other };
    this.result = mine; // what was asked before counts no longer
    const request = { one: one.request, other: other.request };
    await this.step(mine, "Comparing …", async () => {
      mine.figures = await call("CompareExplanations", request);
      if (this.result === mine) this.told({ models: [...mine.figures.models_of_one, ...mine.figures.models_of_other], compared: request });
    });
    for (const side of [one, other].filter((each) => !each.answer)) {
      await this.step(mine, "Drawing the maps …", async () => { side.answer = await call("ExplainFrame", side.request); });
    }
    return undefined;
  }

  /** One question, unless the one before it was refused or nobody waits for it any more. */
  async step(mine, words, question) {
    if (this.result !== mine || mine.failed) return;
    this.working = true;
    this.say(words);
    try {
      await question();
    } catch (error) {
      mine.failed = error.message;
    }
    if (this.result !== mine) return;
    this.working = false;
    this.say(mine.failed ?? "", Boolean(mine.failed));
  }

  say(words, trouble = false) {
    this.state.textContent = words;
    this.state.className = trouble ? "trouble" : "quiet";
    this.button.disabled = this.working;
    fill(this.shown, ...(this.result?.figures ? this.account(this.result) : []));
  }

  account({ one, other, figures }) {
    const isOneFrame = one.subject === other.subject;
    return [make("div", { className: "sides" }, this.column("This", one), this.column("Beside it", other)),
      ...comparedFigures(figures, isOneFrame), comparedWeights(figures)];
  }

  column(title, { subject, request, answer }) {
    const { event, index } = subject;
    const picture = event ? `/api/events/${encodeURIComponent(event.id)}/overlay.jpg` : `/api/frames/${index}.jpg`;
    const by = METHODS[request.method] + (request.model ? ` (${request.model})` : "");
    const risk = answer?.recorded ?? event;
    const maps = answer ? this.maps.cards(answer) : [make("p", { className: "quiet" }, "The maps are still to come.")];
    return make("div", { className: "beside" },
      make("h4", {}, `${title}: `, make("code", {}, event ? event.id : `frame ${index}`)),
      make("p", { className: "line" }, risk ? levelChip(risk.level) : null, risk ? make("strong", {}, score(risk.score)) : null,
        make("span", { className: "quiet" }, `by ${by}`)),
      make("div", { className: "cards" },
        card("Frame", picture, event ? "What was seen, and the reasons. Recorded." : "The camera's picture.", null), ...maps));
  }
}

function wordsOf(event) {
  const text = `${event.level} ${score(event.score)}, ${event.reasons[0]?.text ?? event.id}`;
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

function named(words, control, className = "") {
  return make("label", { className }, make("span", {}, words), control);
}

function options(select, pairs) {
  const before = select.value;
  fill(select, ...pairs.map(([value, text]) => make("option", { value }, text)));
  if (pairs.some(([value]) => value === before)) select.value = before;
}
