// The player for songs of this computer: the page names a list and a number, and the browser plays what emodj sends.

import { find } from "./elements.js";
import { ask } from "./server.js";

const audio = find("audio");
// A list of files that this browser cannot play must not be tried to its end
const MOST_FAILURES = 5;

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
    this.place = 0;
    this.failures = 0;
    this.shuffled = shuffle;
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
    find("player").hidden = false;
    this.say("");
    try {
      const { count, notices } = await ask("list", { list });
      this.list = { list, title, count };
      this.order = this.newOrder(first);
      this.place = 0;
      this.failures = 0;
      this.say(notices.join("; "));
      await this.load();
    } catch (error) {
      this.say(error.message);
    }
  }

  /** All songs once: in order from `first` on, or that one first and the others by lot. */
  newOrder(first) {
    const { count } = this.list;
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
    if (this.list) {
      this.place = (this.place + steps + this.order.length) % this.order.length;
      await this.load();
    }
  }

  async load() {
    const number = this.order[this.place];
    try {
      const song = await ask("song", { list: this.list.list, number });
      if (number !== this.order[this.place]) {
        return;
      }
      find("song-title").textContent = song.title;
      find("song-artist").textContent = song.artist ? `– ${song.artist}` : "";
      find("song-number").textContent = `${number + 1}/${this.list.count}`;
      if (!song.address) {
        await this.failed(`${song.title} is a link: open it in the list.`);
        return;
      }
      audio.src = song.address;
      await audio.play();
    } catch (error) {
      // A browser may want a press of a button first; what cannot be played is told by the event "error"
      if (error.name !== "AbortError" && error.name !== "NotSupportedError") {
        this.say(error.name === "NotAllowedError" ? "Press Play to begin." : error.message);
      }
    }
    this.show();
  }

  async failed(sentence) {
    this.failures += 1;
    this.say(sentence);
    if (this.failures < Math.min(MOST_FAILURES, this.order.length)) {
      await this.skip(1);
    }
  }

  pause() {
    audio.pause();
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
    find("play").addEventListener("click", () => (audio.paused ? audio.play().catch(() => {}) : audio.pause()));
    find("previous").addEventListener("click", () => this.skip(-1));
    find("next").addEventListener("click", () => this.skip(1));
    find("shuffle").addEventListener("click", () => {
      this.shuffled = !this.shuffled;
      if (this.list) {
        this.order = this.newOrder(this.order[this.place]);
        this.place = 0;
      }
      this.show();
    });
    find("volume").addEventListener("input", (event) => {
      audio.volume = event.target.value / 100;
    });
    find("seek").addEventListener("input", (event) => {
      audio.currentTime = Number(event.target.value);
    });
    audio.addEventListener("ended", () => this.skip(1));
    audio.addEventListener("playing", () => {
      this.failures = 0;
      this.starts();
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
