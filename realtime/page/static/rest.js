// A face at rest: measured on request, shown before and after, used or dropped; for this tab alone.

import { find } from "./elements.js";
import { ask } from "./server.js";

const BEGIN = "My face at rest";
const FORGET = "Forget my face at rest";

let inUse = false;
let said = "";
// The newest sentence that is not on a card: a frame that was on its way when a button was pressed shows the card once more
let outcome = "";

/**
 * Connect the buttons.
 * @param {function} doing runs an action, and says what failed
 */
export function connectRest(doing) {
  const on = (id, what) => find(id).addEventListener("click", doing(async () => showRest((await ask("rest", { do: what() })).rest)));
  on("rest", () => {
    outcome = "";
    return inUse ? "forget" : "begin";
  });
  on("rest-yes", () => "yes");
  on("rest-no", () => "no");
}

/** Show what an answer says of a face at rest: `card`, `state` and `said`; nothing for an answer without it. */
export function showRest({ card = null, state = null, said: sentence = null } = {}) {
  const hadFocus = find("rest-buttons").contains(document.activeElement);
  const measures = card !== null && card.seconds_left !== null;
  inUse = state !== null;
  find("rest").textContent = inUse ? FORGET : BEGIN;
  find("rest-buttons").hidden = card === null;
  find("rest-yes").hidden = measures;
  find("rest-no").textContent = measures ? "Stop" : "Drop it";
  find("rest-left").textContent = measures ? `${card.seconds_left} s` : "";
  if (hadFocus && card === null) {
    // Else the focus would be lost with the buttons
    find("rest").focus();
  }
  outcome = sentence ?? outcome;
  if (card !== null) {
    say(card.lines.join("\n"));
  } else if (sentence === null && state !== null && state !== "calibrated") {
    say(`face: ${state}`);
  } else {
    say(outcome);
  }
}

/** Show nothing: the camera is off, or a new session has begun. */
export function hideRest() {
  outcome = "";
  showRest();
}

/** Tell of a change only, so that a screen reader hears each sentence once. */
function say(sentence) {
  if (sentence !== said) {
    said = sentence;
    find("rest-said").textContent = sentence;
  }
}
