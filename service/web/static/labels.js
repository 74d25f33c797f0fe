// What people found an event to be, and whether it is kept.

import { byId, fill, make } from "./dom.js";
import { call, get } from "./server.js";
import { LABELS, isLabelled, labelWords } from "./words.js";

const MOST_NOTE = 2000;

export class Labels {
  /** said: called with the event as it is after every label and pin. */
  constructor(said) {
    this.said = said;
    this.who = "";
  }

  async show(event) {
    this.event = event;
    this.note = "";
    this.paint("");
    await this.refresh("");
  }

  /** The event with its history and the etag of now. */
  async refresh(words) {
    const asked = this.event;
    try {
      const found = await get(`events/${encodeURIComponent(asked.id)}`);
      if (this.event === asked) this.take(found, words);
    } catch (error) {
      if (this.event === asked) this.paint(error.message, true);
    }
  }

  take(event, words) {
    this.event = event;
    this.said(event);
    this.paint(words);
  }

  paint(words, trouble = false) {
    const buttons = Object.entries(LABELS).filter(([name]) => name !== "unlabelled").map(([name, one]) =>
      make("button", { type: "button", "aria-pressed": String(labelWords(this.event.label) === one.text),
        onclick: () => this.label(name) }, `${one.sign} ${one.text}`));
    const back = make("button", { type: "button", disabled: !isLabelled(this.event.label),
      onclick: () => this.label("unlabelled") }, "Take back");
    this.noteBox = make("textarea", { rows: 2, maxLength: MOST_NOTE, value: this.note,
      oninput: () => { this.note = this.noteBox.value; } });
    this.whoBox = make("input", { type: "text", maxLength: 200, value: this.who, autocomplete: "name",
      oninput: () => { this.who = this.whoBox.value; } });
    fill(byId("labels"),
      make("p", {}, "Found to be: ", make("strong", {}, labelWords(this.event.label))),
      make("div", { className: "controls", role: "group", "aria-label": "Label" }, ...buttons, back),
      make("label", { className: "stacked" }, "Note", this.noteBox),
      make("label", { className: "stacked" }, "Who says so", this.whoBox),
      make("label", { className: "check" }, make("input", { type: "checkbox", checked: this.event.pinned,
        onchange: (change) => this.pin(change.target.checked) }), "Pinned: never deleted to make room"),
      make("p", { role: "status", className: trouble ? "trouble" : "quiet" }, words),
      this.history());
  }

  history() {
    const said = (this.event.history ?? []).map((mark) => make("li", {},
      `${new Date(mark.when_ns / 1e6).toISOString().slice(0, 16).replace("T", " ")} UTC, ${mark.who || "nameless"}: `,
      make("strong", {}, mark.pinned === null ? labelWords(mark.label) : mark.pinned ? "pinned" : "unpinned"),
      mark.note ? `. ${mark.note}` : ""));
    return said.length ? make("ol", { className: "history quiet", reversed: true }, ...said.reverse()) : null;
  }

  label(name) {
    const label = `EVENT_LABEL_${name.toUpperCase()}`;
    return this.say("LabelEvent", { label, note: this.note }, `Labelled: ${labelWords(name)}.`);
  }

  pin(pinned) {
    return this.say("PinEvent", { pinned }, pinned ? "Pinned." : "Unpinned.");
  }

  /** A label that somebody else gave meanwhile is not overlooked. */
  async say(method, what, words) {
    const asked = this.event;
    const request = { id: asked.id, who: this.who, etag: asked.etag, request_id: crypto.randomUUID(), ...what };
    try {
      const event = await call(method, request);
      if (this.event !== asked) return this.said(event);
      this.note = "";
      this.take(event, words);
    } catch (error) {
      if (this.event !== asked) return undefined;
      if (error.code === "ABORTED") return this.refresh("Somebody else said something meanwhile; look at it, then say yours again.");
      this.paint(error.message, true);
    }
    return undefined;
  }
}
