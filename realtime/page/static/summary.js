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

find("summary-html").addEventListener("click", () => download("emodj-session.html", shown.html, "text/html"));
find("summary-markdown").addEventListener("click", () => download("emodj-session.md", shown.markdown, "text/markdown"));
find("summary-json").addEventListener("click", () => download("emodj-session.json", shown.json, "application/json"));
find("summary-close").addEventListener("click", () => find("summary").close());
