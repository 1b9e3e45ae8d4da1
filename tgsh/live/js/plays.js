// Claims of the chapters to play with: the sign of the contexts, a context between two tasks, Eq. 3, and a hash table.

import { Pad, readStrokes, writeStrokes } from "./pad.js";
import { element, menu, picture, slider } from "./parts.js";
import { bar, count, Play, round, rows, stretched } from "./play.js";

/** The sign of contexts: the similarities of Definition 1 stay, the answers do not. */
class Sign extends Play {
  title = "Flip the sign of contexts";

  lay() {
    this.task = this.tasks("Task");
    this.which = menu("Flip", [["all", "all contexts"], ["one", "the context of this task alone"]], "all", () => this.update());
    this.flip = element("button", { type: "button", onclick: () => (this.press(!this.flipped), this.update()) }, "Flip the sign");
    this.press(false);
    const self = this;
    const pressed = {
      get value() {
        return Number(self.flipped);
      },
      set value(to) {
        self.press(to === "1");
      },
    };
    this.settings = { task: this.task.select, which: this.which.select, flipped: pressed };
    this.shown = Array.from({ length: 10 }, () => ({ canvas: picture(" "), caption: element("figcaption") }));
    this.table = rows("", ["test images read right", "similarity within the task", "similarity to other tasks"]);
    const pictures = this.shown.map(({ canvas, caption }) => element("figure", {}, canvas, caption));
    return [
      [this.task.label, this.which.label, this.flip],
      [element("div", { class: "pictures" }, ...pictures), this.table.element],
    ];
  }

  press(to) {
    this.flipped = to;
    this.flip.setAttribute("aria-pressed", to);
  }

  async answer() {
    const { angles, labels, images } = this.known;
    const task = Number(this.task.select.value);
    const all = this.which.select.value === "all";
    const signs = angles.map((_, t) => (all || t === task ? -1 : 1));
    const ones = angles.map(() => 1);
    const [kept, flipped] = await this.ask("read", { degrees: angles[task], mixes: [[[task, 1]], [[task, -1]]] });
    const [before, after] = [await this.ask("similar", { task, signs: ones }), await this.ask("similar", { task, signs })];
    const read = this.flipped ? flipped : kept;
    const { turned } = await this.ask("turn", { degrees: angles[task], count: 10 });
    this.shown.forEach(({ canvas, caption }, n) => {
      canvas.paint(turned.subarray(784 * n, 784 * (n + 1)));
      canvas.setAttribute("aria-label", `A ${labels[n]}, turned by ${angles[task]}°, read as ${read[n]}`);
      caption.textContent = `${labels[n]} → ${read[n]}`;
    });
    const cells = (read, { within, between }) => [this.right(read), within.toFixed(3), between.toFixed(3)];
    const table = { "as trained": cells(kept, before), flipped: cells(flipped, after) };
    this.table.show(table, this.flipped ? "flipped" : "as trained");
    const now = this.flipped ? after : before;
    Object.assign(this.el.dataset, { right: count(read, labels), within: now.within, between: now.between });
    const [right, within, between] = table[this.flipped ? "flipped" : "as trained"];
    const what = all ? "the signs of all contexts" : `the sign of the context of ${angles[task]}°`;
    return (
      `${this.flipped ? `With ${what} flipped` : "With the signs as trained"}, ${right} test images turned by ${angles[task]}° are read ` +
      `right. Their representations have a mean cosine similarity of ${within} with each other, and of ${between} with those of the other tasks.`
    );
  }
}

/** A context mixed from those of two tasks, at the angle between. */
class Between extends Play {
  title = "Mix the contexts of two tasks";

  lay() {
    const again = () => this.update();
    const steps = this.known.angles.map((_, t) => t).filter((t) => t > 0 && t * this.step < 180);
    const usual = steps.filter((t) => t * this.step <= 20).at(-1) ?? 1;
    this.task = this.tasks("First task");
    this.apart = menu("Second task", steps.map((t) => [t, `${round(t * this.step)}° further`]), usual, again);
    this.share = slider("Share of the second context", " %", { min: 0, max: 100, step: 5, value: 50 }, again);
    this.settings = { task: this.task.select, apart: this.apart.select, share: this.share.input };
    this.table = rows("context", ["test images read right", ""]);
    return [[this.task.label, this.apart.label, this.share.label], [this.table.element]];
  }

