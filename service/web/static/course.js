// Why this event: share x time of every reason, which adds up over reasons and over time.

import { byId, draw, fill, make } from "./dom.js";
import { clock, percent, score, secondsOf } from "./words.js";

const KINDS = 6; // of colour and pattern, then again from the first
const WIDTH = 600;
const HEIGHT = 90; // of a score of 1

export function courseAwaited() {
  fill(byId("course"), make("p", { className: "quiet" }, "Working out …"));
}

export function courseUntold(words) {
  fill(byId("course"), make("p", { className: "trouble" }, words));
}

/** answer: of ExplainEvent */
export function showCourse(run, answer) {
  if (!(answer.score_s > 0)) {
    fill(byId("course"), make("p", {}, "Its frames take no time, so there is nothing to add up; its causes are above."));
    return;
  }
  fill(byId("course"), make("p", {}, sentence(answer)), bar(answer.parts), chart(run, answer),
    make("ol", { className: "causes" }, ...answer.parts.map((part, place) => entry(run, part, place))));
}

const seconds = (value) => `${value.toFixed(2)} s`;

function sentence({ duration_s, score_s, unknown_s, parts }) {
  const unknown = unknown_s > 0 ? ` For ${seconds(unknown_s)} nobody could judge.` : "";
  const sum = parts.map((part) => part.share_s.toFixed(2)).join(" + ");
  return `Share × time of its reasons over ${seconds(duration_s)}: ${sum} = ${seconds(score_s)}, its score × time.${unknown}`;
}

function bar(parts) {
  const shown = parts.map((part, place) => {
    const piece = make("span", { className: `part kind${place % KINDS}`, title: part.code }, `${place + 1}`);
    piece.style.width = `${100 * part.portion}%`;
    return piece;
  });
  const words = parts.map((part) => `${part.code} ${percent(part.portion)}`).join(", ");
  return make("div", { className: "bar", role: "img", "aria-label": `Parts of the event: ${words}` }, ...shown);
}

/** One column a span of time, as high as its mean score. */
function chart(run, { duration_s, spans }) {
  let left = 0;
  const columns = spans.flatMap((span) => {
    const width = duration_s > 0 ? (WIDTH * span.duration_s) / duration_s : 0;
    let top = HEIGHT;
    const pieces = span.share_s.map((share, place) => {
      const height = span.duration_s > 0 ? (HEIGHT * share) / span.duration_s : 0;
      top -= height;
      return draw("rect", { class: `fill${place % KINDS}`, x: left, y: top, width, height });
    });
    left += width;
    return pieces;
  });
  if (!spans.length) return null;
  const [first, last] = [spans[0].start_ns, spans.at(-1).start_ns].map((ns) => secondsOf(run, ns));
  const words = `Score by reason from ${clock(first)} to ${clock(last + spans.at(-1).duration_s)}`;
  return make("figure", { className: "course" },
    draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": words }, ...columns),
    make("figcaption", { className: "quiet" }, `${words}; the full height is a score of 1.`));
}

function entry(run, part, place) {
  const when = [part.first_ns, part.last_ns].map((ns) => clock(secondsOf(run, ns))).join("–");
  return make("li", {},
    make("span", { className: `part kind${place % KINDS}`, "aria-hidden": "true" }, `${place + 1}`),
    make("strong", {}, percent(part.portion)),
    make("span", {}, part.code, make("span", { className: "quiet" },
      ` ${seconds(part.share_s)}, ${when}, largest ${score(part.largest_share)} at ${clock(secondsOf(run, part.largest_ns))}`)));
}
