// The pad to draw a digit on, as a part of other figures and as a widget of its own; and what a reader has drawn and set,
// in the address of the page, so that it can be linked, and is there again after reloading.

import { PIXELS } from "./flynet.js";
import { drawStrokes } from "./images.js";
import { bytesOf, element, picture } from "./parts.js";

const SIZE = 280; // of the canvas
const FINE = 200; // places across the pad that an address tells apart

/** A pad alone; `drawing` of the model is what is on it, 784 bytes. */
export function render({ model, el }) {
  const known = { images: bytesOf(model.get("examples")), labels: [...bytesOf(model.get("labels"))] };
  const said = element("p", { "aria-live": "polite", class: "said" });
  const say = () => (said.textContent = `The image of the pad is ${pad.isEmpty ? "empty" : "this drawing"}.`);
  const pad = new Pad(known, say);
  el.replaceChildren(element("section", { "aria-label": "Draw a digit" }, pad.canvas, pad.controls, said));
  pad.share(model);
  say();
}

/** `canvas` and `controls` to lay out, `image` to read: (784), 0 to 255, the drawing in MNIST's format, upright. */
export class Pad {
  /**
   * @param {{images: Uint8Array, labels: number[]}} known examples: (N, 784), and their digits.
   * @param {function()} changed is called after each change of the image.
   */
  constructor(known, changed) {
    Object.assign(this, { known, changed, strokes: [], image: new Uint8Array(PIXELS), shown: null });
    this.canvas = element("canvas", { width: SIZE, height: SIZE, class: "pad", tabindex: 0, role: "img" });
    this.canvas.setAttribute("aria-label", "Pad: draw a digit with mouse, finger or pen, or press a digit on the keyboard");
    this.listen();
    const button = (text, act) => element("button", { type: "button", onclick: act }, text);
    const digits = Array.from({ length: 10 }, (_, k) => element("option", { value: k }, String(k)));
    this.digit = element("select", { onchange: () => this.takeExample(Number(this.digit.value)) }, ...digits);
    this.parts = [
      button("Clear", () => this.clear()),
      button("Next example", () => this.takeExample(Number(this.digit.value), true)),
      element("label", {}, "Example of a ", this.digit),
    ];
    this.controls = element("div", { class: "controls" }, ...this.parts);
    this.paint();
  }

  listen() {
    const { canvas } = this;
    const point = (event) => {
      const box = canvas.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    };
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.draw([...this.strokes, [point(event)]]);
    };
    canvas.onpointermove = (event) => {
      if (!canvas.hasPointerCapture(event.pointerId) || !this.strokes.length) return;
      const parts = event.getCoalescedEvents?.() ?? [];
      for (const part of parts.length ? parts : [event]) this.strokes.at(-1).push(point(part));
      this.draw(this.strokes);
    };
    canvas.onkeydown = ({ key }) => {
      if (/^[0-9]$/.test(key)) this.takeExample(Number(key));
    };
  }

  get isEmpty() {
    return !this.image.some((value) => value);
  }

  clear() {
    this.draw([]);
  }

  /** Show strokes, lists of points [x, y] from 0 to 1 across the pad. */
  draw(strokes) {
    this.strokes = strokes;
    this.put(drawStrokes(strokes));
  }

  /** Show an example of a class: the first, or the one after the example that is shown. */
  takeExample(k, next = false) {
    const { labels } = this.known;
    const all = [...labels.keys()].filter((n) => labels[n] === k);
    if (all.length) this.show(all[next ? (all.indexOf(this.shown) + 1) % all.length : 0]);
  }

  /** Show the example of this number. */
  show(n) {
    this.strokes = [];
    this.digit.value = String(this.known.labels[n]);
    this.put(this.known.images.slice(n * PIXELS, (n + 1) * PIXELS), n);
  }

  /** Show an image (784), no strokes. */
  put(image, shown = null) {
    Object.assign(this, { image, shown });
    this.paint();
    this.tell?.();
    this.changed();
  }

  paint() {
    const pen = this.canvas.getContext("2d");
    pen.fillStyle = "black";
    pen.fillRect(0, 0, SIZE, SIZE);
    if (!this.strokes.length) {
      if (this.isEmpty) return;
      pen.imageSmoothingEnabled = false;
      pen.drawImage(picture("").paint(this.image), 0, 0, SIZE, SIZE);
      return;
    }
    Object.assign(pen, { strokeStyle: "white", lineWidth: 20, lineCap: "round", lineJoin: "round" });
    for (const stroke of this.strokes) {
      pen.beginPath();
      for (const [x, y] of [stroke[0], ...stroke]) pen.lineTo(SIZE * x, SIZE * y);
      pen.stroke();
    }
  }

  /** Keep `drawing` of a model and the pad equal, from now on. */
  share(model) {
    const read = () => {
      const given = bytesOf(model.get("drawing"));
      if (given?.length !== PIXELS || given.every((value, p) => value === this.image[p])) return;
      this.strokes = [];
      this.put(given);
    };
    this.tell = () => {
      model.set("drawing", new DataView(this.image.slice().buffer));
      model.save_changes();
    };
    model.on("change:drawing", read);
    if (bytesOf(model.get("drawing"))?.length) read();
    else this.tell();
  }
}

/** Settings by name, from the part of an address after "#"; null where it holds none of ours. */
export function readAddress(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  if (given.get("live") !== "1") return null;
  return { ...Object.fromEntries(given), strokes: readStrokes(given.get("draw") ?? "") };
}

/** The part of an address after "#" for settings by name, and strokes. */
export function writeAddress({ strokes, ...settings }) {
  return `#${new URLSearchParams({ live: 1, ...settings, ...(strokes.length ? { draw: writeStrokes(strokes) } : {}) })}`;
}

/** Strokes as text of an address. */
export function writeStrokes(strokes) {
  return strokes.map((stroke) => stroke.map((point) => point.map((v) => Math.round(FINE * v)).join(".")).join("-")).join("_");
}

/** Strokes from text; what makes no sense is passed over. */
export function readStrokes(text) {
  const strokes = text.split("_").map((stroke) => stroke.split("-").map((point) => point.split(".").map((v) => v / FINE)));
  return strokes.filter((stroke) => stroke.every((point) => point.length === 2 && point.every(Number.isFinite)));
}
