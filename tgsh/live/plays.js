// Claims of the chapters to play with, each a few controls, a picture and a sentence: the sign of the contexts, a context
// between two tasks, and Eq. 3. They share a frame, the worker of the live network and its tensors.

import { asker, element, menu, picture, slider } from "./parts.js";

/** @param {{model: {get(name: string): any, worker(): Worker}, el: Element}} given `play` names one of PLAYS below. */
export function render({ model, el }) {
  const play = new PLAYS[model.get("play")](model, el);
  return () => play.worker.terminate();
}

/**
 * The frame. A play defines `title`; `lay()`, which sets `settings` (controls by their name in the address) and returns
 * the elements of controls and of pictures; and `answer()`, which asks the worker, shows the answer, and returns a sentence.
 */
class Play {
  constructor(model, el) {
    Object.assign(this, { el, name: model.get("play"), worker: model.worker() });
    this.ask = asker(this.worker);
    const { buffer, byteOffset, byteLength } = model.get("tensors");
    this.ask("load", { buffer: buffer.slice(byteOffset, byteOffset + byteLength) })
      .then((known) => this.start(known))
      .catch((error) => el.replaceChildren(element("p", { role: "alert" }, `This does not start: ${error.message}`)));
  }

  start(known) {
    this.known = known;
    this.step = 360 / known.angles.length;
    const [controls, pictures] = this.lay();
    this.said = element("p", { "aria-live": "polite", class: "said" });
    const row = element("div", { class: "controls" }, ...controls);
    this.el.replaceChildren(element("section", { "aria-label": this.title }, row, ...pictures, this.said));
    this.restore();
    for (const event of ["input", "click"]) this.el.addEventListener(event, () => this.remember());
    return this.update();
  }

  /** Answer for the settings as they are now; while the worker answers, later changes wait and only the last is asked. */
  async update() {
    if (this.asking) return void (this.again = true);
    this.asking = true;
    this.el.ariaBusy = "true";
    let sentence;
    do {
      this.again = false;
      sentence = await this.answer();
    } while (this.again);
    this.asking = false;
    this.said.textContent = sentence;
    this.el.ariaBusy = "false";
  }

  /** Write the settings into the address of the page. */
  remember() {
    const set = Object.entries(this.settings).map(([name, { value }]) => [name, value]);
    history.replaceState(null, "", `#${new URLSearchParams({ play: this.name, ...Object.fromEntries(set) })}`);
  }

  /** Set what the address says of this play; what makes no sense is passed over. */
  restore() {
    const given = new URLSearchParams(location.hash.slice(1));
    if (given.get("play") !== this.name) return;
    for (const [name, control] of Object.entries(this.settings)) {
      const before = control.value;
      if (given.has(name)) control.value = given.get(name);
      if (control.value === "") control.value = before; // no such choice
    }
  }

  /** A menu of the tasks. */
  tasks(text) {
    const again = () => this.update();
    return menu(text, this.known.angles.map((angle, t) => [t, `${angle}°`]), 0, again);
  }

  /** How many of the test images are read right, as words: `57 of 60`. */
  right(read) {
    return `${count(read, this.known.labels)} of ${read.length}`;
  }
}

function count(read, labels) {
  return read.filter((digit, n) => digit === labels[n]).length;
}

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

const PLAYS = { sign: Sign, between: Between, eq3: Eq3 };

function round(degrees) {
  return Math.round(1000 * degrees) / 1000;
}

/** Intensities from 0 to 255: the least value black, the largest white. */
function stretched(image) {
  const [least, most] = [Math.min(...image), Math.max(...image)];
  return image.map((value) => (255 * (value - least)) / (most - least || 1));
}

function bar(share) {
  const full = element("span", { class: "share", "aria-hidden": "true" });
  full.style.width = `${100 * share}%`;
  return full;
}

/** A table with named rows: `element` to lay out, `show({name: cells}, marked)`. */
function rows(corner, heads) {
  const head = (text, scope) => element("th", { scope }, text);
  const body = element("tbody");
  const top = element("tr", {}, corner ? head(corner, "col") : element("td"), ...heads.map((text) => (text ? head(text, "col") : element("td"))));
  return {
    element: element("table", { class: "numbers" }, element("thead", {}, top), body),
    show(table, marked) {
      const made = Object.entries(table).map(([name, cells]) =>
        element("tr", name === marked ? { class: "marked" } : {}, head(name, "row"), ...cells.map((cell) => element("td", {}, cell))),
      );
      body.replaceChildren(...made);
    },
  };
}
