// The summary of a session: its mood, its faces, its length, its music; to read and to keep.

import { download, find, link, make } from "./elements.js";

let shown = null;

/** Show a summary, the answer to "summary". */
export function showSummary(answer) {
  shown = answer;
  const rows = answer.lines.flatMap(({ name, text, url }) => [make("dt", {}, name), make("dd", {}, url ? link(text, url) : text)]);
  find("summary-lines").replaceChildren(...rows);
  find("summary").showModal();
}

function text() {
  return shown.lines.map(({ name, text, url }) => `${name.padEnd(8)}${text}${url ? `\n${url}` : ""}\n`).join("");
}

find("summary-text").addEventListener("click", () => download("emodj-session.txt", text(), "text/plain"));
find("summary-json").addEventListener("click", () => download("emodj-session.json", shown.json, "application/json"));
find("summary-close").addEventListener("click", () => find("summary").close());
