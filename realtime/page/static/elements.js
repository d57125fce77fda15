// Small helpers for elements of the page. Text from outside becomes text, never markup.

/** The element of an id; it exists, since the page names it. */
export function find(id) {
  return document.getElementById(id);
}

/** A new element with attributes and children; a child that is a string becomes text. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** A link that opens in a new tab; text alone if the address is no https address. */
export function link(text, url) {
  if (typeof url !== "string" || !url.startsWith("https://")) {
    return make("span", {}, text);
  }
  return make("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text);
}

/** A button with a text and what it does. */
export function button(text, act, attributes = {}) {
  const made = make("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", act);
  return made;
}

/** A dot in the colour of an expression. */
export function dot(expression) {
  const made = make("span", { class: "dot", "aria-hidden": "true" });
  made.style.background = `var(--${expression})`;
  return made;
}

/** A share, 0 to 1, as a percentage. */
export function percent(share) {
  return `${Math.round(share * 100)}%`;
}

/**
 * Shares by name, as percentages that add to a hundred: each is rounded down, and those that lose most get what is missing.
 * @param {Object<string, number>} shares 0 to 1 each
 * @returns {Object<string, string>} "52%" by name
 */
export function percentages(shares) {
  const parts = Object.entries(shares).map(([name, share]) => ({ name, exact: 100 * share, whole: Math.floor(100 * share) }));
  const sum = (value) => parts.reduce((total, part) => total + part[value], 0);
  const byLoss = [...parts].sort((one, other) => other.exact - other.whole - (one.exact - one.whole) || other.exact - one.exact);
  byLoss.slice(0, Math.round(sum("exact")) - sum("whole")).forEach((part) => {
    part.whole += 1;
  });
  return Object.fromEntries(parts.map(({ name, whole }) => [name, `${whole}%`]));
}

/** Hand a file to the browser, which saves it where it saves downloads. */
export function download(name, content, type) {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const address = URL.createObjectURL(blob);
  make("a", { href: address, download: name }).click();
  // The download has begun when the click returns, but some browsers read the address a moment later
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
