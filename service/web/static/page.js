// The page: what is chosen, and who is told of it.

import { showCauses } from "./causes.js";
import { Clip } from "./clip.js";
import { Comparison } from "./comparison.js";
import { courseAwaited, courseUntold, showCourse } from "./course.js";
import { byId, fill, make } from "./dom.js";
import { EventList } from "./events.js";
import { Labels } from "./labels.js";
import { Maps } from "./maps.js";
import { showOrigin } from "./origin.js";
import { get } from "./server.js";
import { showSimilar } from "./similar.js";
import { Timeline } from "./timeline.js";
import { WhatIf } from "./what_if.js";
import { clock, levelChip, score, secondsOf, spanOf } from "./words.js";

const POLL_MS = 3000; // while the run goes on

let run = null;
let subject = null; // {event} or {index}
let answers = [];

const timeline = new Timeline(choose, chooseMoment);
const clip = new Clip(seen);
const maps = new Maps(tell);
const comparison = new Comparison(maps, tell);
const list = new EventList(choose, listed);
const labels = new Labels((event) => list.update(event));
const whatIf = new WhatIf(clip, tell);

async function load() {
  run = await get("run");
  maps.measures = can("ScoreExplanation");
  // Events alone, without a run, have no frames to add up.
  maps.ofEvent = can("ExplainEvent") && run.frames ? courseTold : null;
  const span = clock(secondsOf(run, run.last_ns));
  byId("run").textContent =
    run.frames ? `${run.name}: ${run.frames} frames, ${span}${run.complete ? "" : ", still being recorded"}`
      : `${run.name}: events only`;
  document.title = `${run.name} · road_clarity`;
  list.offer(run);
  comparison.of(run);
  await Promise.all([list.refresh(), timeline.load(run)]);
}

async function choose(event) {
  const asked = take({ event });
  list.mark(event.id);
  history.replaceState(null, "", `#event=${encodeURIComponent(event.id)}`);
  byId("subject-title").textContent = event.reasons[0]?.text ?? event.id;
  fill(byId("subject-facts"), levelChip(event.level), make("strong", {}, score(event.score)),
    make("span", {}, `${spanOf(run, event)}, worst at ${clock(secondsOf(run, event.peak_ns))}`),
    make("span", {}, event.source), make("code", {}, event.id));
  maps.show(asked);
  if (can("LabelEvent")) labels.show(event);
  if (can("CompareExplanations")) comparison.show(asked);
  if (can("SearchSimilarEvents")) {
    const beside = can("CompareExplanations") ? (other) => comparison.beside(other) : null;
    showSimilar(run, event, { choose, beside, still: () => subject === asked });
  }
  const at = `events/${encodeURIComponent(event.id)}`;
  await showClip(asked, `${at}/clip`, `/api/${at}/frame.png`);
}

async function chooseMoment(seconds) {
  const state = await answered(() => get("moment", { s: seconds.toFixed(3) }));
  if (state) await chooseFrame(state.index);
}

async function chooseFrame(index) {
  const asked = take({ index });
  list.mark(null);
  history.replaceState(null, "", `#frame=${index}`);
  byId("subject-title").textContent = `Frame ${index}`;
  fill(byId("subject-facts"), "A moment of the run, not an event.");
  maps.show(asked);
  if (can("CompareExplanations")) comparison.show(asked);
  await showClip(asked, `frames/${index}/clip`, null);
}

const can = (method) => run.calls.includes(method);

function tell(answer) {
  answers.push(answer);
  account();
}

function listed(events) {
  timeline.mark(events);
  comparison.offer(events);
}

function courseTold(answer, trouble) {
  if (answer) showCourse(run, answer);
  else courseUntold(trouble);
}

function take(next) {
  subject = next;
  answers = [];
  byId("evidence").hidden = false;
  byId("labels-part").hidden = !next.event || !can("LabelEvent");
  byId("course-part").hidden = !next.event || !maps.ofEvent;
  courseAwaited();
  byId("similar-part").hidden = !next.event || !can("SearchSimilarEvents");
  byId("comparison-part").hidden = !can("CompareExplanations");
  byId("what-if-part").hidden = !can("ProbeCounterfactual");
  return next;
}

async function showClip(asked, path, fallback) {
  const found = await answered(() => get(path));
  if (!found || subject !== asked) return;
  clip.show(run, found, fallback, asked.event ? "Worst frame" : "Chosen frame");
  const row = found.frames.find((one) => one.index === found.peak_index);
  if (row && can("ProbeCounterfactual")) whatIf.show(asked, row);
  account();
}

/** Called with the row of every frame that the clip shows. */
function seen(row) {
  timeline.at(secondsOf(run, row.stamp_ns));
  showCauses(row, (place) => clip.point(place));
}

function account() {
  showOrigin(run, subject.event ?? null, subject.event?.peak_index ?? subject.index, answers);
}

/** What a question is answered, or null; the reason is said on top of the page. */
async function answered(question) {
  try {
    const answer = await question();
    byId("status").textContent = "";
    return answer;
  } catch (error) {
    byId("status").textContent = error.message;
    return null;
  }
}

async function poll() {
  if (!run?.complete) await answered(load);
  if (!run?.complete) setTimeout(poll, POLL_MS);
}

async function chooseByAddress() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const id = wanted.get("event");
  if (wanted.get("frame")) return chooseFrame(Number(wanted.get("frame")));
  const event = id ? await answered(() => get(`events/${encodeURIComponent(id)}`)) : list.events[0];
  if (event) await choose(event);
}

window.addEventListener("hashchange", chooseByAddress);
await answered(load);
await chooseByAddress();
setTimeout(poll, POLL_MS);
