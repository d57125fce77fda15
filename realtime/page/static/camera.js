// The camera: its pictures go to emodj one by one, the next when the last is answered, so nothing queues up.

import { find } from "./elements.js";
import { ask } from "./server.js";

const WIDTH = 640;
const QUALITY = 0.9;
// More answers a second would show no more, and cost the battery
const SHORTEST_MS = 50;

const ERRORS = {
  NotAllowedError: "The camera is not allowed. Allow it by the sign beside the address of this page, then switch it on again.",
  NotFoundError: "No camera was found. Connect one, or open a picture.",
  NotReadableError: "The camera does not answer: another program may use it. Close that program, then switch it on again.",
  AbortError: "The camera could not be started. Connect it again, then switch it on.",
  SecurityError: "This browser lets no page use a camera. Allow cameras in its settings, or open a picture.",
};
const INSECURE =
  "The browser gives a camera only to pages of this computer, or by https. Open the link with 127.0.0.1, or start emodj page with --lan.";
const LOST = "The camera is gone. Connect it again, then switch it on.";

const video = find("video");

/** Frames of a camera, and the answers to them. */
export class Camera {
  /**
   * @param {function} answered gets each answer, and width and height of its frame
   * @param {function} failed gets a sentence, or the error of a request, when the camera stops by itself
   */
  constructor(answered, failed) {
    this.answered = answered;
    this.failed = failed;
    this.stream = null;
    this.frozen = false;
    this.stretch = 0;
    this.attempt = 0;
    this.canvas = document.createElement("canvas");
  }

  get on() {
    return this.stream !== null;
  }

  /**
   * Switch the camera on.
   * @param {string} device id of a camera; "" for any
   * @returns {Promise<boolean>} false if it was stopped before it was on
   * @throws {Error} with a sentence that says why not
   */
  async start(device = "") {
    if (!navigator.mediaDevices) {
      throw new Error(INSECURE);
    }
    this.stop();
    const attempt = this.attempt;
    const size = { width: { ideal: 640 }, height: { ideal: 480 } };
    const which = device ? { deviceId: { exact: device } } : { facingMode: "user" };
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { ...size, ...which }, audio: false });
    } catch (error) {
      throw new Error(ERRORS[error.name] || `The camera cannot be used (${error.name}). Try another one, or open a picture.`);
    }
    if (attempt !== this.attempt) {
      // A picture was opened while the browser asked for leave: no light must stay on
      stopTracks(stream);
      return false;
    }
    this.stream = stream;
    stream.getVideoTracks()[0].addEventListener("ended", () => this.stream === stream && this.failed(LOST));
    video.srcObject = stream;
    this.frozen = false;
    this.stretch += 1;
    // It is refused if the camera is switched off in the same moment
    await video.play().catch(() => {});
    this.run(stream);
    return true;
  }

  /** Switch it off, and its light with it. */
  stop() {
    this.attempt += 1;
    if (this.stream) {
      stopTracks(this.stream);
    }
    this.stream = null;
    video.srcObject = null;
  }

  /** Hold the frame that is shown, or go on. Meanwhile no time passes for the mood. */
  freeze(on) {
    this.frozen = on;
    if (on) {
      video.pause();
    } else if (this.stream) {
      this.stretch += 1;
      video.play().catch(() => {});
      this.run(this.stream);
    }
  }

  /** The cameras that can be chosen, once one is on. */
  async list() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.filter((device) => device.kind === "videoinput" && device.deviceId);
  }

  get device() {
    return this.stream ? this.stream.getVideoTracks()[0].getSettings().deviceId : "";
  }

  async run(stream) {
    const stretch = this.stretch;
    const current = () => this.stream === stream && this.stretch === stretch && !this.frozen;
    while (current()) {
      const begun = performance.now();
      await nextFrame();
      const frame = current() ? await this.capture() : null;
      if (frame === null || !current()) {
        continue;
      }
      const { width, height } = this.canvas;
      try {
        const answer = await ask("frame", frame, { "x-emodj-stretch": String(stretch) });
        if (current()) {
          this.answered(answer, width, height);
        }
      } catch (error) {
        if (current()) {
          this.failed(error);
        }
        return;
      }
      await wait(SHORTEST_MS - (performance.now() - begun));
    }
  }

  /** The frame that is shown as a JPEG; null before the first one. */
  async capture() {
    if (!video.videoWidth) {
      return null;
    }
    const scale = Math.min(1, WIDTH / video.videoWidth);
    this.canvas.width = Math.round(video.videoWidth * scale);
    this.canvas.height = Math.round(video.videoHeight * scale);
    this.canvas.getContext("2d").drawImage(video, 0, 0, this.canvas.width, this.canvas.height);
    return new Promise((resolve) => this.canvas.toBlob(resolve, "image/jpeg", QUALITY));
  }
}

function stopTracks(stream) {
  for (const track of stream.getTracks()) {
    track.stop();
  }
}

function nextFrame() {
  if (!video.requestVideoFrameCallback) {
    return new Promise((resolve) => requestAnimationFrame(resolve));
  }
  // A camera that stands still gives no frame: look again after a while
  return Promise.race([new Promise((resolve) => video.requestVideoFrameCallback(resolve)), wait(500)]);
}

function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
