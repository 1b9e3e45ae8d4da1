// The live network as a widget: a pad to draw on, a dial, the ring of contexts, and a context trained in the page.
//
// `render` is what anywidget asks for. In a page without a kernel, live.js calls it with a stand-in model.

import { softmax } from "./flynet.js";
import { drawStrokes } from "./images.js";
import { readAddress, writeAddress } from "./address.js";
import { asker, bars, element, largest, picture, ring, slider } from "./parts.js";
import { TrainingPanel } from "./training.js";

const SHOWN = ["named", "inferred", "wrong"];
const TITLES = { named: "context named", inferred: "context inferred", wrong: "a wrong context" };

/** @param {{model: {get(name: string): any, set?: Function, save_changes?: Function, worker(): Worker}, el: Element}} given */
export function render({ model, el }) {
  const lab = new Lab(model, el);
  return () => lab.close();
}

class Lab {
  constructor(model, el) {
    Object.assign(this, { el, strokes: [], image: new Uint8Array(784) });
    this.worker = model.worker();
    this.ask = asker(this.worker, (progress) => this.training.show(progress));
    const { buffer, byteOffset, byteLength } = model.get("tensors");
    this.ask("load", { buffer: buffer.slice(byteOffset, byteOffset + byteLength) }).then(
      (known) => this.start(known),
      (error) => el.replaceChildren(element("p", { role: "alert" }, `The live network does not start: ${error.message}`)),
    );
  }

  close() {
    this.worker.terminate();
  }

  start(known) {
    this.known = known;
    this.step = 360 / known.angles.length;
    this.training = new TrainingPanel(this.ask, known, this.el);
    this.el.replaceChildren(this.layPad(), this.layAnswers(), this.training.section);
    this.reset();
    this.restore(readAddress(location.hash));
    this.el.addEventListener("input", () => this.remember());
    this.el.addEventListener("click", () => this.remember());
    this.el.addEventListener("pointerup", () => this.remember());
  }

  // the address

  /** Controls whose values the address holds, by their name in it. */
  get settings() {
    const { dial, name, follows } = this;
    const { angle, second, width, epochs, rate, both, shuffled } = this.training;
    const value = { turn: dial.input, named: name.input, angle: angle.input, second: second.input };
    const chosen = { width: width.select, epochs: epochs.select, rate: rate.select };
    const ticked = { follows, both, shuffled };
    return { value: { ...value, ...chosen }, ticked };
  }

  /** Write what is set into the address of the page. */
  remember() {
    const { value, ticked } = this.settings;
    const all = Object.entries(value).map(([name, { value: set }]) => [name, set]);
    all.push(...Object.entries(ticked).map(([name, { checked }]) => [name, Number(checked)]));
    if (this.example) all.push(["example", this.shownExample]);
    history.replaceState(null, "", writeAddress({ ...Object.fromEntries(all), strokes: this.strokes }));
  }

  /** Set what an address says. A setting that is not there stays; one that makes no sense is passed over. */
  restore(given) {
    if (!given) return;
    const { value, ticked } = this.settings;
    for (const [name, control] of Object.entries(value)) {
      const before = control.value;
      if (name in given) control.value = given[name];
      if (!control.value) control.value = before; // no such choice
      control.oninput?.();
    }
    for (const [name, box] of Object.entries(ticked)) if (name in given) box.checked = given[name] === "1";
    const example = Number(given.example);
    if (given.strokes.length) {
      this.clear();
      this.strokes = given.strokes;
      this.drawn();
    } else if ("example" in given && example in this.known.labels) {
      this.show(example);
    }
    this.training.prepare();
  }

  // the pad

  layPad() {
    this.pad = element("canvas", { width: 280, height: 280, class: "pad", tabindex: 0, role: "img" });
    this.pad.setAttribute("aria-label", "Pad: draw a digit with mouse, finger or pen, or press a digit on the keyboard");
    const point = (event) => {
      const box = this.pad.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    };
    this.pad.onpointerdown = (event) => {
      this.pad.setPointerCapture(event.pointerId);
      if (this.example) this.clear();
      this.strokes.push([point(event)]);
      this.drawn();
    };
    this.pad.onpointermove = (event) => {
      if (!this.pad.hasPointerCapture(event.pointerId)) return;
      for (const part of event.getCoalescedEvents?.() ?? [event]) this.strokes.at(-1).push(point(part));
      this.drawn();
    };
    this.pad.onkeydown = ({ key }) => {
      if (/^[0-9]$/.test(key)) this.takeExample(Number(key));
    };
    const button = (text, act) => element("button", { type: "button", onclick: act }, text);
    const digits = Array.from({ length: 10 }, (_, k) => element("option", { value: k }, String(k)));
    this.digit = element("select", { onchange: () => this.takeExample(Number(this.digit.value)) }, ...digits);
    this.dial = slider("Turn the image", "°", { min: 0, max: 355, step: 5 }, () => this.look());
    this.name = slider("Context named", "°", { min: 0, max: 360 - this.step, step: this.step }, () => this.rename());
    this.follows = element("input", { type: "checkbox", checked: true, onchange: () => this.look() });
    this.seen = picture("What the network sees, turned: 28 by 28 pixels");
    return element(
      "section",
      { "aria-label": "Draw a digit and turn it" },
      this.pad,
      element(
        "div",
        { class: "controls" },
        button("Clear", () => (this.clear(), this.look())),
        button("Next example", () => this.takeExample(this.known.labels[this.shownExample], true)),
        button("Reset", () => this.reset()),
        element("label", {}, "Example of a ", this.digit),
        this.dial.label,
        this.name.label,
        element("label", {}, this.follows, " name the context of the turn"),
      ),
      element("figure", {}, this.seen, element("figcaption", {}, "what the network sees")),
    );
  }

