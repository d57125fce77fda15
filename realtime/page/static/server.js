// Requests to emodj: each has the key of the link and the name of this tab's visit.

const KEY_PLACE = "emodj-key";
const ALIVE_MS = 15000;

/** A request that failed: `status` is that of HTTP, 0 if emodj does not answer; the message is a sentence. */
export class ServerError extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

const ENDED = "emodj does not answer. Start it again with emodj page, and open the new link that it prints.";
const TICKET = "once.";
const NO_KEY = "The address has no key. Open the link that emodj printed, with all that stands behind the #.";

// The key stays in this tab, and leaves the address bar and the history
const given = location.hash.slice(1);
if (given) {
  history.replaceState(null, "", location.pathname);
}
let key = given || sessionStorage.getItem(KEY_PLACE);

let visit = "";

/** Begin a visit; returns what the page shows at its start. */
export async function begin() {
  if (!key) {
    throw new ServerError(403, NO_KEY);
  }
  if (key.startsWith(TICKET)) {
    // The link that emodj opens by itself works once, and gets the key of this start
    key = (await (await send("enter", "")).json()).key;
  }
  sessionStorage.setItem(KEY_PLACE, key);
  const answer = await (await send("visit", "")).json();
  visit = answer.visit;
  return answer;
}

/**
 * Ask emodj, and return its answer.
 * @param {string} name of the question
 * @param {object|Blob} body an object becomes JSON; a Blob is sent as it is
 * @param {object} headers further ones
 */
export async function ask(name, body = {}, headers = {}) {
  const answer = await send(name, body instanceof Blob ? body : JSON.stringify(body), headers);
  return answer.headers.get("content-type") === "application/json" ? answer.json() : answer.blob();
}

/** End the visit: the tab is closed or loaded anew, and makes room for another one. */
export function end() {
  fetch("/api/end", {
    method: "POST",
    headers: { "x-emodj-key": key, "x-emodj-visit": visit },
    credentials: "omit",
    redirect: "error",
    // The request outlives the tab
    keepalive: true,
  }).catch(() => {});
}

/**
 * Keep the visit while the tab is open.
 * @param {function} alive is called when emodj answers
 * @param {function} failed gets the error when emodj has ended, or has forgotten the tab
 */
export function keepAlive(alive, failed) {
  setInterval(() => ask("alive").then(alive, failed), ALIVE_MS);
}

async function send(name, body, headers = {}) {
  let answer;
  try {
    answer = await fetch(`/api/${name}`, {
      method: "POST",
      body,
      headers: { "x-emodj-key": key, "x-emodj-visit": visit, ...headers },
      credentials: "omit",
      redirect: "error",
    });
  } catch {
    throw new ServerError(0, ENDED);
  }
  if (!answer.ok) {
    throw new ServerError(answer.status, (await answer.text()).trim() || `emodj answers ${answer.status}: reload the page.`);
  }
  return answer;
}
