// The page: what each button does, and which answer is shown where.

import { Camera } from "./camera.js";
import { Dj } from "./dj.js";
import { button, dot, download, find, make, percentages } from "./elements.js";
import { buildMood, showMood } from "./mood.js";
import { buildStrategies, showOffers } from "./offers.js";
import { askWhy, pictureOf, readPicture } from "./picture.js";
import { Player } from "./player.js";
import { connectRest, hideRest, showRest } from "./rest.js";
import { ask, begin, end, keepAlive, ServerError } from "./server.js";
import { SpotifyButtons } from "./spotify.js";
import { drawMap, markFaces, mirrorMarks, showNothing, showPicture, showVideo, toPng } from "./stage.js";
import { showSummary } from "./summary.js";
import { allowThumbs } from "./thumbs.js";

const MIXED_EVERY_MS = 5000;
const GONE = 410;
const SAMPLE = "/sample.jpg";

let start = null;
let player = null;
let dj = null;
let spotify = null;
let picture = null;
let mirrored = true;
let offered = "";
let offeredAt = 0;
let reading = 0;
let asking = 0;

const camera = new Camera(showFrame, cameraFailed);

// What is said

function say(sentence) {
  find("said").textContent = sentence;
}

function trouble(sentence) {
  find("trouble").textContent = sentence;
  find("trouble").hidden = !sentence;
}

/** Say what failed: below the stage, or above all if nothing more works. */
async function fail(error) {
  if (!(error instanceof ServerError)) {
    say(error.message);
  } else if (error.status === GONE) {
    // There may be no room for it
    await startAgain(error.message).catch((again) => trouble(again.message));
  } else if (error.status === 0 || error.status === 403) {
    stopCamera();
    trouble(error.message);
  } else {
    say(error.message);
  }
}

/** Run an action of a button, and say what failed. */
function doing(action) {
  return async (...given) => {
    try {
      await action(...given);
    } catch (error) {
      await fail(error);
    }
  };
}

// Pictures

async function openPicture(file, name) {
  if (!file) {
    say("There is no picture in what you dropped or pasted.");
    return;
  }
  reading += 1;
  const number = reading;
  stopCamera();
  say(`reading ${name} …`);
  const read = await readPicture(file, name, start.largest)
    .catch(async (error) => {
      if (number === reading) {
        // Else the faces and the mood of the picture before would stand below the sentence about this one
        showNoPicture();
        await takeMood(await ask("choose", { picture: null }));
      }
      throw error;
    })
    .finally(() => {
      find("file").value = "";
      find("capture").value = "";
    });
  if (number !== reading) {
    // Another picture was opened meanwhile
    return;
  }
  picture = { name, json: read.answer.json, file };
  showPicture(read.bitmap);
  markFaces(read.entry.faces, read.entry.width, read.entry.height, false);
  listFaces(read.entry.faces, picture);
  find("save-buttons").hidden = false;
  find("save-json").hidden = false;
  say([faceCount(read.entry.faces), ...read.answer.notices].join("; "));
  await takeMood(read.answer);
}

/** Empty the stage, the list of faces and the buttons that save them. */
function showNoPicture() {
  picture = null;
  showNothing();
  listFaces([]);
  find("save-buttons").hidden = true;
}

function faceCount(faces) {
  if (faces.length === 0) {
    return "No face was found. A frontal face in good light works best.";
  }
  return faces.length === 1 ? "1 face" : `${faces.length} faces`;
}

/** List faces; those of a picture have a button that explains the label. */
function listFaces(faces, of = null) {
  find("faces").replaceChildren(...faces.map((face, number) => faceItem(face, of ? whyButton(of, number) : [])));
}

