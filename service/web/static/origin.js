// Where the numbers come from: weights, calibration, and the commands that give the same answers.

import { byId, fact, fill, make } from "./dom.js";

const USUAL = "127.0.0.1:50051"; // where the command line looks by itself

/** event: null for another frame; index: its number; answers: explanations that were asked for. */
export function showOrigin(run, event, index, answers) {
  const recorded = Object.fromEntries((event?.models ?? []).map((one) => [one.name, one.sha256]));
  const now = Object.fromEntries(answers.flatMap((one) => one.models).map((one) => [one.name, one.sha256]));
  const judged = Object.keys(recorded).length ? recorded
    : Object.fromEntries(Object.entries(run.models).map(([name, one]) => [name, one.sha256]));
  const names = [...new Set([...Object.keys(judged), ...Object.keys(now)])].sort();
  fill(byId("origin"),
    make("dl", {},
      ...fact("Run", make("code", {}, run.folder)),
      ...fact("Digest of the run", make("code", {}, run.digest ?? "not before the run is complete")),
      ...fact("Calibration", make("code", {}, calibrations(run, answers))),
      ...(event ? fact("Event", make("code", {}, event.id), ` from ${event.source}`) : [])),
    weights(names, judged, now),
    make("h4", {}, "The same on the command line"),
    make("pre", {}, make("code", {}, commands(run, event, index, answers).join("\n"))));
}

function calibrations(run, answers) {
  const used = answers.map((one) => one.anomaly?.calibration_id);
  return [...new Set([run.calibration_id, ...used])].filter(Boolean).join(", ") || "none";
}

function weights(names, judged, now) {
  const rows = names.map((name) => make("tr", {},
    make("th", { scope: "row" }, name),
    make("td", {}, make("code", {}, judged[name] ?? now[name])),
    make("td", {}, used(judged[name], now[name]))));
  return make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Weights" },
    make("table", {},
      make("thead", {}, make("tr", {}, ...["Weights", "SHA-256", "Used"].map((text) => make("th", { scope: "col" }, text)))),
      make("tbody", {}, ...rows)));
}

/** Weights that changed since would make an explanation speak of another network. */
function used(judged, now) {
  if (judged && now && judged !== now) return `during the run; other weights (${now}) in the explanation`;
  if (judged && now) return "during the run and in the explanation";
  return judged ? "during the run" : "in the explanation";
}

function commands(run, event, index, answers) {
  const what = event?.id ?? index;
  const at = run.address === USUAL ? "" : ` --address ${run.address}`;
  const methods = [...new Set(answers.map((one) => one.method).filter(Boolean))];
  const explained = (methods.length ? methods : ["reconstruction_error"]).map(
    (method) => `road-clarity explain ${what} --method ${method}${at}`);
  const compared = answers.filter((one) => one.compared).map((one) =>
    `grpcurl -plaintext -d '${JSON.stringify(one.compared)}' ${run.address} road_clarity.v1.ExplanationService/CompareExplanations`);
  const asked = answers.filter((one) => one.option).map((one) => `road-clarity what-if ${what} ${one.option}${at}`);
  return [...(event ? [`road-clarity events --filter 'id = "${event.id}"' --json${at}`] : []), ...explained, ...new Set([...asked, ...compared])];
}
