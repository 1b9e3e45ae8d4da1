// What a reader has set, in the address of the page, so that it can be linked, and is there again after reloading.

const FINE = 200; // places across the pad that an address tells apart

/** Settings by name, from the part of an address after "#"; null where it holds none of ours. */
export function readAddress(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  if (given.get("live") !== "1") return null;
  return { ...Object.fromEntries(given), strokes: readStrokes(given.get("draw") ?? "") };
}

/** The part of an address after "#" for settings by name, and strokes. */
export function writeAddress({ strokes, ...settings }) {
  const draw = strokes.map((stroke) => stroke.map((point) => point.map((v) => Math.round(FINE * v)).join(".")).join("-"));
  return `#${new URLSearchParams({ live: 1, ...settings, ...(draw.length ? { draw: draw.join("_") } : {}) })}`;
}

function readStrokes(text) {
  const strokes = text.split("_").map((stroke) => stroke.split("-").map((point) => point.split(".").map((v) => v / FINE)));
  return strokes.filter((stroke) => stroke.every((point) => point.length === 2 && point.every(Number.isFinite)));
}
