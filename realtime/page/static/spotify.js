// Buttons for the Spotify player of the user who runs emodj. Nothing is asked before the first press.

import { find, percent } from "./elements.js";
import { ask } from "./server.js";

const AGAIN_MS = 1500;
const REFUSED = 422;
const SILENCE = { press: "silence" };
const BUTTONS = ["previous", "toggle", "next", "shuffle", "quieter", "louder"];

/** The buttons, and what plays. emodj itself asks Spotify at most every five seconds. */
export class SpotifyButtons {
  /**
   * @param {object|null} known what emodj knows of the player; null for a user without a login
   * @param {function} starts is called when Spotify begins to play
   */
  constructor(known, starts) {
    this.starts = starts;
    this.known = null;
    this.timer = 0;
    this.asked = 0;
    // Number of the last press of a person: what is said is about this one
    this.pressed = 0;
    if (!known) {
      return;
    }
    find("spotify").hidden = false;
    this.show(known);
    find("spotify-said").textContent = known.playing ? "" : "Spotify is asked from your first press on, and learns what you press.";
    for (const name of BUTTONS) {
      find(`spotify-${name}`).addEventListener("click", () => this.ask({ press: name }));
    }
    document.addEventListener("visibilitychange", () => this.plan());
  }

  /** Play a list; `choice` has its title and its link. */
  play(choice) {
    return this.ask({ play: choice.url });
  }

  /** Pause Spotify, because songs of this computer begin. */
  async silence() {
    if (this.plays) {
      // The answer may be overtaken by a press, which must find the music paused
      this.known = { ...this.known, playing: { ...this.known.playing, paused: true } };
      await this.ask(SILENCE);
    }
  }

  /** Whether Spotify plays, as far as emodj knows. */
  get plays() {
    return Boolean(this.known && this.known.playing && !this.known.playing.paused);
  }

  async ask(question) {
    this.asked += 1;
    const number = this.asked;
    const byPerson = question !== SILENCE && ("press" in question || "play" in question);
    if (byPerson) {
      this.pressed = number;
    }
    clearTimeout(this.timer);
    try {
      const known = await ask("spotify", question);
      if (byPerson ? number === this.pressed : known.said) {
        find("spotify-said").textContent = known.said || "";
      }
      if (number !== this.asked) {
        // A later question has a newer answer
        return;
      }
      const began = known.playing && !known.playing.paused && !this.plays;
      this.show(known);
      if (began) {
        this.starts();
      }
    } catch (error) {
      if (byPerson ? number === this.pressed : number === this.asked) {
        find("spotify-said").textContent = error.message;
      }
      if (number === this.asked) {
        // emodj knows what a refusal means for the player: it is asked once more, unless it has ended
        this.known = { ...this.known, active: error.status === REFUSED };
      }
    }
    this.plan();
  }

  /** Ask again soon while it plays and somebody can see it. */
  plan() {
    clearTimeout(this.timer);
    if (this.known.active && !document.hidden) {
      this.timer = setTimeout(() => this.ask({}), AGAIN_MS);
    }
  }

  show(known) {
    this.known = known;
    const song = known.playing;
    find("spotify-title").textContent = song ? song.title : "";
    find("spotify-artist").textContent = song && song.artist ? `– ${song.artist}` : "";
    find("spotify-state").textContent = song ? stateWords(song) : "";
    const words = song ? (song.paused ? "Play" : "Pause") : "Play or pause";
    find("spotify-toggle").textContent = words;
    find("spotify-toggle").setAttribute("aria-label", `${words} Spotify`);
    find("spotify-shuffle").setAttribute("aria-pressed", String(Boolean(song && song.shuffled)));
  }
}

function stateWords(song) {
  const volume = song.volume === null ? [] : [`volume ${percent(song.volume)}`];
  return [song.paused ? "paused" : "playing", ...(song.device ? [`on ${song.device}`] : []), ...volume].join(", ");
}
