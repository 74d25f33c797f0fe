// What was seen in one frame, drawn over its picture: lanes, objects, what the reasons point to.

import { draw } from "./dom.js";

const LANES = { 1: "#ffaa40", 2: "#40f096", 3: "#40c8ff", 4: "#f082dc" };
const OBJECTS = { person: "#ffd640", vehicle: "#6ebeff" };

/** row: of frames.jsonl; size: of the picture [px]; shown: which parts. */
export function sceneLayers(row, [width], shown) {
  const layers = [];
  if (shown.lanes) for (const lane of row.lanes ?? []) layers.push(...lineOf(lane));
  if (shown.objects) for (const track of row.tracks ?? []) layers.push(boxOfTrack(track, width));
  if (shown.reasons) layers.push(...row.risk.reasons.flatMap((reason, place) => marked(reason, place, width)));
  return layers;
}

function lineOf(lane) {
  const points = lane.points.filter((point) => !point.includes(null)).map((point) => point.join(",")).join(" ");
  const thick = lane.id === 2 || lane.id === 3 ? "own" : "other";
  return [
    draw("polyline", { points, class: `lane edge ${thick}` }),
    draw("polyline", { points, class: `lane ${thick}`, stroke: LANES[lane.id] ?? "#ffffff" })];
}

function boxOfTrack(track, width) {
  const colour = OBJECTS[track.label] ?? "#ffffff";
  return draw("g", {}, rectangle(track.box, "box edge"), rectangle(track.box, "box", colour),
    label(`${track.label} ${track.id}`, track.box[0], track.box[1], width, colour));
}

/** A reason's region carries the number that it has in the list of causes. */
function marked(reason, place, width) {
  if (!reason.region || reason.region.includes(null)) return [];
  const [, , x1, y1] = reason.region;
  return [draw("g", { class: "reason", "data-reason": place }, rectangle(reason.region, "blamed edge"),
    rectangle(reason.region, "blamed"), label(`${place + 1}`, x1 - width / 24, y1, width, "#ffffff"))];
}

export function rectangle([x0, y0, x1, y1], kind, stroke = null) {
  return draw("rect", { class: kind, x: x0, y: y0, width: x1 - x0, height: y1 - y0, stroke });
}

function label(text, x, y, width, colour) {
  const size = width / 38;
  const length = text.length * size * 0.6 + size * 0.5;
  const top = y >= size * 1.3 ? y - size * 1.25 : y;
  return draw("g", { class: "label" },
    draw("rect", { x, y: top, width: length, height: size * 1.25, fill: colour }),
    draw("text", { x: x + size * 0.25, y: top + size * 0.97, "font-size": size }, text));
}
