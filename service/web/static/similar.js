// Other events whose scene looks like this one.

import { byId, fill, make } from "./dom.js";
import { call } from "./server.js";
import { labelWords, levelChip, score, spanOf } from "./words.js";

const COUNT = 6;

/** choose, beside: called with the event to open, or to compare; still: whether the answer is still wanted. */
export async function showSimilar(run, event, { choose, beside, still }) {
  fill(byId("similar"), make("p", { className: "quiet" }, "Looking …"));
  let answer;
  try {
    answer = await call("SearchSimilarEvents", { event_id: event.id, count: COUNT });
  } catch (error) {
    if (still()) fill(byId("similar"), make("p", { className: "quiet" }, error.message));
    return;
  }
  if (!still()) return;
  const cards = answer.neighbours.map((one) => card(run, one, choose, beside));
  fill(byId("similar"), make("p", { className: "quiet" }, words(answer)),
    make("ol", { className: "cards" }, ...cards));
}

function words(answer) {
  const count = answer.compared === 1 ? "1 event was" : `${answer.compared} events were`;
  return `${count} compared, by the world model's view of the scene (${answer.space}). Distance 0 is the same ` +
    "scene, 1 has nothing in common with it, 2 is the most.";
}

function card(run, { event, distance }, choose, beside) {
  const picture = make("img", { src: `/api/events/${encodeURIComponent(event.id)}/overlay.jpg`, alt: "", loading: "lazy" });
  const words = event.reasons[0]?.text ?? event.id;
  return make("li", { className: "card" },
    make("button", { type: "button", className: "picture", "aria-label": `Choose ${event.id}: ${words}`,
      onclick: () => choose(event) }, picture),
    make("div", { className: "caption" },
      make("span", { className: "line" }, levelChip(event.level), make("strong", {}, score(event.score))),
      make("span", {}, words),
      make("span", { className: "quiet" }, `distance ${distance.toFixed(2)} · ${spanOf(run, event)} · ${labelWords(event.label)}`),
      beside ? make("button", { type: "button", "aria-label": `Compare with ${event.id}`, onclick: () => beside(event) }, "Compare") : null));
}
