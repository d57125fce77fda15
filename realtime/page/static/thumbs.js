// Thumbs: buttons by which a person says what to play again and what not.

import { button, make } from "./elements.js";
import { ask } from "./server.js";

const DISLIKE = "Dislike: a second dislike, another time, leaves it out";

let allowed = false;

/** Show thumbs, or do not: the settings may turn them off. */
export function allowThumbs(on) {
  allowed = on;
}

/** Whether thumbs are shown. */
export function hasThumbs() {
  return allowed;
}

/**
 * Two buttons for a choice.
 * @param {string} title of the choice
 * @param {string} choice its name for emodj
 * @param {function} say gets a sentence
 */
export function thumbButtons(title, choice, say) {
  if (!allowed || !choice) {
    return "";
  }
  const thumb = (verdict, name, does) => {
    const made = button("", () => press(made, choice, verdict, say), {
      class: `thumb ${verdict}`,
      "aria-label": `${name}: ${title}`,
      "aria-pressed": "false",
      title: does,
    });
    return made;
  };
  const thumbs = [thumb("like", "Like", "Like"), thumb("dislike", "Dislike", DISLIKE)];
  return make("span", { class: "thumbs", role: "group", "aria-label": `Thumbs for ${title}` }, ...thumbs);
}

/**
 * Count a verdict, and say so; each button counts once.
 * @param {Element} pressed the button
 * @param {string} choice name of the choice for emodj
 * @param {string} verdict "like" or "dislike"
 * @param {function} say gets a sentence
 * @returns {boolean} whether the choice is not offered any more
 */
export async function press(pressed, choice, verdict, say) {
  if (pressed.getAttribute("aria-pressed") === "true") {
    return false;
  }
  pressed.setAttribute("aria-pressed", "true");
  try {
    const answer = await ask("thumb", { choice, verdict });
    say(answer.said);
    return answer.left_out === true;
  } catch (error) {
    pressed.setAttribute("aria-pressed", "false");
    say(error.message);
    return false;
  }
}
