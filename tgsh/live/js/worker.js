// The worker of the live network: answers for images, and trains contexts, while the page stays free.

import { search, Table } from "./buckets.js";
import { batchInputs, CLASSES, Context, correlation, cosine, dot, FlyNet, normalise, normals, PIXELS, softmax } from "./flynet.js";
import { enlarge, rotate } from "./images.js";
import { decode, readTensors } from "./tensors.js";

const BATCH = 128;
const EVERY = 8; // batches between two measurements

let weights; // all tensors
let net; // the FlyNet at full width
let contexts; // one Float32Array (H) for each task
let gaussian; // rows of weights, one for each class of each task
let session; // the training that runs or waits
let sums; // for each task, the sum of its normalised representations of the test images
let table; // of hash codes

const answers = {
  /** Read the tensors; say what the page needs to know of them. */
  async load({ buffer, encoded }) {
    weights = readTensors(buffer ?? (await decode(encoded)));
    net = new FlyNet(weights.pixels.values, weights.W2.dequantised());
    contexts = weights.contexts.rows();
    gaussian = weights.gaussian.rows();
    const { images, labels } = weights;
    const angles = Array.from(weights.angles.values, (angle) => Math.round(1000 * angle) / 1000);
    return { angles, images: images.values, labels: [...labels.values], H: net.H };
  },

  /**
   * Turn an upright image and look at it under every context.
   * @returns the turned image, probabilities (T, 10), and the two scores (T) of each task: higher is likelier.
   */
  look({ image, degrees }) {
    const turned = rotate(image, degrees);
    const h = net.encode(normalise(turned));
    const outputs = contexts.map((context) => softmax(net.logits(h, context)));
    const entropy = outputs.map((p) => p.reduce((sum, value) => sum + (value > 0 ? value * Math.log(value) : 0), 0));
    const density = densities(h);
    const byTask = likelihoods(density);
    const byClass = Array.from({ length: CLASSES }, (_, k) => logSumExp(density.filter((_, g) => g % CLASSES === k)));
    const direct = softmax(Float64Array.from(byClass));
    return { turned, outputs: outputs.map((p) => [...p]), scores: { gaussian: byTask, entropy }, direct: [...direct] };
  },

  /** Prepare a training; nothing is trained before `go`. */
  prepare({ angles, width, epochs, lr, shuffled }) {
    session?.stop();
    session = new Training({ angles, width, epochs, lr, shuffled });
    return session.measure();
  },

  /** Train on: to the end, or `count` batches. */
  go({ count = Infinity }) {
    session.run(count);
  },

  pause() {
    session?.stop();
  },

  /** The contexts in training, g c, as they are now. */
  take() {
    return { contexts: session.learners.map((learner) => learner.vector()) };
  },

  // claims of the chapters

  /**
   * Read the test images, turned, under mixed contexts.
   * @param {{degrees: number, mixes: number[][][]}} given each mix a list of pairs [task, weight].
   * @returns the digits read, (mixes, images).
   */
  read({ degrees, mixes }) {
    const B = weights.labels.values.length;
    const h = net.encodeBatch(turnedTests(degrees), B);
    return mixes.map((mix) => {
      const context = new Float32Array(net.H);
      for (const [task, weight] of mix) contexts[task].forEach((value, j) => (context[j] += weight * value));
      return readDigits(net.logits(h, context, B), B);
    });
  },

  /** The first test images, turned. */
  turn({ degrees, count }) {
    return { turned: turnAll(weights.images.values.subarray(0, count * PIXELS), degrees) };
  },

  /**
   * Definition 1 for one task: mean cosine similarity of its test images with each other, and with those of other tasks.
   * @param {{task: number, signs: number[]}} given the sign that each context is multiplied by; so is a representation.
   */
  similar({ task, signs }) {
    const B = weights.labels.values.length;
    sums ??= contexts.map((context, t) => net.unitSum(net.encodeBatch(turnedTests(weights.angles.values[t]), B), context, B));
    const products = sums.map((sum, t) => signs[task] * signs[t] * dot(sums[task], sum));
    const others = products.filter((_, t) => t !== task);
    return {
      within: (products[task] - B) / (B * (B - 1)),
      between: others.reduce((total, value) => total + value, 0) / (B * B * others.length),
    };
  },

  /** Eq. 3 for a class in a task: the image, the mean test image of the class, turned, and their correlation. */
  reconstruct({ task, digit, deviation, seed }) {
    const z = normals(seed, net.H);
    const row = net.W2.subarray(digit * net.H, (digit + 1) * net.H);
    for (let j = 0; j < net.H; j++) z[j] = row[j] * contexts[task][j] + deviation * z[j];
    const image = net.invert(z);
    const mean = classMean(digit, weights.angles.values[task]);
    return { image, mean, correlation: correlation(image, mean) };
  },

  /**
   * Hash an upright image, turned, and search the table for its code.
   * @param {{image: Uint8Array, degrees: number, kind: string, bits: number, count: number}} given `kind`: what is hashed,
   *   `pixels`, `hidden` (s(W1 x)), or r under the context `told` (of the nearest task) or `inferred` (by the Gaussians).
   * @returns the turned image, its code, the task of its context, the nearest items, and those with the same code.
   */
  find({ image, degrees, kind, bits, count }) {
    table ??= new Table(net, contexts, weights);
    const turned = rotate(image, degrees);
    const task = kind === "inferred" ? inferredTask(turned) : nearestTask(degrees);
    const code = table.codes(kind, [turned], task)[0];
    const items = table.items(kind);
    const { nearest, inBucket } = search(code, items.map((item) => item.code), bits, count);
    const told = ({ n, ...rest }) => ({ ...items[n], ...rest, n });
    return {
      turned,
      code: code.subarray(0, bits),
      task,
      size: items.length,
      nearest: nearest.map(told),
      inBucket: inBucket.map((n) => items[n].degrees),
      angles: table.tasks.map((t) => weights.angles.values[t]),
    };
  },

  /** Put a turned image into the table, under the context of the nearest task; without one, take out what was put in. */
  store({ image, degrees }) {
    table ??= new Table(net, contexts, weights);
    table.own = image ? [...table.own, { shown: rotate(image, degrees), degrees, task: nearestTask(degrees) }] : [];
    return { own: table.own.length };
  },
};

