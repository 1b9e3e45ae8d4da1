// The frame of a play: a few controls, a picture and a sentence that try one claim of a chapter. Plays share the worker of the
// live network and its tensors.

import { asker, element, loadTensors, menu } from "./parts.js";

/**
 * The frame. A play defines `title`; `lay()`, which sets `settings` (controls by their name in the address) and returns
 * the elements of controls and of pictures; and `answer()`, which asks the worker, shows the answer, and returns a sentence.
 */
export class Play {
  constructor(model, el) {
    Object.assign(this, { el, name: model.get("play"), worker: model.worker() });
    this.ask = asker(this.worker);
    loadTensors(this.ask, model)
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
    for (const event of ["input", "click", "keyup"]) this.el.addEventListener(event, () => this.remember());
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

/** How many of the digits read are right. */
export function count(read, labels) {
  return read.filter((digit, n) => digit === labels[n]).length;
}

/** Degrees, without the rest that arithmetic leaves. */
export function round(degrees) {
  return Math.round(1000 * degrees) / 1000;
}

/** Intensities from 0 to 255: the least value black, the largest white. */
export function stretched(image) {
  const [least, most] = [Math.min(...image), Math.max(...image)];
  return image.map((value) => (255 * (value - least)) / (most - least || 1));
}

/** A bar over a share of its cell. */
export function bar(share) {
  const full = element("span", { class: "share", "aria-hidden": "true" });
  full.style.width = `${100 * share}%`;
  return full;
}

/** A table with named rows: `element` to lay out, `show({name: cells}, marked)`. */
export function rows(corner, heads) {
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
