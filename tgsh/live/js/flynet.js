// FlyNet (paper, Section 2.2, Eq. 2) in plain JavaScript: N_t(x) = W2 [ g_t c_t * s(W1 x) ].
//
// The names and the arithmetic are those of tgsh.networks.FlyNet and tgsh.training.fit_closed_form. Numbers are stored in
// single precision. A batch lies in memory with its samples side by side, units outside: the loops over samples are
// innermost, and nothing is allocated in them.

export const SIDE = 28;
export const PIXELS = SIDE * SIDE;
export const CLASSES = 10;
export const FAN_IN = 7; // ones in a row of W1
const MEAN = 0.1307;
const STD = 0.3081; // of MNIST's training pixels in [0, 1]
const ALPHA = 0.99;
const EPSILON = 1e-8; // of RMSprop, PyTorch's defaults

/** Inputs (784) of the network from an image (784) of intensities from 0 to 255. */
export function normalise(image) {
  return Float32Array.from(image, (value) => (value / 255 - MEAN) / STD);
}

/** The random, fixed part of a FlyNet: W1 as the seven pixels of each unit, and W2. */
export class FlyNet {
  /**
   * @param {ArrayLike<number>} pixels (H, 7) numbers of the pixels that each unit adds.
   * @param {ArrayLike<number>} W2 (10, H).
   */
  constructor(pixels, W2) {
    this.H = pixels.length / FAN_IN;
    this.pixels = pixels;
    this.W2 = W2;
    this.columnSums = new Float64Array(PIXELS); // the sum over the units of W1 x is columnSums . x
    for (const pixel of pixels) this.columnSums[pixel] += 1;
  }

  /** The FlyNet of the first n units; W2 is scaled to the range +-1/sqrt(n) of that width. */
  narrowed(n) {
    const scale = Math.sqrt(this.H / n);
    const W2 = new Float32Array(CLASSES * n);
    for (let k = 0; k < CLASSES; k++) {
      for (let j = 0; j < n; j++) W2[k * n + j] = scale * this.W2[k * this.H + j];
    }
    return new FlyNet(this.pixels.subarray(0, n * FAN_IN), W2);
  }

  /** Features s(W1 x), (H), of one input (784): add seven pixels a unit, subtract the mean over the units, ReLU. */
  encode(x) {
    return this.encodeBatch(x, 1);
  }

  /**
   * Features (H, B) of a batch of inputs (784, B).
   * @param {Float32Array} x inputs; pixel p of sample b is x[p * B + b].
   * @param {number} B number of samples.
   * @param {Float32Array} out memory for the result.
   */
  encodeBatch(x, B, out = new Float32Array(this.H * B)) {
    const { H, pixels } = this;
    const mean = new Float64Array(B);
    for (let p = 0; p < PIXELS; p++) {
      const share = this.columnSums[p] / H;
      for (let b = 0; b < B; b++) mean[b] += share * x[p * B + b];
    }
    for (let j = 0; j < H; j++) {
      const at = j * FAN_IN;
      const [p0, p1, p2, p3] = [pixels[at] * B, pixels[at + 1] * B, pixels[at + 2] * B, pixels[at + 3] * B];
      const [p4, p5, p6] = [pixels[at + 4] * B, pixels[at + 5] * B, pixels[at + 6] * B];
      const unit = j * B;
      for (let b = 0; b < B; b++) {
        const sum = x[p0 + b] + x[p1 + b] + x[p2 + b] + x[p3 + b] + x[p4 + b] + x[p5 + b] + x[p6 + b] - mean[b];
        out[unit + b] = sum > 0 ? sum : 0;
      }
    }
    return out;
  }

  /**
   * Logits (10, B) under a context m (H), from features (H, B).
   * @param {Float32Array} h features.
   * @param {ArrayLike<number>} context m = g c.
   */
  logits(h, context, B = 1, out = new Float64Array(CLASSES * B)) {
    const { H, W2 } = this;
    out.fill(0);
    for (let j = 0; j < H; j++) {
      const unit = j * B;
      for (let k = 0; k < CLASSES; k++) {
        const weight = W2[k * H + j] * context[j];
        const row = k * B;
        for (let b = 0; b < B; b++) out[row + b] += weight * h[unit + b];
      }
    }
    return out;
  }

  /**
   * Sum (H) of the representations r = m * h of a batch, each divided by its length.
   *
   * The mean cosine similarity of all pairs of two batches is the product of their sums, divided by the number of pairs.
   */
  unitSum(h, context, B) {
    const square = new Float64Array(B);
    for (let j = 0; j < this.H; j++) for (let b = 0; b < B; b++) square[b] += (context[j] * h[j * B + b]) ** 2;
    const sum = new Float64Array(this.H);
    for (let j = 0; j < this.H; j++) {
      for (let b = 0; b < B; b++) sum[j] += (context[j] * h[j * B + b]) / (Math.sqrt(square[b]) || 1);
    }
    return sum;
  }

