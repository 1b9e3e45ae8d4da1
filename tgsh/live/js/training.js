// A context trained in the page: settings, progress, and its similarity to the contexts trained before.

import { curves, element, largest, slider } from "./parts.js";
import { writeVectors } from "./tensors.js";

/** The panel of the training: `section` to lay out, `show(progress)` for what the worker reports. */
export class TrainingPanel {
  /**
   * @param {function(string, object=): Promise} ask asks the worker.
   * @param {object} known what the worker has said of its tensors.
   * @param {HTMLElement} el element whose data attributes say where the training stands.
   * @param {function(Uint8Array)} told is given the contexts as a file, when a training stops; nothing when it starts again.
   */
  constructor(ask, known, el, told) {
    Object.assign(this, { ask, known, el, told });
    this.section = this.lay();
  }

  lay() {
    const choose = (text, values, chosen) => {
      const options = values.map((value) => element("option", { value, selected: value === chosen }, String(value)));
      const select = element("select", { onchange: () => this.prepare() }, ...options);
      return { select, label: element("label", {}, `${text} `, select) };
    };
    const again = () => this.prepare();
    this.angle = slider("Angle of the digits", "°", { min: 0, max: 350, step: 10, value: 90 }, again);
    this.second = slider("Angle of a second context", "°", { min: 0, max: 350, step: 10, value: 130 }, again);
    this.both = element("input", { type: "checkbox", onchange: again });
    this.shuffled = element("input", { type: "checkbox", onchange: again });
    const widths = [...new Set([784, 1568, this.known.H])].filter((width) => width <= this.known.H);
    this.width = choose("Hidden units", widths, widths[1] ?? widths[0]);
    this.epochs = choose("Epochs", [1, 3, 10], 10);
    this.rate = choose("Learning rate", [0.001, 0.01, 0.1], 0.01);
    this.trainButton = element("button", { type: "button", onclick: () => this.train() }, "Train");
    const button = (text, act) => element("button", { type: "button", onclick: act }, text);
    this.curve = curves(this.known.angles, "context of", "cosine similarity");
    this.trained = element("p", { "aria-live": "polite", class: "said" });
    return element(
      "section",
      { "aria-label": "Train a context in this page" },
      element(
        "div",
        { class: "controls" },
        this.angle.label,
        element("label", {}, this.both, " train a second context beside it"),
        this.second.label,
        this.width.label,
        this.epochs.label,
        this.rate.label,
        element("label", {}, this.shuffled, " shuffle the pixels"),
        this.trainButton,
        button("Step", () => this.train(1)),
        button("Start again", again),
        button("Save the context", () => this.save()),
      ),
      this.curve.figure,
      this.trained,
    );
  }

  /** Prepare a training with the settings shown; nothing is trained yet. */
  async prepare() {
    const angles = this.both.checked ? [this.angle.value, this.second.value] : [this.angle.value];
    const [width, epochs, lr] = [this.width, this.epochs, this.rate].map(({ select }) => Number(select.value));
    this.trainedAngles = angles;
    this.show(await this.ask("prepare", { angles, width, epochs, lr, shuffled: this.shuffled.checked }));
  }

  /** The contexts in training as a file that tgsh.live.load_contexts reads. */
  async file() {
    const { contexts } = await this.ask("take");
    const vectors = Object.fromEntries(contexts.map((values, i) => [`context_${i}`, values]));
    return writeVectors(vectors, { angles: this.trainedAngles.join(" ") });
  }

  /** Give the contexts in training to the reader. */
  async save() {
    const file = new Blob([await this.file()]);
    const link = element("a", { href: URL.createObjectURL(file), download: "contexts.safetensors" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  train(count) {
    if (this.training) return void this.ask("pause");
    this.ask("go", { count });
  }

  show({ done, of, running, accuracy, similarity, pair }) {
    this.training = running;
    this.trainButton.textContent = running ? "Pause" : "Train";
    this.curve.show(similarity, this.trainedAngles);
    const percent = accuracy.map((share) => `${(100 * share).toFixed(1)}\u00a0%`).join(" and ");
    const nearest = similarity.map((row) => `${this.known.angles[largest(row)]}°`).join(" and ");
    const most = Math.max(...similarity.flat()).toFixed(2);
    this.el.dataset.accuracy = accuracy.join(" ");
    this.el.dataset.done = `${done} ${of}`;
    if (running) return; // a sentence a batch would be too much for those who hear it
    this.trained.textContent =
      `${done} of ${of} batches: ${percent} of the held-out digits are right. Most similar of the contexts that were ` +
      `trained before: ${nearest} (similarity ${most}).` +
      (pair === null ? "" : ` Similarity of the two: ${pair.toFixed(2)}.`);
    this.el.dataset.nearest = nearest;
    if (done) this.file().then(this.told);
    else this.told(new Uint8Array());
  }
}