/** A button that draws what the label of a face depends on, and takes it away again, with a place for the sentence. */
function whyButton(of, number) {
  const said = make("p", { class: "quiet why-said", role: "status" });
  const made = button("Why", doing(async () => {
    const asks = made.getAttribute("aria-pressed") === "false";
    for (const each of find("faces").querySelectorAll(".why")) {
      each.setAttribute("aria-pressed", String(asks && each === made));
    }
    for (const each of find("faces").querySelectorAll(".why-said")) {
      each.textContent = "";
    }
    drawMap(null);
    if (!asks) {
      return;
    }
    said.textContent = "looking which parts of the face the label depends on …";
    try {
      const why = await askWhy(of.file, of.name, number);
      // Meanwhile another face may be explained, or another picture shown
      if (picture === of && made.getAttribute("aria-pressed") === "true") {
        drawMap(why);
        said.textContent = why.said;
      }
    } catch (error) {
      made.setAttribute("aria-pressed", "false");
      said.textContent = "";
      throw error;
    }
  }), { class: "why", "aria-pressed": "false", "aria-label": `Why this label: face ${number + 1}`, title: "Which parts of the face the label depends on" });
  return [made, said];
}

function faceItem(face, more) {
  const percents = percentages(face.probabilities);
  const three = Object.entries(face.probabilities).sort((one, other) => other[1] - one[1]).slice(0, 3);
  const best = face.unsure ? `not sure: ${face.reason}` : `${face.expression} ${percents[face.expression]}`;
  const mark = face.unsure ? [] : [dot(face.expression)];
  return make(
    "li",
    {},
    ...mark,
    make("strong", {}, best),
    face.calibrated ? " calibrated" : "",
    make("div", { class: "quiet" }, three.map(([name]) => `${name} ${percents[name]}`).join(", ")),
    ...more,
  );
}

// Camera

async function switchCamera(device = "") {
  if (!(await camera.start(device))) {
    return;
  }
  picture = null;
  reading += 1;
  say("");
  showVideo();
  mirrorMarks(mirrored);
  listFaces([]);
  find("save-buttons").hidden = false;
  find("save-json").hidden = true;
  find("camera-buttons").hidden = false;
  press("camera", true);
  press("freeze", false);
  find("camera").textContent = "Camera off";
  await listCameras();
}

async function listCameras() {
  const cameras = await camera.list();
  find("cameras").hidden = cameras.length < 2;
  find("camera-choice").replaceChildren(
    ...cameras.map((each, number) => make("option", { value: each.deviceId }, each.label || `camera ${number + 1}`)),
  );
  find("camera-choice").value = camera.device;
}

function stopCamera() {
  const wasOn = camera.on;
  camera.stop();
  if (!wasOn) {
    return;
  }
  showNothing();
  listFaces([]);
  find("camera-buttons").hidden = true;
  find("save-buttons").hidden = true;
  press("camera", false);
  find("camera").textContent = "Camera on";
  find("rate").textContent = "";
  hideRest();
}

async function cameraFailed(error) {
  stopCamera();
  await fail(error instanceof Error ? error : new Error(error));
}

let answers = [];

function showFrame(answer, width, height) {
  markFaces(answer.faces, width, height, mirrored);
  listFaces(answer.faces);
  showRest(answer.rest);
  const now = performance.now();
  answers = [...answers.filter((at) => now - at < 2000), now];
  find("rate").textContent = answers.length > 2 ? `${Math.round(answers.length / 2)} answers a second` : "";
  takeMood(answer).catch(fail);
}

function setMirror(on) {
  mirrored = on;
  find("video").classList.toggle("mirrored", on);
  if (camera.on) {
    mirrorMarks(on);
  }
  press("mirror", on);
}

// Mood, and what fits it

async function takeMood(fields) {
  showMood(fields);
  const name = fields.mood ? fields.mood.expression : fields.mixed ? "mixed" : "";
  const wanted = `${name} ${fields.mood_source}`;
  const now = performance.now();
  // The shares of a mixed mood change with each frame
  const stale = name === "mixed" && now - offeredAt > MIXED_EVERY_MS;
  if (wanted !== offered || stale) {
    offered = wanted;
    offeredAt = now;
    await showFitting();
  }
}

async function showFitting(again = false) {
  asking += 1;
  const number = asking;
  const fitting = await ask("offers", { again });
  // An answer for an earlier mood may come late
  if (number === asking) {
    showOffers(fitting, (...song) => player.play(...song), start.spotify ? (choice) => spotify.play(choice) : null);
  }
}

