// The figures of a comparison, every one with what it means.

import { make } from "./dom.js";
import { change, percent, score } from "./words.js";

// Two unrelated tenths share 1 of 19 places on average.
const BY_CHANCE = "5 %";
const ORDERS = [
  [0.8, "nearly the same order of places"], [0.5, "a similar order of places"],
  [0.2, "a faintly similar order of places"], [-0.2, "no order of places in common"],
  [-1.01, "the opposite order of places"]];
// The first that a verdict contains.
const VERDICTS = [
  ["dead channel", "the network itself is damaged: channels that always spoke are silent"],
  ["broken layer", "the network itself is damaged: the layer answers unlike on any calm frame"],
  ["resolution", "it covers too little of that layer"],
  ["redrawn", "more than half of its contrast is in the redrawn picture"],
  ["out of distribution", "it is unlike all that the calm frames hold"],
  ["bottleneck", "the encoder sees it, but the latent does not hold it"],
  ["lost at", "the latent holds it, but the decoder does not draw it"]];

/** isOneFrame: both sides are of the same frame */
export function comparedFigures({ maps, shares, causes }, isOneFrame) {
  return [make("h4", {}, "Maps"), ...mapFigures(maps, isOneFrame),
    make("h4", {}, "Recorded shares"), ...shareFigures(shares, isOneFrame),
    make("h4", {}, "Verdicts"), ...verdictFigures(causes)];
}

export function comparedWeights({ models_of_one: one, models_of_other: other }) {
  const names = (models) => models.map(({ name, sha256 }) => `${name} ${sha256.slice(0, 12)}`).join(", ");
  const isSame = names(one) === names(other);
  return make("p", { className: "quiet" }, isSame ? `Worked out with the same weights on both sides: ${names(one)}.`
    : `Worked out with ${names(one)} on this side, and ${names(other)} beside it.`);
}

function mapFigures(maps, isOneFrame) {
  if (!maps.length) return [quiet("There are no maps to compare.")];
  const rows = maps.map((pair) => [pair.one === pair.other ? pair.one.replaceAll("_", " ") : `${pair.one} and ${pair.other}`.replaceAll("_", " "),
    order(pair.rank_correlation), top(pair.top_overlap)]);
  return [table("Maps", ["Map", "Rank correlation", "Most relevant tenth in common"], rows),
    quiet("Rank correlation: 1 is the same order from the least to the most relevant place, 0 none in common, −1 the opposite. " +
      `In common: places in both tenths over places in either; two unrelated maps have about ${BY_CHANCE}.` +
      (isOneFrame ? "" : " Places are those of the picture: the same thing at another place counts as a difference."))];
}

function order(value) {
  if (value === null || value === undefined) return "cannot be told: a map has no number or no order";
  const shown = value.toFixed(2); // the words are of the figure that is read
  const [, words] = ORDERS.find(([least]) => Number(shown) >= least);
  return `${shown.replace("-", "−")}: ${words}`;
}

function top(value) {
  if (value === null || value === undefined) return "cannot be told";
  const words = value > 0.5 ? "mostly the same places" : value > 0.15 ? "partly the same places"
    : value > 0.08 ? "hardly more than by chance" : "no more than by chance";
  return `${percent(value)}: ${words}`;
}

function shareFigures(shares, isOneFrame) {
  if (isOneFrame) return [quiet("Both sides are of the same frame, so what was recorded of it is the same.")];
  if (!shares.length) return [quiet("Neither side has a recorded reason, or one of them has no record.")];
  const sum = (name) => shares.reduce((so_far, one) => so_far + (one[name] ?? NaN), 0);
  const rows = shares.map(({ code, one, other, delta }) => [code, score(one), score(other), change(delta), difference(one, other)]);
  const total = Object.fromEntries(["one", "other", "delta"].map((name) => [name, sum(name)]));
  rows.push(["all reasons", score(total.one), score(total.other), change(total.delta), "the scores, and their difference"]);
  return [table("Recorded shares", ["Reason", "This", "Beside it", "Difference", "In words"], rows),
    quiet("A share is the part of the score, 0 calm to 1, that one reason brought when the run was recorded.")];
}

function difference(one, other) {
  if (!one) return "speaks only beside it";
  if (!other) return "speaks only on this side";
  return Math.abs(other - one) <= 0.005 ? "as much on both sides" : other > one ? "weighs more beside it" : "weighs less beside it";
}

function verdictFigures(causes) {
  if (!causes.length) return [quiet("Verdicts come with the world model's error, on both sides.")];
  const isShared = ({ one, other }) => Boolean(one && other);
  const sorted = [...causes.filter(isShared), ...causes.filter((one) => !isShared(one))];
  const rows = sorted.map(({ label, one, other }) => [label, one || "not there", other || "not there",
    !one || !other ? "on one side only" : one === other ? "the same" : "they differ"]);
  const told = new Set(causes.flatMap(({ one, other }) => [one, other]).filter(Boolean).map(meaning));
  return [table("Verdicts", ["Part of the frame", "This", "Beside it", "Agreement"], rows),
    make("ul", { className: "quiet" }, ...[...told].map((words) => make("li", {}, words)))];
}

function meaning(verdict) {
  const [, words] = VERDICTS.find(([part]) => verdict.includes(part)) ?? ["", "not explained here"];
  return `${verdict}: ${words}`;
}

const quiet = (words) => make("p", { className: "quiet" }, words);

function table(name, head, rows) {
  return make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": `${name} on both sides` },
    make("table", {},
      make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))),
      make("tbody", {}, ...rows.map(([first, ...rest]) =>
        make("tr", {}, make("th", { scope: "row" }, first), ...rest.map((cell) => make("td", {}, cell)))))));
}
