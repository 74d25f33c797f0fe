// The list of events, and the filters that choose what is in it.

import { byId, fill, make } from "./dom.js";
import { get } from "./server.js";
import { LABELS, isLabelled, labelSign, labelWords, levelChip, score, spanOf } from "./words.js";

const ORDERS = { "": "oldest first", "start_ns desc": "newest first", "score desc": "worst first" };

export class EventList {
  /** choose: called with the event that somebody picks; listed: with all that are listed. */
  constructor(choose, listed) {
    this.choose = choose;
    this.listed = listed;
    this.events = [];
    this.shown = ""; // the page that is listed; null once more pages were asked for
    this.chosen = null;
    this.form = byId("filters");
    byId("more").addEventListener("click", () => this.load(this.next));
  }

  /** The filters that fit the run; what was set stays set. */
  offer(run) {
    this.run = run;
    const offered = JSON.stringify([run.levels, run.codes, run.sources]);
    if (offered === this.offered) return; // nobody is interrupted for nothing
    this.offered = offered;
    const before = this.filters();
    const levels = run.levels.filter((level) => level !== "nominal");
    fill(this.form,
      field("Level at least", choices("level", levels.map((one) => [one, one]))),
      field("Code", choices("code", run.codes.map((one) => [one, one]))),
      field("Source", choices("source", run.sources.map((one) => [one, one]))),
      field("Label", choices("label", Object.entries(LABELS).map(([name, one]) => [name, one.text]))),
      field("From [s]", number("from_s")),
      field("Until [s]", number("until_s")),
      field("Order", choices("order_by", Object.entries(ORDERS).slice(1), ORDERS[""])),
      make("button", { type: "reset" }, "Clear filters"));
    for (const [name, value] of Object.entries(before)) {
      if (this.form.elements[name]) this.form.elements[name].value = value;
    }
    this.form.onchange = () => this.load();
    this.form.onreset = () => setTimeout(() => this.load());
    this.form.onsubmit = (event) => { event.preventDefault(); this.load(); };
  }

  filters() {
    return Object.fromEntries(new FormData(this.form));
  }

  /** Ask for the first page, or for the one that follows. */
  async load(next = "") {
    const mine = Symbol();
    this.asking = mine; // an answer that was overtaken does not count
    let page;
    try {
      page = await get("events", { ...this.filters(), page_token: next });
    } catch (error) {
      byId("event-count").textContent = error.message;
      this.shown = "";
      return;
    }
    if (this.asking !== mine) return;
    if (!next && JSON.stringify(page) === this.shown) return;
    this.shown = next ? null : JSON.stringify(page);
    this.events = next ? [...this.events, ...page.events] : page.events;
    this.next = page.next_page_token;
    this.show(page);
    this.listed(this.events);
  }

  /** What came meanwhile, unless somebody reads further down. */
  async refresh() {
    if (this.shown !== null) await this.load();
  }

  show(page) {
    const damaged = page.unreadable_ids.length;
    const count = page.total_size === 1 ? "1 event" : `${page.total_size} events`;
    byId("event-count").textContent =
      damaged ? `${count}; ${damaged} more cannot be read: ${page.unreadable_ids.join(", ")}` : count;
    focusKept(() => fill(byId("event-list"), ...this.events.map((event) => this.row(event))));
    byId("more").hidden = !this.next;
  }

  row(event) {
    const label = isLabelled(event.label) ? ` · ${labelSign(event.label)} ${labelWords(event.label)}` : "";
    const why = event.reasons[0]?.text ?? "no reason was recorded";
    const button = make("button", { type: "button", onclick: () => this.choose(event) },
      make("span", { className: "line" }, levelChip(event.level),
        make("strong", {}, score(event.score)), make("span", { className: "quiet" }, spanOf(this.run, event))),
      make("span", { className: "why" }, why),
      make("span", { className: "quiet" }, `${event.reasons[0]?.code ?? ""} · ${event.source}${label}`));
    if (event.id === this.chosen) button.setAttribute("aria-current", "true");
    return make("li", { "data-event": event.id }, button);
  }

  /** An event that was labelled or pinned. */
  update(event) {
    const place = this.events.findIndex((one) => one.id === event.id);
    if (place < 0) return;
    const told = this.events[place].label === event.label;
    this.events[place] = event;
    if (told) return;
    this.shown = "";
    focusKept(() => byId("event-list").children[place].replaceWith(this.row(event)));
  }

  mark(id) {
    this.chosen = id;
    for (const item of byId("event-list").children) {
      const button = item.querySelector("button");
      if (item.dataset.event === id) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }
}

/** Who is in the list stays at the same event while it is drawn again. */
function focusKept(redraw) {
  const held = document.activeElement?.closest("#event-list li")?.dataset.event;
  redraw();
  if (held) document.querySelector(`#event-list [data-event="${CSS.escape(held)}"] button`)?.focus();
}

export function field(label, control) {
  return make("label", {}, make("span", {}, label), control);
}

export function choices(name, pairs, first = "any") {
  const options = [["", first], ...pairs].map(([value, text]) => make("option", { value }, text));
  return make("select", { name }, ...options);
}

function number(name) {
  return make("input", { name, type: "number", min: "0", step: "0.1", placeholder: "any" });
}
