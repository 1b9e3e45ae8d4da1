import { normalise, softmax } from "./flynet.js";
import { bars, element, picture, slider } from "./parts.js";
import { readTensors } from "./tensors.js";

const dot = (row, x) => row.reduce((sum, value, i) => sum + value * x[i], 0);

export function render({ model, el }) {
  const { W1, W2, contexts, images } = readTensors(model.get("tensors").buffer);
  const [input, output, known] = [W1, W2, contexts].map((tensor) => tensor.rows());
  const image = slider("Image", "", { min: 0, max: images.shape[0] - 1 }, show);
  const task = slider("Context", "", { min: 0, max: known.length - 1 }, show);
  const seen = picture("What the network sees");
  const answer = bars("classes");
  const said = element("p", { "aria-live": "polite", class: "said" });
  const parts = [image.label, task.label, seen, answer.figure, said];
  el.replaceChildren(element("section", { "aria-label": "TanhNet" }, ...parts));
  show();

  function show() {
    const pixels = images.row(image.value);
    const h = input.map((row) => Math.tanh(dot(row, normalise(pixels))));
    const r = h.map((value, j) => value * known[task.value][j]);
    const p = softmax(Float64Array.from(output, (row) => dot(row, r)));
    seen.paint(pixels);
    answer.show([...p], `context ${task.value}`);
    said.textContent = `The network reads a ${p.indexOf(Math.max(...p))}.`;
    el.dataset.probabilities = [...p].join(" ");
  }
}