  async answer() {
    this.share.set(this.share.input.value); // an address may have set it
    const { angles, labels } = this.known;
    const T = angles.length;
    const [first, apart] = [Number(this.task.select.value), Number(this.apart.select.value)];
    const second = (first + apart) % T;
    const share = this.share.value / 100;
    const degrees = round((angles[first] + share * apart * this.step) % 360);
    const at = Math.round(degrees / this.step) % T;
    const isKnown = Math.abs(degrees - angles[at]) < 1e-3;
    const nearest = share <= 0.5 ? first : second;
    const wrong = (nearest + Math.round(T / 2)) % T; // about upside down
    const contexts = {
      [`mixed: ${Math.round(100 - 100 * share)} % of ${angles[first]}°, ${Math.round(100 * share)} % of ${angles[second]}°`]: [[first, 1 - share], [second, share]],
      ...(isKnown ? { [`trained at ${degrees}°`]: [[at, 1]] } : {}),
      [`nearest of the two: ${angles[nearest]}°`]: [[nearest, 1]],
      [`a wrong one: ${angles[wrong]}°`]: [[wrong, 1]],
    };
    const read = await this.ask("read", { degrees, mixes: Object.values(contexts) });
    const right = read.map((digits) => count(digits, labels));
    const table = Object.keys(contexts).map((name, i) => [name, [this.right(read[i]), bar(right[i] / labels.length)]]);
    this.table.show(Object.fromEntries(table));
    Object.assign(this.el.dataset, { degrees, right: right.join(" ") });
    const trained = isKnown ? `the context trained there ${right[1]}` : "no context was trained there";
    const [near, far] = right.slice(-2);
    return (
      `Test images turned by ${degrees}°, an angle between ${angles[first]}° and ${angles[second]}°: the mixed context reads ${this.right(read[0])} ` +
      `right; ${trained}; the nearest of the two, ${near}; a wrong one, of ${angles[wrong]}°, ${far}.`
    );
  }
}

/** Eq. 3 with a task, a class and a noise of the reader's choice. */
class Eq3 extends Play {
  title = "Reconstruct a digit by Eq. 3";

  lay() {
    const again = () => this.update();
    const digits = Array.from({ length: 10 }, (_, k) => [k, k]);
    const noises = [["none", "none"], ["notebook", "the notebook's, 1/H"], ["eq3", "that of Eq. 3, √(1/H)"], ["own", "by the slider"]];
    this.task = this.tasks("Task");
    this.digit = menu("Class", digits, 3, again);
    this.noise = menu("Standard deviation of the noise", noises, "notebook", again);
    this.size = slider("Slider for the noise", " √(1/H)", { min: 0, max: 2, step: 0.1, value: 1 }, () => ((this.noise.select.value = "own"), again()));
    this.seed = element("input", { type: "number", min: 0, max: 9999, step: 1, value: 0, onchange: again });
    const next = () => ((this.seed.value = (Number(this.seed.value) + 1) % 10000), again());
    this.settings = { task: this.task.select, digit: this.digit.select, noise: this.noise.select, size: this.size.input, seed: this.seed };
    [this.made, this.mean] = [picture(" "), picture(" ")];
    const figures = [[this.made, "Eq. 3, on its own grey scale"], [this.mean, "mean test image of the class"]];
    return [
      [
        ...[this.task.label, this.digit.label, this.noise.label, this.size.label, element("label", {}, "Seed ", this.seed)],
        element("button", { type: "button", onclick: next }, "Next noise"),
      ],
      [element("div", { class: "pictures large" }, ...figures.map(([canvas, text]) => element("figure", {}, canvas, element("figcaption", {}, text))))],
    ];
  }

  async answer() {
    this.size.set(this.size.input.value);
    const { angles, H } = this.known;
    const task = Number(this.task.select.value);
    const digit = Number(this.digit.select.value);
    const seed = Math.abs(Math.trunc(Number(this.seed.value))) || 0;
    const deviation = { none: 0, notebook: 1 / H, eq3: H ** -0.5, own: this.size.value * H ** -0.5 }[this.noise.select.value];
    const { image, mean, correlation } = await this.ask("reconstruct", { task, digit, deviation, seed });
    this.made.paint(stretched(image)).setAttribute("aria-label", `Reconstruction of a ${digit} at ${angles[task]}°`);
    this.mean.paint(mean).setAttribute("aria-label", `Mean test image of the class ${digit}, turned by ${angles[task]}°`);
    Object.assign(this.el.dataset, { correlation, deviation, seed });
    const noise = deviation ? `noise of standard deviation ${deviation.toPrecision(2)} (seed ${seed})` : "no noise";
    return (
      `Eq. 3 for the class ${digit} under the context of ${angles[task]}°, with ${noise}: over its pixels, the picture correlates ` +
      `by ${correlation.toFixed(2)} with the mean test image of this class at this angle.`
    );
  }
}

