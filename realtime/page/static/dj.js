// The DJ: the page reports what plays, and emodj says what the player shall do. Music changes where a song ends.

import { find } from "./elements.js";
import { ask } from "./server.js";

const REPORT_MS = 1000;
const GONE = 410;
const ON = "The DJ is on: your own songs follow the mood.";
const OFF = "The DJ is off: the music plays on as it is.";

/** Reports to emodj while it is on, and carries out what emodj decides. */
export class Dj {
  /**
   * @param {boolean} on whether it is on at the start
   * @param {Player} player plays songs
   * @param {function} elsewhere returns whether Spotify plays
   * @param {function} failed gets the error if emodj has forgotten the tab
   */
  constructor(on, player, elsewhere, failed) {
    this.player = player;
    this.elsewhere = elsewhere;
    this.failed = failed;
    this.on = on;
    this.asking = false;
    this.waiting = false;
    // An answer to a report that was sent before a press is out of date
    this.presses = 0;
    // Whether a link was opened: emodj does not know how long it plays
    this.linked = false;
    this.reset();
    player.chosen = () => this.noteChoice();
    player.skipped = () => {
      this.skipped = this.on;
    };
    player.followed = () => this.takeNext();
    player.began = (list) => this.noteBegun(list);
    player.gaveUp = (sentence) => this.noteFailed(sentence);
    find("dj").addEventListener("click", () => this.turn(!this.on));
    for (const id of ["music", "songs"]) {
      find(id).addEventListener("click", (event) => {
        this.linked ||= event.target.closest("a") !== null;
      });
    }
    setInterval(() => this.on && this.report(), REPORT_MS);
    this.show();
  }

  /** A new session: its orders have numbers of their own. */
  reset() {
    this.presses += 1;
    this.chosen = false;
    this.skipped = false;
    // Lists to play when the song of now has ended; the one that is to play now; the order, and the step of its journey, that plays
    this.queue = [];
    this.pending = null;
    this.order = 0;
    this.step = 0;
    // The latest order whose music could not be played, and why
    this.failedOrder = 0;
    this.failure = "";
  }

  turn(on) {
    this.on = on;
    this.presses += 1;
    this.queue = [];
    this.linked = false;
    this.say(on ? ON : OFF);
    this.show();
    this.report();
  }

  /** Another mood by hand, or another strategy: a journey takes no further step, and the DJ decides anew. */
  noteMood() {
    this.queue = this.queue.filter(({ step }) => step === 0);
    if (this.on) {
      this.report();
    }
  }

  /** A person has chosen a list: it takes the place of what the DJ has ordered. */
  noteChoice() {
    this.presses += 1;
    this.queue = [];
    this.pending = null;
    this.linked = false;
    this.chosen = this.on;
  }

  async report() {
    if (this.asking) {
      this.waiting = true;
      return;
    }
    this.asking = true;
    const { presses, chosen, skipped } = this;
    this.chosen = false;
    this.skipped = false;
    try {
      const { on, order, step, failedOrder: failed, failure } = this;
      const decided = await ask("dj", { ...this.playing(), on, order, step, failed, failure, chosen, skipped });
      if (presses === this.presses) {
        this.carryOut(decided);
      }
    } catch (error) {
      if (error.status === GONE) {
        await this.failed(error);
      } else {
        this.say(error.message);
      }
    } finally {
      this.asking = false;
    }
    if (this.waiting) {
      this.waiting = false;
      await this.report();
    }
  }

  playing() {
    const songs = this.player.playing;
    const silent = songs.playing === "nothing" || songs.paused;
    if (silent && this.elsewhere()) {
      return { ...songs, playing: "other" };
    }
    return songs.playing === "nothing" && this.linked ? { ...songs, playing: "link" } : songs;
  }

  carryOut({ act, number, said, lists }) {
    if (said) {
      this.say(said);
    }
    switch (act) {
      case "begin":
      case "now":
      case "next":
        this.queue = lists.map((list, step) => ({ ...list, number, step }));
        if (act !== "next") {
          this.takeNext();
        }
        break;
      case "stay":
        this.forgetOrder();
        break;
      case "fade":
        this.forgetOrder();
        this.player.fade(true);
        break;
      case "resume":
        this.player.fade(false);
        break;
      default:
    }
  }

  /** Forget an order that has not begun; a journey that has begun goes on. */
  forgetOrder() {
    if (this.queue.length && this.queue[0].step === 0) {
      this.queue = [];
    }
  }

  /** Play the next list; false if there is none. */
  takeNext() {
    const next = this.queue.shift();
    if (!next) {
      return false;
    }
    this.pending = next;
    this.player.follow(next.list, next.title);
    return true;
  }

  /** A song sounds: if it is of the list that was to play, the order is carried out. */
  noteBegun(list) {
    if (this.pending?.list === list) {
      this.order = this.pending.number;
      this.step = this.pending.step;
      this.pending = null;
    }
  }

  /** No song of a list can be played: if it is the first list of an order, the order has failed. */
  noteFailed(sentence) {
    if (this.pending?.step === 0) {
      this.failedOrder = this.pending.number;
      this.failure = sentence;
      this.queue = [];
    }
    this.pending = null;
  }

  say(sentence) {
    find("dj-said").textContent = sentence;
  }

  show() {
    find("dj").setAttribute("aria-pressed", String(this.on));
  }
}