function densities(h) {
  return gaussian.map((row, g) => dot(row, h) + weights.gaussian_offset.values[g]);
}

function likelihoods(density) {
  return contexts.map((_, t) => logSumExp(density.slice(t * CLASSES, (t + 1) * CLASSES)));
}

function inferredTask(turned) {
  const score = likelihoods(densities(net.encode(normalise(turned))));
  return score.indexOf(Math.max(...score));
}

function nearestTask(degrees) {
  return Math.round((degrees * contexts.length) / 360) % contexts.length;
}

function turnedTests(degrees) {
  return batchInputs(turnAll(weights.images.values, degrees), [...weights.labels.values.keys()]);
}

function classMean(digit, degrees) {
  const { images, labels } = weights;
  const rows = [...labels.values.keys()].filter((n) => labels.values[n] === digit);
  const mean = new Float64Array(PIXELS);
  for (const n of rows) rotate(images.row(n), degrees).forEach((value, p) => (mean[p] += value / rows.length));
  return mean;
}

/** The digits (B) with the largest of the logits (10, B). */
function readDigits(logits, B) {
  return Array.from({ length: B }, (_, b) => {
    let best = 0;
    for (let k = 1; k < CLASSES; k++) if (logits[k * B + b] > logits[best * B + b]) best = k;
    return best;
  });
}

self.onmessage = async ({ data: { id, op, ...rest } }) => {
  try {
    self.postMessage({ id, answer: await answers[op](rest) });
  } catch (error) {
    self.postMessage({ id, error: error.message });
  }
};