  /** Eq. 3: pinv(W1) z, (784), by conjugate gradients on W1' W1 x = W1' z; from 0 they find the shortest solution. */
  invert(z) {
    const x = new Float64Array(PIXELS);
    const residual = this.#back(z);
    let direction = residual.slice();
    let square = dot(residual, residual);
    const enough = 1e-16 * square;
    for (let step = 0; step < 4 * PIXELS && square > enough; step++) {
      const image = this.#back(this.#sums(direction));
      const length = square / dot(direction, image);
      for (let p = 0; p < PIXELS; p++) {
        x[p] += length * direction[p];
        residual[p] -= length * image[p];
      }
      const before = square;
      square = dot(residual, residual);
      direction = residual.map((value, p) => value + (square / before) * direction[p]);
    }
    return x;
  }

  /** W1 x, (H). */
  #sums(x) {
    const out = new Float64Array(this.H);
    this.pixels.forEach((p, i) => (out[Math.floor(i / FAN_IN)] += x[p]));
    return out;
  }

  /** W1' z, (784). */
  #back(z) {
    const out = new Float64Array(PIXELS);
    this.pixels.forEach((p, i) => (out[p] += z[Math.floor(i / FAN_IN)]));
    return out;
  }
}

/** Sum of the products of two vectors. */
export function dot(one, other) {
  let sum = 0;
  for (let j = 0; j < one.length; j++) sum += one[j] * other[j];
  return sum;
}

/** Correlation of two images over their pixels. */
export function correlation(one, other) {
  const centred = (image) => {
    const mean = image.reduce((sum, value) => sum + value, 0) / image.length;
    return Float64Array.from(image, (value) => value - mean);
  };
  return cosine(centred(one), centred(other));
}

/** Draws from N(0, 1), (n): the same ones for the same seed (mulberry32, Box and Muller). */
export function normals(seed, n) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (((mixed ^ (mixed >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
  return Float64Array.from({ length: n }, () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
}

/** Probabilities (K, B), in place of logits (K, B). */
export function softmax(logits, B = 1) {
  const K = logits.length / B;
  for (let b = 0; b < B; b++) {
    let largest = -Infinity;
    let total = 0;
    for (let k = 0; k < K; k++) largest = Math.max(largest, logits[k * B + b]);
    for (let k = 0; k < K; k++) total += logits[k * B + b] = Math.exp(logits[k * B + b] - largest);
    for (let k = 0; k < K; k++) logits[k * B + b] /= total;
  }
  return logits;
}

/** A context of one task in training: g, c and the state of RMSprop. */
export class Context {
  /**
   * @param {FlyNet} net
   * @param {number} g start of g_t.
   * @param {ArrayLike<number>} c start of c_t, (H).
   */
  constructor(net, g, c) {
    this.net = net;
    this.g = g;
    this.c = Float32Array.from(c);
    this.squareG = 0;
    this.squareC = new Float32Array(net.H);
  }

  /** The context vector m = g c, (H). */
  vector() {
    return this.c.map((value) => this.g * value);
  }

  /**
   * One step of RMSprop on the cross entropy of a batch.
   *
   * Only m is learned. With the errors of the logits, D = softmax - onehot, the gradient is
   * dL/dm = sum_k W2[k] * (D^T h)[k], and dL/dg = c . dL/dm, dL/dc = g dL/dm.
   * @param {Float32Array} x inputs (784, B), as in encodeBatch.
   * @param {ArrayLike<number>} labels (B), from 0 to 9.
   */
  trainBatch(x, labels, lr = 0.01) {
    const { net, g, c } = this;
    const { H, W2 } = net;
    const B = labels.length;
    if (this.features?.length !== H * B) {
      this.features = new Float32Array(H * B);
      this.errors = new Float64Array(CLASSES * B);
    }
    const h = net.encodeBatch(x, B, this.features);
    const D = softmax(net.logits(h, this.vector(), B, this.errors), B);
    for (let b = 0; b < B; b++) D[labels[b] * B + b] -= 1;

    let gradG = 0;
    for (let j = 0; j < H; j++) {
      let gradM = 0;
      for (let k = 0; k < CLASSES; k++) {
        let sum = 0;
        for (let b = 0, row = k * B, unit = j * B; b < B; b++) sum += D[row + b] * h[unit + b];
        gradM += W2[k * H + j] * sum;
      }
      gradM /= B;
      gradG += gradM * c[j];
      const gradC = gradM * g;
      this.squareC[j] = ALPHA * this.squareC[j] + (1 - ALPHA) * gradC * gradC;
      c[j] -= (lr * gradC) / (Math.sqrt(this.squareC[j]) + EPSILON);
    }
    this.squareG = ALPHA * this.squareG + (1 - ALPHA) * gradG * gradG;
    this.g = g - (lr * gradG) / (Math.sqrt(this.squareG) + EPSILON);
  }
}

/** Cosine similarity of the first n numbers of two vectors. */
export function cosine(one, other, n = one.length) {
  let [dot, square, square2] = [0, 0, 0];
  for (let j = 0; j < n; j++) {
    dot += one[j] * other[j];
    square += one[j] * one[j];
    square2 += other[j] * other[j];
  }
  return dot / Math.sqrt(square * square2) || 0;
}

/** Columns of a batch: inputs (784, B) from chosen rows of images (N, 784) of intensities from 0 to 255. */
export function batchInputs(images, rows) {
  const B = rows.length;
  const x = new Float32Array(PIXELS * B);
  for (let b = 0; b < B; b++) {
    const at = rows[b] * PIXELS;
    for (let p = 0; p < PIXELS; p++) x[p * B + b] = (images[at + p] / 255 - MEAN) / STD;
  }
  return x;
}