async function choose(asked) {
  const fields = await ask("choose", asked);
  dj.noteMood();
  offered = "";
  await takeMood(fields);
}

async function startAnew() {
  reading += 1;
  const fields = await ask("restart");
  dj.reset();
  if (!camera.on) {
    showNoPicture();
  }
  hideRest();
  say("A new session has begun.");
  await takeMood(fields);
}

// Buttons

function press(id, on) {
  find(id).setAttribute("aria-pressed", String(on));
}

function isPressed(id) {
  return find(id).getAttribute("aria-pressed") === "true";
}

function connect() {
  const on = (id, action) => find(id).addEventListener("click", doing(action));
  on("open", () => find("file").click());
  on("take", () => find("capture").click());
  for (const id of ["file", "capture"]) {
    find(id).addEventListener("change", doing((event) => openPicture(event.target.files[0], event.target.files[0].name)));
  }
  on("sample", async () => openPicture(await (await fetch(SAMPLE)).blob(), "sample.jpg"));
  on("camera", () => (camera.on ? stopCamera() : switchCamera()));
  on("freeze", () => {
    press("freeze", !isPressed("freeze"));
    camera.freeze(isPressed("freeze"));
  });
  connectRest(doing);
  on("mirror", () => setMirror(!isPressed("mirror")));
  find("camera-choice").addEventListener("change", doing((event) => switchCamera(event.target.value)));
  on("restart", startAnew);
  on("again", () => showFitting(true));
  on("sum-up", async () => showSummary(await ask("summary")));
  on("save-picture", async () => download(`${picture ? picture.name.replace(/\.[^.]*$/, "") : "camera"}-emodj.png`, await toPng()));
  on("save-json", () => download(`${picture.name.replace(/\.[^.]*$/, "")}-emodj.json`, picture.json, "application/json"));
}

function acceptPictures() {
  const stage = find("stage");
  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      stage.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) {
    document.addEventListener(name, () => stage.classList.remove("over"));
  }
  const take = doing((transfer) => {
    const file = pictureOf(transfer);
    return openPicture(file, file ? file.name || "pasted picture" : "");
  });
  document.addEventListener("drop", (event) => {
    // Else the browser would leave the page and show the file
    event.preventDefault();
    take(event.dataTransfer);
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) {
      event.preventDefault();
      take(event.clipboardData);
    }
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && camera.on) {
      stopCamera();
      say("The camera was switched off because the page was hidden.");
    }
  });
}

async function startAgain(sentence) {
  stopCamera();
  showNoPicture();
  await begin();
  dj.reset();
  say(sentence);
  showMood({ mood: null, mood_source: null, mood_shares: null, mixed: false });
  offered = "";
}

async function main() {
  start = await begin();
  find("lan").hidden = !start.in_network;
  if (!start.thumbs) {
    find("promise").textContent = "Pictures are analysed on this computer. Nothing is saved, and nothing leaves it.";
  }
  if (start.in_network) {
    find("promise").textContent = "Pictures are analysed on the computer that runs emodj. Nothing is saved but your thumbs, and nothing goes further.";
  }
  if (start.spotify) {
    find("promise").textContent = "Pictures are analysed on this computer. Nothing is saved, and nothing leaves it but what you press for Spotify.";
  }
  find("take").hidden = !window.matchMedia("(pointer: coarse)").matches;
  buildMood(start.expressions, doing((mood) => choose({ mood })));
  buildStrategies(start.strategies, start.strategy, doing((strategy) => choose({ strategy })));
  allowThumbs(start.thumbs);
  player = new Player(start.shuffle, start.volume, () => spotify.silence());
  spotify = new SpotifyButtons(start.spotify, () => player.pause());
  dj = new Dj(start.dj, player, () => spotify.plays, fail);
  setMirror(start.mirrored);
  connect();
  acceptPictures();
  window.addEventListener("pagehide", end);
  keepAlive(() => trouble(""), fail);
  if (start.notices.length) {
    say(start.notices.join("; "));
  }
  document.documentElement.dataset.ready = "yes";
  // The network takes a second to load: it is ready when somebody has found a picture
  await ask("prepare");
}

main().catch((error) => trouble(error.message));
