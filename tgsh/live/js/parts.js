// Parts of the live network's page: elements, sliders, pictures of 28 x 28 pixels, bars, the ring, curves.

import { SIDE } from "./flynet.js";

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element with properties or attributes, and children. */
export function element(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name in made && name !== "role") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function drawing(tag, given = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(given)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Colour of an angle: the hues of the circle, once round. */
export function hue(angle) {
  return `hsl(${(angle + 210) % 360} 65% 55%)`;
}

/** A slider with its name and value: `label` to lay out, `value` to read, `set(value)`. */
export function slider(text, unit, { value = 0, ...range }, changed) {
  const input = element("input", { type: "range", ...range, value });
  const readout = element("output", {}, `${value}${unit}`);
  const made = {
    input,
    label: element("label", { className: "slider" }, `${text} `, input, " ", readout),
    set: (to) => ((input.value = to), write()),
    shown: () => {}, // is called after each change of the value: a dial follows it
    get value() {
      return Number(input.value);
    },
  };
  const write = () => {
    readout.textContent = `${input.value}${unit}`;
    input.setAttribute("aria-valuetext", readout.textContent);
    made.shown();
  };
  input.oninput = () => (write(), changed());
  write();
  return made;
}

/**
 * A round dial beside a slider of degrees: both set one value, and each shows it. 0 is at the top, and it turns
 * counter-clockwise, as the ring does. Drag the knob round, or use the keys of a slider.
 */
export function dial(text, turned) {
  const { input } = turned;
  const [step, most] = [Number(input.step), Number(input.max)];
  const hand = drawing("line", { x1: 50, y1: 50, class: "hand" });
  const knob = drawing("circle", { r: 9, class: "knob" });
  const ticks = [0, 90, 180, 270].map((angle) => drawing("path", { d: "M50 4v8", transform: `rotate(${-angle} 50 50)` }));
  const face = drawing("circle", { cx: 50, cy: 50, r: 46 });
  const svg = drawing("svg", { viewBox: "0 0 100 100", role: "slider", tabindex: 0, class: "dial" }, face, ...ticks, hand, knob);
  for (const [name, value] of Object.entries({ label: text, valuemin: 0, valuemax: most })) svg.setAttribute(`aria-${name}`, value);
  turned.shown = () => {
    const turn = ((turned.value + 90) * Math.PI) / 180;
    const [x, y] = [50 + 32 * Math.cos(turn), 50 - 32 * Math.sin(turn)];
    for (const [part, names] of [[hand, ["x2", "y2"]], [knob, ["cx", "cy"]]]) names.forEach((name, i) => part.setAttribute(name, [x, y][i]));
    svg.setAttribute("aria-valuenow", turned.value);
    svg.setAttribute("aria-valuetext", `${turned.value}°`);
  };
  const put = (angle) => {
    const to = (((Math.round(angle / step) * step) % 360) + 360) % 360;
    if (to === turned.value) return;
    input.value = to;
    input.oninput();
  };
  const follow = ({ clientX, clientY }) => {
    const { left, top, width, height } = svg.getBoundingClientRect();
    put((Math.atan2(left + width / 2 - clientX, top + height / 2 - clientY) * 180) / Math.PI);
  };
  svg.onpointerdown = (event) => (svg.setPointerCapture(event.pointerId), svg.focus(), follow(event));
  svg.onpointermove = (event) => svg.hasPointerCapture(event.pointerId) && follow(event);
  svg.onkeydown = (event) => {
    const by = { ArrowRight: step, ArrowUp: step, ArrowLeft: -step, ArrowDown: -step, PageUp: 45, PageDown: -45 }[event.key];
    const to = { Home: 0, End: most }[event.key] ?? (by && turned.value + by);
    if (to === undefined) return;
    event.preventDefault(); // the page would scroll
    put(to);
  };
  turned.shown();
  return svg;
}

/** A picture of 28 x 28 pixels; `paint(image)` draws intensities from 0 to 255. */
export function picture(text) {
  const canvas = element("canvas", { width: SIDE, height: SIDE, role: "img", className: "seen" });
  if (text) canvas.setAttribute("aria-label", text);
  canvas.paint = (image) => {
    const pixels = new ImageData(SIDE, SIDE);
    image.forEach((value, p) => pixels.data.set([value, value, value, 255], 4 * p));
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    return canvas;
  };
  return canvas;
}

/** Bars of ten class probabilities: `figure` to lay out, `show(probabilities, context)`. */
export function bars(title) {
  const rows = Array.from({ length: 10 }, (_, k) => {
    const bar = drawing("rect", { x: 12 + 22 * k, width: 16, y: 60, height: 0 });
    return { bar, text: drawing("text", { x: 20 + 22 * k, y: 74, "text-anchor": "middle" }, String(k)) };
  });
  const svg = drawing("svg", { viewBox: "0 0 240 80", role: "img", "aria-label": title }, ...rows.flatMap(({ bar, text }) => [bar, text]));
  const caption = element("figcaption", {}, title);
  return {
    figure: element("figure", { className: "bars" }, caption, svg),
    show(probabilities, context) {
      const best = Math.max(...probabilities);
      caption.textContent = `${title}: ${context}`;
      rows.forEach(({ bar, text }, k) => {
        const height = 56 * probabilities[k];
        bar.setAttribute("y", 60 - height);
        bar.setAttribute("height", height);
        const isBest = probabilities[k] === best;
        bar.classList.toggle("best", isBest);
        text.classList.toggle("best", isBest);
      });
      svg.setAttribute(
        "aria-label",
        `${caption.textContent}. ${probabilities.map((p, k) => `${k}: ${Math.round(100 * p)} %`).join(", ")}`,
      );
    },
  };
}

/** The ring of contexts: a dot for each angle, larger where the task is likelier; the named one ringed. */
export function ring(angles, chosen) {
  const place = (angle, radius) => {
    const turn = ((angle + 90) * Math.PI) / 180; // 0 degrees at the top, counter-clockwise
    return { cx: 110 + radius * Math.cos(turn), cy: 110 - radius * Math.sin(turn) };
  };
  const dots = angles.map((angle, t) => {
    const dot = drawing("circle", { ...place(angle, 85), r: 3, fill: hue(angle) });
    dot.addEventListener("click", () => chosen(t));
    return dot;
  });
  const mark = drawing("circle", { r: 14, class: "named" });
  const words = [0, 1].map((line) => drawing("text", { x: 110, y: 104 + 20 * line, "text-anchor": "middle" }));
  const name = `Ring of ${angles.length} contexts`;
  const svg = drawing("svg", { viewBox: "0 0 220 220", role: "img", "aria-label": name, class: "ring" }, ...dots, mark, ...words);
  const note = element("figcaption", {}, "ring of contexts: larger is likelier; the circle marks the context named");
  return {
    figure: element("figure", {}, svg, note),
    light(probability, named, inferred) {
      const most = Math.max(...probability);
      dots.forEach((dot, t) => dot.setAttribute("r", 3 + 9 * Math.sqrt(probability[t] / most)));
      const { cx, cy } = place(angles[named], 85);
      mark.setAttribute("cx", cx);
      mark.setAttribute("cy", cy);
      words[0].textContent = "inferred";
      words[1].textContent = `${angles[inferred]}°`;
      svg.setAttribute("aria-label", `${name}: named ${angles[named]}°, inferred ${angles[inferred]}°`);
    },
  };
}

/** Curves over the angles, one for each context in training: `figure` to lay out, `show(rows, names)`. */
export function curves(angles, xLabel, yLabel) {
  const [width, height, left, bottom] = [360, 170, 40, 32];
  const x = (angle) => left + ((width - left - 10) * angle) / 360;
  const y = (value) => 8 + (height - bottom - 8) * (1 - (value + 0.2) / 1.2);
  const ticks = [0, 90, 180, 270].map((angle) => drawing("text", { x: x(angle), y: height - 16, "text-anchor": "middle" }, `${angle}°`));
  const levels = [0, 0.5, 1].flatMap((value) => [
    drawing("line", { x1: left, x2: width - 10, y1: y(value), y2: y(value), class: "grid" }),
    drawing("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, String(value)),
  ]);
  const title = drawing("text", { x: (left + width) / 2, y: height - 2, "text-anchor": "middle" }, `${xLabel} each rotation`);
  const lines = ["first", "second"].map((name) => drawing("polyline", { class: `curve ${name}` }));
  const name = "Cosine similarity to the context of each rotation";
  const shape = { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": name };
  const svg = drawing("svg", shape, ...ticks, ...levels, title, ...lines);
  const caption = element("figcaption", {}, `${yLabel} of the context in training to the contexts trained before, one for each rotation`);
  return {
    figure: element("figure", { className: "curves" }, svg, caption),
    show(rows, names) {
      lines.forEach((line, i) => {
        const points = rows[i]?.map((value, t) => `${x(angles[t])},${y(value)}`) ?? [];
        line.setAttribute("points", points.join(" "));
      });
      const text = rows.map((row, i) => `trained on ${names[i]}°: from ${Math.min(...row).toFixed(2)} to ${Math.max(...row).toFixed(2)}`);
      svg.setAttribute("aria-label", `${name}. ${text.join("; ")}.`);
    },
  };
}

/** A menu with its name: `label` to lay out, `select` to read. Choices are pairs [value, text]. */
export function menu(text, choices, chosen, changed) {
  const options = choices.map(([value, shown]) => element("option", { value, selected: value === chosen }, String(shown)));
  const select = element("select", { onchange: changed }, ...options);
  return { select, label: element("label", {}, `${text} `, select) };
}

/** A function that asks a worker and promises its answer; `told(progress)` hears what the worker reports unasked. */
export function asker(worker, told) {
  const calls = new Map();
  let called = 0;
  worker.onmessage = ({ data: { id, answer, error, progress } }) => {
    if (progress) return void told(progress);
    const { resolve, reject } = calls.get(id);
    calls.delete(id);
    error ? reject(new Error(error)) : resolve(answer);
  };
  return (op, rest = {}) => {
    worker.postMessage({ id: ++called, op, ...rest });
    return new Promise((resolve, reject) => calls.set(called, { resolve, reject }));
  };
}

/** The bytes of a DataView that a model holds; undefined where it holds none. */
export function bytesOf(view) {
  return view && new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
}

/** Give the tensors of a model to a worker; promise what the worker says of them. */
export function loadTensors(ask, model) {
  const given = model.get("tensors"); // text in a built page, a DataView in a notebook
  return ask("load", typeof given === "string" ? { encoded: given } : { buffer: bytesOf(given).buffer });
}

/** Position of the largest of several numbers. */
export function largest(values) {
  return values.indexOf(Math.max(...values));
}
