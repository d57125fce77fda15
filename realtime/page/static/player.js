// The player for songs of this computer: the page names a list and a number, and the browser plays what emodj sends.

import { find } from "./elements.js";
import { ask } from "./server.js";
import { hasThumbs, press } from "./thumbs.js";

const audio = find("audio");
// A list of files that this browser cannot play must not be tried to its end
const MOST_FAILURES = 5;
// A song that is skipped so soon counts against it
const SKIP_MS = 10000;
const FADE_MS = 2000;
const FADE_STEP_MS = 50;
const REFUSED = "This browser lets no music begin by itself. Press Play to begin.";
const NONE_OFFERED = "Every song of this list has two thumbs down: emodj feedback reset offers them again.";

/** Plays a list of songs, one after the other, and begins again after the last. */
export class Player {
  /**
   * @param {boolean} shuffle whether songs come in random order
   * @param {number} volume 0 to 1
   * @param {function} starts is called when a song begins to sound
   */
  constructor(shuffle, volume, starts) {
    this.list = null;
    this.order = [];
    // Numbers of the songs of this list that have played, the latest last
    this.heard = [];
    this.place = 0;
    this.failures = 0;
    // What a thumb is for, and when it began to play
    this.thumb = null;
    this.begunAt = 0;
    this.shuffled = shuffle;
    // Songs that have begun, and whether one has ended and the next one is on its way
    this.songs = 0;
    this.between = false;
    // Whether the song that is on its way shall sound when it has come: a pause holds for it, too
    this.sounds = false;
    // Number of lists that were asked for: the last one counts
    this.asked = 0;
    // The volume that was chosen, the share of it that a fade leaves, and the fade
    this.volume = volume;
    this.fading = 0;
    this.fadesOut = false;
    // Set by the DJ: a person has chosen a list, or has skipped; a song has ended, and true if other music follows
    this.chosen = () => {};
    this.skipped = () => {};
    this.followed = () => false;
    // Set by the DJ, too: a song of a list sounds; no song of the list can be played
    this.began = () => {};
    this.gaveUp = () => {};
    // What played before a list that the DJ has ordered, until a song of that list sounds
    this.before = null;
    find("song-thumbs").hidden = !hasThumbs();
    this.starts = starts;
    audio.volume = volume;
    find("volume").value = Math.round(100 * volume);
    this.listen();
    this.show();
  }

  /**
   * Play a list.
   * @param {string} list its name
   * @param {string} title its title
   * @param {number|null} first number of the first song; null for any
   */
  async play(list, title, first) {
    this.chosen();
    this.sounds = true;
    this.before = null;
    await this.start(list, title, first);
  }

  /** Play another list for the DJ; the same one goes on with its next song, and so does the one of now if no song of it plays. */
  async follow(list, title) {
    this.sounds = true;
    if (this.list && this.list.list === list) {
      await this.skip(1);
      return;
    }
    const { list: now, order, place, heard } = this;
    this.before = { list: now, order, place, heard };
    const problem = await this.start(list, title, null);
    if (problem) {
      await this.giveUp(problem);
    }
  }

  /** No song of the list plays: what played before the DJ ordered it goes on. */
  async giveUp(sentence) {
    const { before } = this;
    this.before = null;
    this.gaveUp(sentence);
    if (!before) {
      return;
    }
    Object.assign(this, before, { failures: 0, between: false });
    await this.skip(1);
  }

  /** Returns a sentence if the list cannot be had. */
  async start(list, title, first) {
    find("player").hidden = false;
    this.say("");
    this.asked += 1;
    const number = this.asked;
    try {
      const { count, order, notices } = await ask("list", { list, shuffled: this.shuffled });
      if (number !== this.asked) {
        // Another list was chosen meanwhile
        return "";
      }
      this.list = { list, title, count, order };
      this.heard = [];
      this.order = this.newOrder(first);
      this.place = 0;
      this.failures = 0;
      this.say(notices.join("; "));
      await this.load();
      return "";
    } catch (error) {
      if (number !== this.asked) {
        return "";
      }
      this.say(error.message);
      return error.message;
    }
  }