function logSumExp(values) {
  const largest = Math.max(...values);
  return largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
}

/** One or two contexts in training, each on the digits turned by an angle. */
class Training {
  constructor({ angles, width, epochs, lr, shuffled }) {
    Object.assign(this, { lr, width, done: 0, running: false });
    this.net = width === net.H ? net : net.narrowed(width);
    const { digits, digit_labels, digit_is_test, start, start_g, order } = weights;
    const images = enlarge(digits.values);
    const all = [...digit_labels.values.keys()];
    this.labels = digit_labels.values;
    this.train = all.filter((n) => !digit_is_test.values[n]);
    this.test = all.filter((n) => digit_is_test.values[n]);
    const places = shuffled ? weights.shuffle.values : null;
    this.shown = angles.map((angle) => turnAll(images, angle, places));
    this.tests = this.shown.map((shown) => batchInputs(shown, this.test));
    const scale = Math.sqrt(2 / (width + 1));
    this.learners = angles.map((_, i) => {
      const drawn = start.rows()[i].subarray(0, width);
      return new Context(this.net, start_g.values[i], drawn.map((value) => scale * value));
    });
    this.batches = [];
    for (let epoch = 0; epoch < epochs; epoch++) {
      const rows = order.row(epoch % order.shape[0]);
      for (let at = 0; at < rows.length; at += BATCH) this.batches.push([...rows.subarray(at, at + BATCH)]);
    }
  }

  /** Train until `stop`, the end, or `count` batches; post what is measured on the way. */
  async run(count) {
    const last = Math.min(this.batches.length, this.done + count);
    const turn = (this.turn = {}); // a later call takes over
    this.running = true;
    while (this.running && this.turn === turn && this.done < last) {
      const rows = this.batches[this.done].map((i) => this.train[i]);
      const labels = rows.map((n) => this.labels[n]);
      this.learners.forEach((learner, i) => learner.trainBatch(batchInputs(this.shown[i], rows), labels, this.lr));
      this.done += 1;
      if (this.done % EVERY === 0 && this.done < last) self.postMessage({ progress: this.measure() });
      await nextTurn();
    }
    if (this.turn === turn) this.running = false;
    if (session === this) self.postMessage({ progress: this.measure() });
  }

  stop() {
    this.running = false;
  }

  /** Accuracy on held-out digits and cosine similarity to the context of each task, for each context in training. */
  measure() {
    const vectors = this.learners.map((learner) => learner.vector());
    const accuracy = vectors.map((vector, i) => this.accuracy(vector, this.tests[i]));
    const similarity = vectors.map((vector) => contexts.map((context) => cosine(vector, context, this.width)));
    const pair = vectors.length > 1 ? cosine(vectors[0], vectors[1]) : null;
    return { done: this.done, of: this.batches.length, running: this.running, accuracy, similarity, pair };
  }

  accuracy(vector, x) {
    const B = this.test.length;
    this.memory ??= new Float32Array(this.width * B);
    const read = readDigits(this.net.logits(this.net.encodeBatch(x, B, this.memory), vector, B), B);
    return read.filter((digit, b) => digit === this.labels[this.test[b]]).length / B;
  }
}

function turnAll(images, angle, places) {
  const out = new Uint8Array(images.length);
  for (let at = 0; at < images.length; at += PIXELS) {
    const turned = rotate(images.subarray(at, at + PIXELS), angle);
    if (places) for (let p = 0; p < PIXELS; p++) out[at + p] = turned[places[p]];
    else out.set(turned, at);
  }
  return out;
}

// Messages that wait are answered between two batches.
const channel = new MessageChannel();
const waiting = [];
channel.port1.onmessage = () => waiting.shift()();
function nextTurn() {
  return new Promise((resolve) => {
    waiting.push(resolve);
    channel.port2.postMessage(null);
  });
}
