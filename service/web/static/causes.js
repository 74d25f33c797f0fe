// The causes of a score: one bar whose parts add up to it, and the same in words.

import { byId, fill, make } from "./dom.js";
import { corners, score } from "./words.js";

const PROMISES = {
  holds: ["✓", "Promise holds"], withdrawn: ["✗", "Promise withdrawn"], void: ["✗", "Promise void"],
  none: ["–", "No promise"],
};
const KINDS = 6; // of colour and pattern, then again from the first

/** row: of frames.jsonl; point: called with the place of a reason, or null. */
export function showCauses(row, point) {
  const { reasons, score: total } = row.risk;
  const sum = reasons.reduce((so_far, reason) => so_far + (reason.share ?? 0), 0);
  const entries = reasons.map((reason, place) => entry(reason, place, point));
  fill(byId("causes"), bar(reasons, total, sum), axis(),
    reasons.length ? make("ol", { className: "causes" }, ...entries) : null,
    make("p", { className: "sum" }, sentence(reasons, total, sum)), ...worth(row.risk.promise));
}

/** What a flag is worth by the calibration; nothing where it was not recorded. */
function worth(promise) {
  if (!promise) return [];
  const [sign, word] = PROMISES[promise.state] ?? ["?", promise.state];
  const figures = [
    Number.isFinite(promise.p_value) ? `p-value ${promise.p_value.toPrecision(2)}` : null,
    Number.isFinite(promise.alpha) ? `alpha ${promise.alpha}` : null,
    promise.calibration_id ? `calibration ${promise.calibration_id}` : null].filter(Boolean).join(", ");
  return [make("p", { className: "promise" }, make("strong", {}, `${sign} ${word}: `), promise.text,
    figures ? make("span", { className: "quiet" }, ` (${figures})`) : null)];
}

function sentence(reasons, total, sum) {
  if (total === null) return "The score could not be computed, which counts as risky.";
  if (!reasons.length) return `Nothing speaks against calm: score ${score(total)}.`;
  if (Math.abs(sum - total) > 1e-6) return `The parts add up to ${score(sum)}, not to the score ${score(total)}.`;
  return `${reasons.map((reason) => score(reason.share)).join(" + ")} = ${score(sum)}, the score.`;
}

function bar(reasons, total, sum) {
  const parts = reasons.map((reason, place) => {
    const part = make("span", { className: `part kind${place % KINDS}`, title: reason.text }, `${place + 1}`);
    part.style.width = `${100 * (reason.share ?? 0)}%`;
    return part;
  });
  const words = reasons.map((reason) => `${reason.code} ${score(reason.share)}`).join(", ");
  const label = `Score ${score(total)}: ${words || "no cause"}; sum ${score(sum)}`;
  return make("div", { className: "bar", role: "img", "aria-label": label }, ...parts);
}

function axis() {
  const marks = [0, 0.25, 0.5, 0.75, 1].map((value) => {
    const mark = make("span", {}, value.toString());
    mark.style.left = `${100 * value}%`;
    return mark;
  });
  return make("div", { className: "axis", "aria-hidden": "true" }, ...marks);
}

function entry(reason, place, point) {
  const where = reason.region && !reason.region.includes(null) ? `at ${corners(reason.region)} px` : "no place";
  return make("li", { tabIndex: 0, onmouseenter: () => point(place), onmouseleave: () => point(null),
    onfocus: () => point(place), onblur: () => point(null) },
  make("span", { className: `part kind${place % KINDS}`, "aria-hidden": "true" }, `${place + 1}`),
  make("strong", {}, score(reason.share)),
  make("span", {}, reason.text, make("span", { className: "quiet" }, ` ${reason.code}, ${where}`)));
}