  /** All songs once: as their thumbs say, or in order from `first` on, or that one first and the others by lot. */
  newOrder(first) {
    const { count, order } = this.list;
    if (order) {
      const others = order.filter((each) => each !== first);
      // As everywhere with thumbs, a song rests for a quarter of its list
      const recent = this.heard.slice(Math.max(0, this.heard.length - Math.floor(count / 4)));
      const rested = others.filter((each) => !recent.includes(each));
      return first === null ? order : [first, ...rested, ...others.filter((each) => recent.includes(each))];
    }
    const numbers = [...Array(count).keys()];
    if (this.shuffled) {
      for (let last = count - 1; last > 0; last -= 1) {
        const other = Math.floor(Math.random() * (last + 1));
        [numbers[last], numbers[other]] = [numbers[other], numbers[last]];
      }
    }
    if (first === null) {
      return numbers;
    }
    const at = numbers.indexOf(first);
    return this.shuffled ? [first, ...numbers.filter((each) => each !== first)] : [...numbers.slice(at), ...numbers.slice(0, at)];
  }

  async skip(steps) {
    if (!this.list) {
      return;
    }
    if (!this.order.length) {
      this.between = false;
      this.say(NONE_OFFERED);
      this.gaveUp(NONE_OFFERED);
      return;
    }
    this.place = (this.place + steps + this.order.length) % this.order.length;
    await this.load(steps < 0);
  }

  /** Take the song of this place out of the order, and go on with the one after it, or the one before it. */
  async leaveOut(back) {
    this.order = this.order.filter((_, place) => place !== this.place);
    const { length } = this.order;
    if (!length) {
      this.pause();
      this.say(NONE_OFFERED);
      await this.giveUp(NONE_OFFERED);
      return;
    }
    this.place = (this.place - (back ? 1 : 0) + length) % length;
    await this.load(back);
  }

  /** Other songs come next: drawn, or in the order of the list, as their thumbs of now say. */
  async shuffle() {
    const { list } = this;
    const shuffled = !this.shuffled;
    this.shuffled = shuffled;
    this.show();
    if (!list) {
      return;
    }
    find("shuffle").setAttribute("aria-busy", "true");
    try {
      const { order } = await ask("list", { list: list.list, shuffled });
      if (list === this.list && shuffled === this.shuffled) {
        list.order = order;
        this.order = this.newOrder(this.order[this.place] ?? null);
        this.place = 0;
      }
    } catch (error) {
      this.say(error.message);
    } finally {
      find("shuffle").setAttribute("aria-busy", "false");
    }
  }

  async load(back = false) {
    const { list } = this;
    const number = this.order[this.place];
    this.between = true;
    this.endFade();
    try {
      const song = await ask("song", { list: list.list, number });
      if (list !== this.list || number !== this.order[this.place]) {
        // Another song is on its way
        return;
      }
      if (song.left_out) {
        await this.leaveOut(back);
        return;
      }
      this.heard = [...this.heard.slice(-this.list.count), number];
      find("song-title").textContent = song.title;
      find("song-artist").textContent = song.artist ? `– ${song.artist}` : "";
      find("song-number").textContent = `${number + 1}/${this.list.count}`;
      this.thumb = song.thumb;
      this.begunAt = performance.now();
      for (const [id, name] of [["like", "Like"], ["dislike", "Dislike"]]) {
        find(id).setAttribute("aria-pressed", "false");
        find(id).setAttribute("aria-label", `${name}: ${song.title}`);
      }
      if (!song.address) {
        await this.failed(`${song.title} is a link: open it in the list.`);
        return;
      }
      audio.src = song.address;
      if (this.sounds) {
        await audio.play();
      }
      this.songs += 1;
    } catch (error) {
      // A browser may want a press of a button first; what cannot be played is told by the event "error"
      if (error.name !== "AbortError" && error.name !== "NotSupportedError") {
        this.say(error.name === "NotAllowedError" ? REFUSED : error.message);
      }
    } finally {
      this.between = false;
    }
    this.show();
  }

  async failed(sentence) {
    this.failures += 1;
    this.say(sentence);
    if (this.failures < Math.min(MOST_FAILURES, this.order.length)) {
      await this.skip(1);
    } else {
      await this.giveUp(sentence);
    }
  }

  /** A thumb on the song that plays; one that is not wanted again is left, too. */
  async judge(verdict) {
    const { thumb } = this;
    if (!thumb) {
      return;
    }
    const number = this.order[this.place];
    this.thumb = verdict === "dislike" ? null : thumb;
    const leftOut = await press(find(verdict), thumb, verdict, (sentence) => this.say(sentence));
    if (verdict !== "dislike" || number !== this.order[this.place]) {
      return;
    }
    this.skipped();
    this.sounds = true;
    await (leftOut ? this.leaveOut(false) : this.skip(1));
  }

