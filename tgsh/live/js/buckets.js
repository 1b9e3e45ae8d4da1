// Hash codes by random hyperplanes, as tgsh.extensions.hash_codes computes them, and a table of items that have such codes.

import { batchInputs, normals, PIXELS } from "./flynet.js";
import { rotate } from "./images.js";

export const BITS = 64; // of the longest code; a shorter one is its beginning
const TABLE_TASKS = 12; // at most

/** Random directions (BITS, n), entries N(0, 1): the same ones for the same seed. */
export function directions(n, seed = 0) {
  return Float32Array.from(normals(seed, BITS * n));
}

/**
 * Codes of a batch of points m * h: bit i is 1 where the projection on direction i is positive.
 * @param {Float32Array} planes (BITS, n), from `directions`.
 * @param {Float32Array} h (n, B), sample after sample for each number.
 * @param {ArrayLike<number>} [m] (n); default: ones.
 * @returns {Uint8Array[]} B codes of BITS numbers 0 or 1.
 */
export function hashCodes(planes, h, B, m) {
  const n = h.length / B;
  const codes = Array.from({ length: B }, () => new Uint8Array(BITS));
  const sum = new Float64Array(B);
  for (let i = 0; i < BITS; i++) {
    sum.fill(0);
    for (let j = 0, unit = 0; j < n; j++) {
      const weight = planes[i * n + j] * (m ? m[j] : 1);
      for (let b = 0; b < B; b++, unit++) sum[b] += weight * h[unit];
    }
    codes.forEach((code, b) => (code[i] = sum[b] > 0));
  }
  return codes;
}

/** Hamming distance of the first bits of two codes. */
export function apart(one, other, bits) {
  let sum = 0;
  for (let i = 0; i < bits; i++) sum += one[i] ^ other[i];
  return sum;
}

/** Numbers and distances of the items nearest to a code, the first of equals first, and how many items share all bits. */
export function search(code, codes, bits, count) {
  const distance = codes.map((item) => apart(code, item, bits));
  const order = [...codes.keys()].sort((a, b) => distance[a] - distance[b] || a - b);
  const inBucket = order.filter((n) => distance[n] === 0);
  return { nearest: order.slice(0, count).map((n) => ({ n, distance: distance[n] })), inBucket };
}

/** The test images, turned as some of the tasks turn them, and what the reader has put in, with their codes. */
export class Table {
  /**
   * @param {FlyNet} net
   * @param {Float32Array[]} contexts one for each task.
   * @param {{images: Tensor, labels: Tensor, angles: Tensor}} weights of the page.
   */
  constructor(net, contexts, { images, labels, angles }) {
    Object.assign(this, { net, contexts, images, labels: [...labels.values], angles: angles.values });
    const step = Math.ceil(contexts.length / TABLE_TASKS);
    this.tasks = [...contexts.keys()].filter((t) => t % step === 0);
    this.own = []; // the reader's
    this.planes = {}; // by the length of what is hashed
    this.known = {}; // items by what is hashed
  }

  /** Codes of turned images under the context of a task. */
  codes(kind, shown, task) {
    const B = shown.length;
    const all = new Uint8Array(B * PIXELS);
    shown.forEach((image, b) => all.set(image, b * PIXELS));
    const x = batchInputs(all, [...shown.keys()]);
    const points = kind === "pixels" ? x : this.net.encodeBatch(x, B);
    const n = points.length / B;
    this.planes[n] ??= directions(n);
    return hashCodes(this.planes[n], points, B, kind === "told" || kind === "inferred" ? this.contexts[task] : undefined);
  }

  /** All items, with their codes: those of the sample are hashed under the contexts of their own tasks, once. */
  items(kind) {
    const hashed = kind === "inferred" ? "told" : kind;
    this.known[hashed] ??= this.tasks.flatMap((task) => {
      const degrees = this.angles[task];
      const shown = this.labels.map((_, n) => rotate(this.images.row(n), degrees));
      const codes = this.codes(hashed, shown, task);
      return shown.map((image, n) => ({ shown: image, degrees, digit: this.labels[n], code: codes[n] }));
    });
    const own = this.own.map((item) => ({ ...item, digit: null, code: this.codes(hashed, [item.shown], item.task)[0] }));
    return [...this.known[hashed], ...own];
  }
}
