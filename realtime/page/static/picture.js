// Pictures: read one, show it with its faces, whatever its format is.

import { ask } from "./server.js";

/**
 * Read a picture.
 * @param {Blob} file the picture
 * @param {string} name its name
 * @param {number} largest bytes that emodj takes
 * @returns the answer of emodj, its document's entry, and the picture as an ImageBitmap
 */
export async function readPicture(file, name, largest) {
  if (file.size > largest) {
    const megabytes = Math.floor(largest / 1e6);
    throw new Error(`${name} is larger than the ${megabytes} MB that the page takes: shrink it, or use emodj image.`);
  }
  const headers = { "x-emodj-name": encodeURIComponent(name) };
  // Asked first: emodj refuses a picture that would fill the memory before anybody decodes it
  const answer = await ask("picture", file, headers);
  const entry = JSON.parse(answer.json).images[0];
  return { answer, entry, bitmap: (await decode(file, entry)) || (await decode(await ask("preview", file, headers), entry)) };
}

/**
 * Ask why a face of a picture has its label.
 * @param {Blob} file the picture
 * @param {string} name its name
 * @param {number} face its number from the left, from 0
 * @returns the answer of emodj, and its map as an image
 */
export async function askWhy(file, name, face) {
  const answer = await ask("why", file, { "x-emodj-name": encodeURIComponent(name), "x-emodj-face": String(face) });
  const map = new Image();
  map.src = answer.map;
  await map.decode();
  return { ...answer, map };
}

/** The upright picture; null if this browser cannot show it, or shows it otherwise than emodj read it. */
async function decode(file, entry) {
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const [here, there] = [bitmap.width / bitmap.height, entry.width / entry.height];
    return Math.abs(here / there - 1) < 0.02 ? bitmap : null;
  } catch {
    return null;
  }
}

/** The first picture among dropped or pasted things; null without one. */
export function pictureOf(transfer) {
  const files = [...(transfer ? transfer.files : [])];
  return files.find((file) => file.type.startsWith("image/")) || files[0] || null;
}