/** A hash table that a drawing is looked up in, and put into. */
class HashTable extends Play {
  title = "Look a drawing up in a hash table";
  nearest = 8; // items shown

  lay() {
    const again = () => this.update();
    const kinds = [["told", "r, the context told"], ["inferred", "r, the context inferred"], ["hidden", "s(W1 x), no context"], ["pixels", "the pixels"]];
    this.pad = new Pad(this.known, again);
    this.turn = slider("Turn the image", "°", { min: 0, max: 355, step: 5, value: 30 }, again);
    this.kind = menu("Hash", kinds, "told", again);
    this.bits = menu("Bits", [8, 16, 32, 64].map((bits) => [bits, bits]), 16, again);
    const put = element("button", { type: "button", onclick: () => this.store(this.pad.image) }, "Put it into the table");
    const out = element("button", { type: "button", onclick: () => this.store() }, "Take mine out");
    const { pad } = this;
    const drawn = {
      get value() {
        return writeStrokes(pad.strokes);
      },
      set value(text) {
        const strokes = readStrokes(text);
        if (strokes.length) pad.draw(strokes);
      },
    };
    const example = {
      get value() {
        return pad.shown ?? "none";
      },
      set value(n) {
        if (/^\d+$/.test(n) && n in pad.known.labels) pad.show(Number(n));
      },
    };
    this.settings = { hash: this.kind.select, bits: this.bits.select, turn: this.turn.input, example, draw: drawn };
    this.seen = picture(" ");
    this.shown = Array.from({ length: this.nearest }, () => ({ canvas: picture(" "), caption: element("figcaption") }));
    const figure = (canvas, caption) => element("figure", {}, canvas, caption);
    pad.takeExample(7);
    return [
      [this.turn.label, this.kind.label, this.bits.label, put, out],
      [
        element("div", { class: "beside" }, element("div", {}, pad.canvas, pad.controls), figure(this.seen, element("figcaption", {}, "what is hashed"))),
        element("div", { class: "pictures" }, ...this.shown.map(({ canvas, caption }) => figure(canvas, caption))),
      ],
    ];
  }

  async store(image) {
    await this.ask("store", image ? { image, degrees: this.turn.value } : {});
    this.update();
  }

  async answer() {
    this.turn.set(this.turn.input.value);
    const kind = this.kind.select.value;
    const [bits, degrees] = [Number(this.bits.select.value), this.turn.value];
    const found = await this.ask("find", { image: this.pad.image, degrees, kind, bits, count: this.nearest });
    const { turned, code, task, size, nearest, inBucket } = found;
    this.seen.paint(turned).setAttribute("aria-label", `The image that is hashed, turned by ${degrees}°`);
    this.shown.forEach(({ canvas, caption }, i) => {
      const { shown, digit, degrees, distance } = nearest[i];
      const what = digit === null ? "yours" : digit;
      caption.textContent = `${what} at ${round(degrees)}°: ${distance}`;
      canvas.paint(shown).setAttribute("aria-label", `${digit === null ? "Your drawing" : `A ${digit}`}, turned by ${round(degrees)}°, ${distance} bits away`);
    });
    const near = (angle) => Math.abs(((angle - degrees + 540) % 360) - 180) <= NEAR;
    const same = nearest.filter((item) => near(item.degrees)).length;
    const text = [...code].join("").replace(/.{8}(?=.)/g, "$& ");
    const own = inBucket.filter(near).length;
    const order = nearest.map(({ n, distance }) => `${n}:${distance}`).join(" ");
    Object.assign(this.el.dataset, { code: [...code].join(""), task, size, bucket: inBucket.length, own, nearest: order });
    const under = { told: `of ${this.known.angles[task]}°, as told`, inferred: `of ${this.known.angles[task]}°, inferred` }[kind];
    const digits = nearest.map(({ digit }) => digit ?? "yours").join(", ");
    return (
      `Code${under ? ` under the context ${under}` : ""}: ${text}. Of the ${size} items of the table, ${inBucket.length} ` +
      `${inBucket.length === 1 ? "has" : "have"} the same code, and ${own} of them ${own === 1 ? "is" : "are"} turned like this image, ` +
      `within ${NEAR}°. Of the ${nearest.length} nearest items, ${same} ${same === 1 ? "is" : "are"} turned so. The digits, from the nearest: ${digits}.`
    );
  }
}

const NEAR = 20; // degrees
const PLAYS = { sign: Sign, between: Between, eq3: Eq3, hash: HashTable };

/** @param {{model: {get(name: string): any, worker(): Worker}, el: Element}} given `play` names one of PLAYS. */
export function render({ model, el }) {
  const play = new PLAYS[model.get("play")](model, el);
  return () => play.worker.terminate();
}
