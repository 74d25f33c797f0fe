// Pictures of what was seen and what was not understood, each with what is known of its worth.

import { byId, fill, make } from "./dom.js";
import { call } from "./server.js";
import { boxOf, corners, percent } from "./words.js";

const VERDICTS = {
  better_than_chance: ["✓", "Better than chance"],
  not_better: ["✗", "No better than chance, do not rely on it"],
  untold: ["?", "Faithfulness cannot be told"],
};

export class Maps {
  /** told: called with every explanation, for the account of where numbers come from. */
  constructor(told) {
    this.told = told;
    this.working = false;
  }

  /** subject: {event} or {index}; worked out at once for an event. */
  show(subject) {
    this.subject = subject;
    this.made = {};
    this.note = "";
    this.paint();
    if (subject.event) this.explain("reconstruction_error");
  }

  /** One question at a time: the server works on one anyway, and only the newest answer counts. */
  async explain(method) {
    if (this.working) {
      this.next = method;
      return;
    }
    const asked = this.subject;
    this.working = method;
    this.note = "";
    this.paint();
    try {
      const answer = this.ofEvent && asked.event && method === "reconstruction_error" && !this.made[method]
        ? await this.wholeEvent(asked) : await call("ExplainFrame", { ...requestOf(asked), method });
      if (this.subject === asked) {
        this.made[method] = answer;
        this.told(answer);
      }
    } catch (error) {
      if (this.subject === asked) this.note = error.message;
    }
    this.goOn(asked);
  }

  /** The explanation of its worst frame; what the whole event is made of goes to ofEvent. */
  async wholeEvent(asked) {
    let answer;
    try {
      answer = await call("ExplainEvent", { event_id: asked.event.id });
    } catch (error) {
      if (this.subject === asked) this.ofEvent(null, error.message);
      throw error;
    }
    if (this.subject === asked) this.ofEvent(answer);
    if (!answer.peak) throw new Error("The time was over before the worst frame was explained.");
    return answer.peak;
  }

  /** With what was asked for meanwhile. */
  goOn(asked) {
    this.working = false;
    const next = this.subject === asked ? this.next : this.subject.event && "reconstruction_error";
    this.next = null;
    this.paint();
    if (next) this.explain(next);
  }

  paint() {
    const buttons = [["reconstruction_error", "Explain this frame"], ["eigen_cam", "Eigen-CAM"], ["sheets", "Sheets of panels"]]
      .map(([method, text]) => make("button", { type: "button", disabled: Boolean(this.working),
        onclick: () => this.explain(method) }, this.made[method] ? `${text} again` : text));
    if (this.measures && (this.made.reconstruction_error || this.made.eigen_cam)) {
      buttons.push(make("button", { type: "button", disabled: Boolean(this.working), onclick: () => this.measure() },
        "Measure faithfulness"));
    }
    const state = this.working ? `Working out ${this.working.replaceAll("_", " ")} …` : this.note;
    fill(byId("maps"), make("p", { className: "quiet" }, this.words()),
      make("div", { className: "controls" }, ...buttons,
        make("span", { role: "status", className: this.note ? "trouble" : "quiet" }, state)),
      make("div", { className: "cards" }, ...this.recorded(), ...this.cards(this.made.reconstruction_error), ...this.cards(this.made.eigen_cam)),
      ...this.account(), ...this.sheets());
  }

  words() {
    return this.subject.event
      ? `Of the worst frame of the event, number ${this.subject.event.peak_index}.`
      : `Of frame ${this.subject.index}; nothing is recorded of it but its picture, so choose what to work out.`;
  }

  recorded() {
    if (!this.subject.event) return [];
    const at = `/api/events/${encodeURIComponent(this.subject.event.id)}`;
    const overlay = card("Overlay", `${at}/overlay.jpg`,
      "What was seen: lanes, objects, road, and the reasons. Recorded.", null);
    if (this.made.reconstruction_error) return [overlay];
    return [overlay, card("Error map", `${at}/error_map.png`, "Bright: redrawn badly. Recorded.", null)];
  }

  /** The maps of an explanation, each with what it is worth. */
  cards(answer) {
    if (!answer) return [];
    return answer.method === "eigen_cam" ? this.standingOut(answer) : this.explained(answer);
  }

  explained(answer) {
    return [
      card("Error map", answer.error_map?.url, "Bright: the world model redraws this badly. Worked out now.",
        this.worth(answer.faithfulness), trusted(answer.faithfulness)),
      stretched(card("Reconstruction", answer.reconstruction?.url, "The frame as the world model redraws it.", null), answer)];
  }