  clear() {
    this.strokes = [];
    this.example = false;
    this.image = new Uint8Array(784);
  }

  /** A new stroke, or more of one. */
  drawn() {
    this.image = drawStrokes(this.strokes);
    this.look();
  }

  /** Show a test image of a class: the first, or the one after the image that is shown. */
  takeExample(k, next = false) {
    const { labels } = this.known;
    const all = [...labels.keys()].filter((n) => labels[n] === k);
    this.show(all[next ? (all.indexOf(this.shownExample) + 1) % all.length : 0]);
  }

  /** Show the test image of this number. */
  show(n) {
    this.shownExample = n;
    this.strokes = [];
    this.example = true;
    this.digit.value = String(this.known.labels[n]);
    this.image = this.known.images.slice(n * 784, (n + 1) * 784);
    this.look();
  }

  rename() {
    this.follows.checked = false;
    this.look();
  }

  reset() {
    this.follows.checked = true;
    this.dial.set(40);
    this.takeExample(7);
    this.training.prepare();
  }

  paintPad() {
    const pen = this.pad.getContext("2d");
    pen.fillStyle = "black";
    pen.fillRect(0, 0, 280, 280);
    if (this.example) {
      const small = picture("").paint(this.image);
      pen.imageSmoothingEnabled = false;
      pen.drawImage(small, 0, 0, 280, 280);
      return;
    }
    Object.assign(pen, { strokeStyle: "white", fillStyle: "white", lineWidth: 20, lineCap: "round", lineJoin: "round" });
    for (const stroke of this.strokes) {
      pen.beginPath();
      for (const [x, y] of [stroke[0], ...stroke]) pen.lineTo(280 * x, 280 * y);
      pen.stroke();
    }
  }

  // the answers

  layAnswers() {
    this.ring = ring(this.known.angles, (t) => (this.name.set(this.known.angles[t]), this.rename()));
    this.answers = Object.fromEntries(SHOWN.map((which) => [which, bars(TITLES[which])]));
    const choice = (value, text) => {
      const input = element("input", { type: "radio", name: "tgsh-score", value, onchange: () => this.tell() });
      if (value === "gaussian") input.checked = true;
      return element("label", {}, input, ` ${text}`);
    };
    this.scores = element(
      "fieldset",
      { class: "scores" },
      element("legend", {}, "Light the ring by"),
      choice("gaussian", "likelihood of the features (Gaussians)"),
      choice("entropy", "certainty of the output (entropy)"),
    );
    this.said = element("p", { "aria-live": "polite", class: "said" });
    const rows = SHOWN.map((which) => this.answers[which].figure);
    return element("section", { "aria-label": "What the network answers" }, this.ring.figure, this.scores, ...rows, this.said);
  }

  /** Ask the worker about the image as it is now; while it answers, later questions wait and only the last is asked. */
  async look() {
    this.paintPad();
    if (this.follows.checked) this.name.set((Math.round(this.dial.value / this.step) * this.step) % 360);
    if (this.asking) return void (this.again = true);
    this.asking = true;
    this.el.ariaBusy = "true";
    do {
      this.again = false;
      this.answer = await this.ask("look", { image: this.image, degrees: this.dial.value });
    } while (this.again);
    this.asking = false;
    this.tell();
    this.el.ariaBusy = "false";
  }

  /** Show the answers: in pictures, and in a sentence. */
  tell() {
    const { outputs, scores, direct, turned } = this.answer;
    const { angles } = this.known;
    const score = scores[this.scores.querySelector("input:checked").value];
    const inferred = largest(score);
    const named = angles.indexOf(this.name.value);
    const wrong = (named + Math.round(angles.length / 2)) % angles.length; // upside down
    this.seen.paint(turned);
    this.ring.light(softmax(Float64Array.from(score)), named, inferred);
    const chosen = { named, inferred, wrong };
    for (const which of SHOWN) this.answers[which].show(outputs[chosen[which]], `${angles[chosen[which]]}°`);
    const empty = !this.image.some((value) => value);
    const read = (p) => `${largest(p)} (${Math.round(100 * Math.max(...p))}\u00a0%)`;
    this.el.dataset.inferred = empty ? "" : angles[inferred];
    this.el.dataset.digit = empty ? "" : largest(outputs[named]);
    this.said.textContent = empty
      ? "The pad is empty: draw a digit, or take an example."
      : `Under the context of ${angles[named]}° this is a ${read(outputs[named])}. The context inferred is that of ` +
        `${angles[inferred]}°; under it, a ${read(outputs[inferred])}. Under the context of ${angles[wrong]}°, a ` +
        `${read(outputs[wrong])}. With no context at all, by the Gaussians alone: ${read(direct)}.`;
  }
}
