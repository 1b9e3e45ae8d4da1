// The live network as a widget: a pad to draw on, a dial, the ring of contexts, and a context trained in the page.

import { softmax } from "./flynet.js";
import { Pad, readAddress, writeAddress } from "./pad.js";
import { asker, bars, dial, element, largest, loadTensors, picture, ring, slider } from "./parts.js";
import { TrainingPanel } from "./training.js";

const SHOWN = ["named", "inferred", "wrong"];
const TITLES = { named: "context named", inferred: "context inferred", wrong: "a wrong context" };
let labs = 0; // in this page

/**
 * Of the model: `tensors`, and `linked`, whether the address of the page holds what is set. It is told `drawing`, what is on
 * the pad, and `trained`, the contexts trained here, as the bytes of a safetensors file.
 */
export function render({ model, el }) {
  let lab = new Lab(model, el);
  model.on("change:tensors", () => {
    lab.close();
    lab = new Lab(model, el);
  });
  return () => lab.close();
}

class Lab {
  constructor(model, el) {
    Object.assign(this, { model, el, number: ++labs });
    this.worker = model.worker();
    this.ask = asker(this.worker, (progress) => this.training.show(progress));
    loadTensors(this.ask, model)
      .then((known) => this.start(known))
      .catch((error) => el.replaceChildren(element("p", { role: "alert" }, `The live network does not start: ${error.message}`)));
  }

  close() {
    this.worker.terminate();
  }

  start(known) {
    this.known = known;
    this.step = 360 / known.angles.length;
    this.pad = new Pad(known, () => this.look());
    this.training = new TrainingPanel(this.ask, known, this.el, (contexts) => this.tellContexts(contexts));
    this.el.replaceChildren(this.layPad(), this.layAnswers(), this.training.section);
    this.reset();
    this.pad.share(this.model);
    if (!this.model.get("linked")) return;
    this.restore(readAddress(location.hash));
    for (const event of ["input", "click", "pointerup", "keyup"]) this.el.addEventListener(event, () => this.remember());
  }

  /** Tell Python of the contexts in training: the bytes of a file, none before the first batch. */
  tellContexts(file) {
    this.model.set("trained", new DataView(file.buffer));
    this.model.save_changes();
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
    if (this.pad.shown !== null) all.push(["example", this.pad.shown]);
    history.replaceState(null, "", writeAddress({ ...Object.fromEntries(all), strokes: this.pad.strokes }));
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
    if (given.strokes.length) this.pad.draw(given.strokes);
    else if ("example" in given && example in this.known.labels) this.pad.show(example);
    this.training.prepare();
  }

  // the pad

  layPad() {
    this.dial = slider("Turn the image", "°", { min: 0, max: 355, step: 5 }, () => this.look());
    this.name = slider("Context named", "°", { min: 0, max: 360 - this.step, step: this.step }, () => this.rename());
    this.follows = element("input", { type: "checkbox", checked: true, onchange: () => this.look() });
    this.seen = picture("What the network sees, turned: 28 by 28 pixels");
    this.pad.controls.append(
      element("button", { type: "button", onclick: () => this.reset() }, "Reset"),
      this.dial.label,
      this.name.label,
      element("label", {}, this.follows, " name the context of the turn"),
    );
    const seen = element("figure", {}, this.seen, element("figcaption", {}, "what the network sees"));
    const turning = element("figure", {}, dial("Dial to turn the image", this.dial), element("figcaption", {}, "turn it"));
    return element(
      "section",
      { "aria-label": "Draw a digit and turn it" },
      this.pad.canvas,
      this.pad.controls,
      element("div", { className: "beside" }, turning, seen),
    );
  }

  rename() {
    this.follows.checked = false;
    this.look();
  }

  reset() {
    this.follows.checked = true;
    this.dial.set(40);
    this.pad.takeExample(7);
    this.training.prepare();
  }

  // the answers

  layAnswers() {
    this.ring = ring(this.known.angles, (t) => (this.name.set(this.known.angles[t]), this.rename()));
    this.answers = Object.fromEntries(SHOWN.map((which) => [which, bars(TITLES[which])]));
    const choice = (value, text) => {
      const input = element("input", { type: "radio", name: `tgsh-score-${this.number}`, value, onchange: () => this.tell() });
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
    if (this.follows.checked) this.name.set((Math.round(this.dial.value / this.step) * this.step) % 360);
    if (this.asking) return void (this.again = true);
    this.asking = true;
    this.el.ariaBusy = "true";
    do {
      this.again = false;
      this.answer = await this.ask("look", { image: this.pad.image, degrees: this.dial.value });
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
    const named = Math.round(this.name.value / this.step) % angles.length;
    const wrong = (named + Math.round(angles.length / 2)) % angles.length; // upside down
    this.seen.paint(turned);
    this.ring.light(softmax(Float64Array.from(score)), named, inferred);
    const chosen = { named, inferred, wrong };
    for (const which of SHOWN) this.answers[which].show(outputs[chosen[which]], `${angles[chosen[which]]}°`);
    const { isEmpty } = this.pad;
    const read = (p) => `${largest(p)} (${Math.round(100 * Math.max(...p))}\u00a0%)`;
    this.el.dataset.inferred = isEmpty ? "" : angles[inferred];
    this.el.dataset.digit = isEmpty ? "" : largest(outputs[named]);
    this.said.textContent = isEmpty
      ? "The pad is empty: draw a digit, or take an example."
      : `Under the context of ${angles[named]}° this is a ${read(outputs[named])}. The context inferred is that of ` +
        `${angles[inferred]}°; under it, a ${read(outputs[inferred])}. Under the context of ${angles[wrong]}°, a ` +
        `${read(outputs[wrong])}. With no context at all, by the Gaussians alone: ${read(direct)}.`;
  }
}