  standingOut(answer) {
    return answer.network_maps.map((one) =>
      card(`Eigen-CAM: ${one.network}`, one.picture?.url,
        `Bright: what stands out in layer ${one.layer}.`, this.worth(one.faithfulness), trusted(one.faithfulness)));
  }

  /** What a map is worth: measured, or said to be unmeasured. */
  worth(measured) {
    if (!this.measures) return null;
    if (!measured) return make("span", { className: "quiet" }, "Faithfulness: not measured.");
    const [sign, text] = VERDICTS[measured.verdict.toLowerCase()] ?? VERDICTS.untold;
    return make("span", { className: "worth" }, make("strong", {}, `${sign} ${text}. `), figures(measured));
  }

  /** All tests of the error map, and of the other maps as many as there is time for. */
  async measure() {
    const asked = this.subject;
    this.working = "faithfulness";
    this.note = "";
    this.paint();
    try {
      if (this.made.reconstruction_error) {
        const explanation = { ...requestOf(asked), method: "reconstruction_error" };
        const scored = await call("ScoreExplanation", { explanation });
        if (this.subject === asked) this.made.reconstruction_error.faithfulness = scored.maps[0] ?? null;
      }
      if (this.subject === asked && this.made.eigen_cam) {
        const request = { ...requestOf(asked), method: "eigen_cam", faithfulness: true };
        const measured = await call("ExplainFrame", request);
        if (this.subject === asked) this.made.eigen_cam = measured;
      }
    } catch (error) {
      if (this.subject === asked) this.note = `Not all could be measured: ${error.message}.`;
    }
    this.goOn(asked);
  }

  account() {
    const answer = this.made.reconstruction_error;
    if (!answer) return [];
    const calm = answer.anomaly.p_value === null ? "" : `; ${percent(answer.anomaly.p_value)} of calm frames are at least as strange`;
    const regions = answer.regions.map((region) => make("li", {},
      make("strong", {}, region.label), ` at ${corners(boxOf(region.box))} px holds ${percent(region.error_share)} of the error, `,
      `${region.times_worse === null ? "not known how many" : region.times_worse.toFixed(1)} times the rest: ${region.verdict}`));
    return [
      make("p", {}, `Redrawn with mean squared error ${answer.anomaly.score?.toFixed(4) ?? "not known"}${calm}.`),
      make("ul", {}, ...regions),
      answer.truncated_by_deadline ? make("p", { className: "quiet" }, "The time was over before all places were looked at.") : null];
  }

  sheets() {
    return (this.made.sheets?.sheets ?? []).map((sheet) => make("figure", { className: "sheet" },
      sheet.picture?.url ? enlargeable(sheet.picture.url, `Sheet: ${sheet.name}`) : null,
      make("figcaption", {}, sheet.caption)));
  }
}

const trusted = (measured) => !measured || measured.verdict.toLowerCase() === "better_than_chance";

export function requestOf(subject) {
  return subject.event ? { event_id: subject.event.id } : { index: String(subject.index) };
}

/** Deletion: what is left of the effect; insertion: what there is of it; both beside chance. */
function figures({ deletion, deletion_random, insertion, insertion_random, randomisation, stability }) {
  const shown = (value) => (value === null || value === undefined ? "?" : value.toFixed(2));
  const order = (words, value) => (value === null || value === undefined ? "" : ` ${words} ${shown(value)}.`);
  return `Deletion ${shown(deletion)} (chance ${shown(deletion_random)}), insertion ${shown(insertion)} (chance ${shown(insertion_random)}).` +
    order("Order kept with shuffled weights", randomisation) + order("Order kept under noise", stability);
}

export function card(title, address, text, worth, trusted = true) {
  return make("figure", { className: trusted ? "card" : "card doubtful" },
    address ? enlargeable(address, title) : make("p", { className: "none" }, "no picture"),
    make("figcaption", {}, make("strong", {}, title), make("span", {}, text), worth));
}

/** The world model sees the frame as a square; shown in the shape of the frame. */
function stretched(figure, { width, height }) {
  figure.classList.add("stretched");
  const image = figure.querySelector("img");
  if (image) image.style.aspectRatio = `${width} / ${height}`;
  return figure;
}

export function enlargeable(address, title) {
  const image = make("img", { src: address, alt: title });
  return make("button", { type: "button", className: "picture", "aria-label": `Enlarge: ${title}`,
    onclick: () => enlarge(image.src, title) }, image);
}

function enlarge(address, title) {
  byId("enlarged-title").textContent = title;
  byId("enlarged-picture").src = address;
  byId("enlarged-picture").alt = title;
  byId("enlarged").showModal();
}