  /** Count a song that was heard to its end, or skipped at once. */
  note(verdict) {
    if (hasThumbs() && this.thumb) {
      ask("thumb", { choice: this.thumb, verdict }).catch(() => {});
      this.thumb = null;
    }
  }

  pause() {
    this.sounds = false;
    this.endFade();
    audio.pause();
  }

  resume() {
    this.sounds = true;
    this.endFade();
    this.sound();
  }

  sound() {
    audio.play().catch((error) => error.name === "NotAllowedError" && this.say(REFUSED));
  }

  /** What plays, for the DJ. */
  get playing() {
    return { playing: this.list ? "songs" : "nothing", song: this.songs, paused: audio.paused && !(this.between && this.sounds) };
  }

  /** Fade out to a pause, or end this pause. */
  fade(out) {
    clearInterval(this.fading);
    this.fadesOut = out;
    const from = audio.paused ? 0 : audio.volume / (this.volume || 1);
    const to = out ? 0 : 1;
    const begun = performance.now();
    if (!out) {
      this.sounds = true;
      audio.volume = Math.min(1, this.volume * from);
      this.sound();
    }
    this.fading = setInterval(() => {
      const done = Math.min(1, (performance.now() - begun) / FADE_MS);
      audio.volume = this.volume * Math.min(1, from + (to - from) * done);
      if (done === 1) {
        this.endFade(out);
      }
    }, FADE_STEP_MS);
  }

  /** End a fade: pause if it is a fade out, and in any case give the volume back. */
  endFade(pause = false) {
    clearInterval(this.fading);
    this.fading = 0;
    this.fadesOut = false;
    if (pause) {
      this.sounds = false;
      audio.pause();
    }
    audio.volume = this.volume;
  }

  say(sentence) {
    find("player-said").textContent = sentence;
  }

  show() {
    find("play").textContent = audio.paused ? "Play" : "Pause";
    find("shuffle").setAttribute("aria-pressed", String(this.shuffled));
    const length = Number.isFinite(audio.duration) ? audio.duration : 0;
    find("seek").max = Math.max(1, Math.floor(length));
    find("seek").value = Math.floor(audio.currentTime);
    find("seek").setAttribute("aria-valuetext", `${minutes(audio.currentTime)} of ${minutes(length)}`);
    find("now").textContent = minutes(audio.currentTime);
    find("length").textContent = minutes(length);
  }

  listen() {
    find("play").addEventListener("click", () => (audio.paused ? this.resume() : this.pause()));
    find("previous").addEventListener("click", () => {
      this.skipped();
      this.sounds = true;
      this.skip(-1);
    });
    find("next").addEventListener("click", () => {
      if (!audio.paused && performance.now() - this.begunAt < SKIP_MS) {
        this.note("skipped");
      }
      this.skipped();
      this.sounds = true;
      this.skip(1);
    });
    find("like").addEventListener("click", () => this.judge("like"));
    find("dislike").addEventListener("click", () => this.judge("dislike"));
    find("shuffle").addEventListener("click", () => this.shuffle());
    find("volume").addEventListener("input", (event) => {
      this.volume = event.target.value / 100;
      if (!this.fading) {
        audio.volume = this.volume;
      }
    });
    find("seek").addEventListener("input", (event) => {
      audio.currentTime = Number(event.target.value);
    });
    audio.addEventListener("ended", () => {
      this.note("heard");
      if (this.fadesOut) {
        this.endFade();
        return;
      }
      this.between = true;
      if (!this.followed()) {
        this.skip(1);
      }
    });
    audio.addEventListener("playing", () => {
      this.failures = 0;
      // The event may come after a pause
      if (!audio.paused) {
        this.before = null;
        this.began(this.list?.list);
        this.starts();
      }
    });
    audio.addEventListener("error", () => {
      this.failed(`${find("song-title").textContent} was skipped: its file is gone, or this browser cannot play it.`);
    });
    for (const event of ["play", "pause", "timeupdate", "loadedmetadata", "durationchange"]) {
      audio.addEventListener(event, () => this.show());
    }
  }
}

function minutes(seconds) {
  const whole = Math.floor(seconds || 0);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
