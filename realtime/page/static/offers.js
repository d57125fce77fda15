// What fits the mood: music, songs, movies and a fact.

import { button, find, link, make } from "./elements.js";
import { thumbButtons } from "./thumbs.js";

/**
 * Build the choice of strategies.
 * @param {Array} strategies each with name and words
 * @param {string} chosen name of the first one
 * @param {function} choose gets a name
 */
export function buildStrategies(strategies, chosen, choose) {
  for (const { name, words } of strategies) {
    const input = make("input", { type: "radio", name: "strategy", value: name });
    input.checked = name === chosen;
    input.addEventListener("change", () => choose(name));
    find("strategies").append(make("label", {}, input, make("span", {}, name), make("span", { class: "quiet" }, words)));
  }
}

/**
 * Show what emodj offers.
 * @param {object} offered the answer to "offers"
 * @param {function} play gets the name of a list of songs, its title, and the number of the first song
 * @param {function|null} playOnSpotify gets a choice; null for a user without a login
 */
export function showOffers(offered, play, playOnSpotify) {
  find("music-said").textContent = "";
  find("offers-said").textContent = "";
  find("music").replaceChildren(...musicParts(offered.music, play, playOnSpotify));
  find("more").hidden = !offered.songs;
  if (offered.songs) {
    find("songs").replaceChildren(...songParts(offered.songs, play));
    find("movies").replaceChildren(...movieParts(offered.movies));
    find("fact").replaceChildren(...factParts(offered.fact));
  }
}

function musicParts(music, play, playOnSpotify) {
  if (!music) {
    return [quiet("Music comes with the mood.")];
  }
  if (music.error) {
    return [quiet(music.error)];
  }
  const shown = (choice) => {
    const title = choice.list ? playable(choice, play) : link(choice.title, choice.url);
    const parts = [title, " "];
    if (playOnSpotify && choice.on_spotify) {
      parts.push(button("Play on Spotify", () => playOnSpotify(choice), { "aria-label": `Play on Spotify: ${choice.title}` }), " ");
    }
    return make("span", {}, ...parts, thumbs(choice.title, choice, "music-said"));
  };
  if (music.steps) {
    const steps = music.steps.map((step) => make("li", {}, shown(step)));
    return [quiet("Step by step, from the mood to calm and content:"), make("ol", {}, ...steps)];
  }
  const [best, ...others] = music.choices;
  const parts = [quiet(music.why), make("p", { class: "best" }, shown(best))];
  if (others.length) {
    parts.push(quiet("or"), make("ul", { class: "plain" }, ...others.map((each) => make("li", {}, shown(each)))));
  }
  return parts;
}

function playable(choice, play) {
  return make("span", {}, `${choice.title} `, button("Play", () => play(choice.list, choice.title, null), { "aria-label": `Play ${choice.title}` }));
}

function songParts(songs, play) {
  const heading = make("h3", {}, "Five songs");
  if (songs.error) {
    return [heading, quiet(songs.error)];
  }
  const items = songs.songs.map((song) => {
    const name = song.artist ? `${song.title} – ${song.artist}` : song.title;
    if (!song.address) {
      return make("li", {}, link(name, song.url), " ", thumbs(name, song, "offers-said"));
    }
    const start = button("Play", () => play(songs.list, "your songs", song.number), { "aria-label": `Play ${name}` });
    return make("li", {}, `${name} `, start, " ", thumbs(name, song, "offers-said"));
  });
  const from = songs.own ? `from the ${songs.count} songs of your library` : "from the example list that comes with emodj";
  return [heading, quiet([from, ...songs.notices].join("; ")), make("ol", {}, ...items)];
}

function movieParts(movies) {
  const heading = make("h3", {}, "Five movies");
  if (movies.error) {
    return [heading, quiet(movies.error)];
  }
  const items = movies.movies.map((movie) => {
    const about = [...movie.genres, ...(movie.country ? [movie.country] : [])].join(", ");
    const name = `${movie.title} (${movie.year})`;
    const more = make("span", { class: "quiet" }, about ? ` ${about}` : "");
    return make("li", {}, link(name, movie.url), more, " ", thumbs(name, movie, "offers-said"));
  });
  return [heading, quiet([movies.why, ...movies.notices].join("; ")), make("ol", {}, ...items)];
}

function factParts(fact) {
  return [make("h3", {}, "Did you know?"), make("blockquote", {}, make("p", {}, fact.text), quiet(fact.source))];
}

/** Thumbs of an offer; what they answer is said in the element of an id. */
function thumbs(name, offer, id) {
  return thumbButtons(name, offer.thumb, (sentence) => {
    find(id).textContent = sentence;
  });
}

function quiet(text) {
  return make("p", { class: "quiet" }, text);
}
