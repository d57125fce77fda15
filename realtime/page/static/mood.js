// The mood: its name, seven bars, the choice by hand, and a sentence for screen readers.

import { button, dot, find, make, percentages } from "./elements.js";

const SAID_EVERY_MS = 1000;

const rows = new Map();
const byHand = new Map();
let said = "";
let saidAt = 0;
let timer = 0;

/**
 * Build bars and buttons.
 * @param {string[]} expressions their names
 * @param {function} choose gets the chosen expression, or null for the faces
 */
export function buildMood(expressions, choose) {
  for (const name of expressions) {
    const fill = make("span", { class: "fill" });
    fill.style.background = `var(--${name})`;
    const number = make("span", { class: "number" }, "–");
    const row = make("li", {}, make("span", {}, name), make("span", { class: "track", "aria-hidden": "true" }, fill), number);
    find("bars").append(row);
    rows.set(name, { row, fill, number });
    byHand.set(name, button(name, () => choose(name), { "aria-pressed": "false" }));
    byHand.get(name).prepend(dot(name), " ");
  }
  byHand.set(null, button("automatic", () => choose(null), { "aria-pressed": "true" }));
  find("moods").append(...byHand.values());
}

/** Show a mood: `mood`, `mood_source`, `mood_shares` and `mixed` of a document. */
export function showMood({ mood, mood_source: source, mood_shares: shares, mixed }) {
  const hand = source === "hand";
  const percents = shares ? percentages(shares) : {};
  const word = mood ? mood.expression : mixed ? "mixed" : "none yet";
  find("mood-word").textContent = word;
  find("mood-share").textContent = mood && !hand ? percents[mood.expression] : "";
  find("mood-source").textContent = sourceWords(hand, mood, mixed);
  for (const [name, { row, fill, number }] of rows) {
    const share = shares ? shares[name] : 0;
    fill.style.width = `${100 * share}%`;
    number.textContent = shares ? percents[name] : "–";
    row.classList.toggle("first", Boolean(mood) && mood.expression === name);
  }
  for (const [name, each] of byHand) {
    each.setAttribute("aria-pressed", String(hand ? mood.expression === name : name === null));
  }
  say(hand ? `mood chosen by hand: ${word}` : mood || mixed ? `mood: ${word}` : "");
}

function sourceWords(hand, mood, mixed) {
  if (hand) {
    return "Chosen by hand. “automatic” goes back to the faces.";
  }
  if (mixed) {
    return "The faces look different, and no expression leads.";
  }
  return mood ? "By the faces: what they look like, not what anybody feels." : "No face was seen clearly enough yet.";
}

/** Tell screen readers of a change, at most once a second, and the newest one last. */
function say(sentence) {
  if (sentence === said) {
    return;
  }
  said = sentence;
  clearTimeout(timer);
  timer = setTimeout(
    () => {
      saidAt = performance.now();
      find("mood-said").textContent = said;
    },
    Math.max(0, saidAt + SAID_EVERY_MS - performance.now()),
  );
}
