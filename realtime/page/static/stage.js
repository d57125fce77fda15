// The stage: a picture or the camera, with a box and a label for each face.

import { find, percentages } from "./elements.js";

const COLOURS = {
  angry: "#d55e00",
  disgust: "#009e73",
  fear: "#cc79a7",
  happy: "#f0e442",
  neutral: "#56b4e9",
  sad: "#0072b2",
  surprise: "#e69f00",
};
const UNSURE = "#e1e1e1";
const PLATE = "#10141a";
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
// Browsers refuse larger canvases, some of them at 16 million pixels
const LARGEST_SIDE = 4000;
const TEXT_PX = 15;

const stage = find("stage");
const video = find("video");
const still = find("still");
const marks = find("marks");

// `why` is the map of one face, drawn below the boxes
let shown = { faces: [], width: 1, height: 1, mirrored: false, why: null };

/** Show a picture, an ImageBitmap, without faces yet. */
export function showPicture(bitmap) {
  const scale = Math.min(1, LARGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  still.width = Math.max(1, Math.round(bitmap.width * scale));
  still.height = Math.max(1, Math.round(bitmap.height * scale));
  still.getContext("2d").drawImage(bitmap, 0, 0, still.width, still.height);
  show(still);
}

/** Show the camera; its frames come by themselves. */
export function showVideo() {
  show(video);
}

/** Show nothing but the invitation. */
export function showNothing() {
  show(null);
}

/**
 * Mark faces.
 * @param {Array} faces as in the JSON documents of emodj
 * @param {number} width of the picture that their boxes belong to, pixels
 * @param {number} height likewise
 * @param {boolean} mirrored whether the picture is shown as in a mirror
 */
export function markFaces(faces, width, height, mirrored) {
  shown = { faces, width, height, mirrored, why: null };
  marks.setAttribute("aria-label", describe(faces));
  drawMarks();
}

/**
 * Draw what the label of a face depends on; null takes it away.
 * @param {object|null} why with `map`, an image, and `square`, where it lies in the picture
 */
export function drawMap(why) {
  shown.why = why;
  drawMarks();
}

/** Show the marks as in a mirror, or not: at once, before the next answer. */
export function mirrorMarks(on) {
  shown.mirrored = on;
  drawMarks();
}

/** The picture or the frame that is shown, with its boxes, as a PNG. */
export async function toPng() {
  const source = video.hidden ? still : video;
  const canvas = document.createElement("canvas");
  canvas.width = source === video ? video.videoWidth : still.width;
  canvas.height = source === video ? video.videoHeight : still.height;
  const context = canvas.getContext("2d");
  if (shown.mirrored) {
    context.setTransform(-1, 0, 0, 1, canvas.width, 0);
  }
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  context.setTransform(1, 0, 0, 1, 0, 0);
  drawFaces(context, canvas.width, canvas.height, Math.max(12, Math.round(0.034 * Math.min(canvas.width, canvas.height))));
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

function show(element) {
  for (const each of [video, still]) {
    each.hidden = each !== element;
  }
  find("empty").hidden = element !== null;
  marks.hidden = element === null;
  stage.classList.toggle("full", element !== null);
  markFaces([], 1, 1, false);
}

function describe(faces) {
  if (faces.length === 0) {
    return "no face found";
  }
  const names = faces.map((face) => (face.unsure ? "not sure" : face.expression));
  return `${faces.length === 1 ? "1 face" : `${faces.length} faces`}: ${names.join(", ")}`;
}

/** Draw the marks over what is shown, as sharp as the screen is. */
function drawMarks() {
  const element = video.hidden ? still : video;
  const place = contentBox(element);
  const ratio = window.devicePixelRatio || 1;
  marks.width = Math.max(1, Math.round(place.width * ratio));
  marks.height = Math.max(1, Math.round(place.height * ratio));
  Object.assign(marks.style, {
    left: `${place.left}px`,
    top: `${place.top}px`,
    width: `${place.width}px`,
    height: `${place.height}px`,
  });
  drawFaces(marks.getContext("2d"), marks.width, marks.height, TEXT_PX * ratio);
}

/** Where the picture itself lies in the stage: it may have bars at its sides. */
function contentBox(element) {
  const [left, top, width, height] = [element.offsetLeft, element.offsetTop, element.offsetWidth, element.offsetHeight];
  const [across, down] = element === video ? [video.videoWidth, video.videoHeight] : [still.width, still.height];
  if (!across) {
    return { left, top, width, height };
  }
  const scale = Math.min(width / across, height / down);
  const [inner, outer] = [across * scale, down * scale];
  return { left: left + (width - inner) / 2, top: top + (height - outer) / 2, width: inner, height: outer };
}

function drawFaces(context, width, height, text) {
  context.textBaseline = "middle";
  const [across, down] = [width / shown.width, height / shown.height];
  if (shown.why) {
    const { map, square } = shown.why;
    context.drawImage(map, square.left * across, square.top * down, square.side * across, square.side * down);
  }
  for (const face of shown.faces) {
    const box = {
      left: (shown.mirrored ? shown.width - face.box.left - face.box.width : face.box.left) * across,
      top: face.box.top * down,
      width: face.box.width * across,
      height: face.box.height * down,
    };
    drawBox(context, box, face, text);
  }
  // Labels after all boxes, so that no box crosses a label
  for (const face of shown.faces) {
    const left = (shown.mirrored ? shown.width - face.box.left - face.box.width : face.box.left) * across;
    drawLabel(context, left, face.box.top * down, face.box.width * across, face.box.height * down, face, text, width);
  }
}

function drawBox(context, box, face, text) {
  const line = Math.max(1.5, text / 6);
  const radius = Math.min(box.width, box.height) * 0.06;
  context.setLineDash(face.unsure ? [2 * line, 2 * line] : []);
  for (const [colour, wide] of [[PLATE, line * 1.9], [face.unsure ? UNSURE : COLOURS[face.expression], line]]) {
    context.strokeStyle = colour;
    context.lineWidth = wide;
    context.beginPath();
    context.roundRect(box.left, box.top, box.width, box.height, radius);
    context.stroke();
  }
  context.setLineDash([]);
}

function drawLabel(context, left, top, width, height, face, text, wholeWidth) {
  const [name, share] = face.unsure ? ["not sure", ""] : [face.expression, percentages(face.probabilities)[face.expression]];
  const size = Math.min(text, Math.max(0.65 * text, 0.16 * width));
  context.font = `600 ${size}px ${FONT}`;
  const nameWidth = context.measureText(`${name} `).width;
  context.font = `400 ${size}px ${FONT}`;
  const plate = { width: nameWidth + context.measureText(share).width + size, height: 1.6 * size };
  const x = Math.max(0, Math.min(left + (width - plate.width) / 2, wholeWidth - plate.width));
  // Above the box, or inside it where the picture ends
  const y = top - plate.height - 0.3 * size >= 0 ? top - plate.height - 0.3 * size : Math.min(top + 0.3 * size, top + height);
  context.fillStyle = "rgb(16 20 26 / 85%)";
  context.beginPath();
  context.roundRect(x, y, plate.width, plate.height, 0.35 * size);
  context.fill();
  context.fillStyle = "#fafafa";
  context.fillText(share, x + size / 2 + nameWidth, y + plate.height / 2);
  context.font = `600 ${size}px ${FONT}`;
  context.fillText(name, x + size / 2, y + plate.height / 2);
}

new ResizeObserver(drawMarks).observe(stage);
video.addEventListener("resize", drawMarks);
