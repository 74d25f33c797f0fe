// How levels, times and numbers are written.

import { make } from "./dom.js";

export const LEVELS = {
  nominal: { sign: "○", text: "nominal" },
  elevated: { sign: "▲", text: "elevated" },
  high: { sign: "■", text: "high" },
  unknown: { sign: "?", text: "unknown" },
};

export const LABELS = {
  true_risk: { sign: "✓", text: "true risk" },
  false_alarm: { sign: "✗", text: "false alarm" },
  uncertain: { sign: "~", text: "uncertain" },
  unlabelled: { sign: "–", text: "not labelled" },
};

const labelOf = (label) => LABELS[label.toLowerCase()] ?? LABELS.unlabelled;

export const isLabelled = (label) => labelOf(label) !== LABELS.unlabelled;

export const labelWords = (label) => labelOf(label).text;

export const labelSign = (label) => labelOf(label).sign;

/** The level as sign and word: colour is not the only difference. */
export function levelChip(level) {
  const known = LEVELS[level] ?? LEVELS.unknown;
  const sign = make("span", { className: "sign", "aria-hidden": "true" }, known.sign);
  return make("span", { className: `level ${level}` }, sign, known.text);
}

/** Of nanoseconds, from the beginning of the run on. */
export const secondsOf = (run, ns) => (ns - run.first_ns) * 1e-9;

/** minutes:seconds, with tenths or without */
export function clock(seconds, tenths = true) {
  const parts = Math.round(seconds * (tenths ? 10 : 1));
  const [minute, digits] = tenths ? [600, 1] : [60, 0];
  const rest = ((parts % minute) * 60) / minute;
  return `${Math.floor(parts / minute)}:${rest.toFixed(digits).padStart(tenths ? 4 : 2, "0")}`;
}

/** From when to when an event goes. */
export const spanOf = (run, event) =>
  [event.start_ns, event.end_ns].map((ns) => clock(secondsOf(run, ns))).join("–");

export const score = (value) => (value === null || value === undefined ? "not known" : value.toFixed(2));

export const signed = (value) =>
  (value === null || value === undefined ? "not known" : `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`);

/** A difference as sign and number. */
export function change(delta) {
  const sign = delta === null || delta === undefined ? "?" : delta < -0.005 ? "▼" : delta > 0.005 ? "▲" : "=";
  return make("strong", { className: "change" }, `${sign} ${signed(delta)}`);
}

export function percent(share) {
  if (share === null || share === undefined) return "not known";
  const value = 100 * share;
  return `${value > 0 && value < 1 ? value.toFixed(1) : Math.round(value)} %`;
}

export const corners = (box) => box.map((side) => Math.round(side)).join(", ");

export const boxOf = (region) => (region ? [region.x0, region.y0, region.x1, region.y1] : null);
