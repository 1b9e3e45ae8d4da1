// Images: strokes drawn as MNIST's are, scikit-learn's digits in MNIST's format, rotation with interpolation.

import { PIXELS, SIDE } from "./flynet.js";

const BOX = 20; // MNIST scales a digit to fit a square of 20 pixels ...
const RADIUS = 1.4; // of the pen in pixels, as thick as MNIST's typical stroke
const CENTRE = (SIDE - 1) / 2;
const SMALLEST = 0.15; // of the pad: a smaller drawing is not enlarged to the whole box

/**
 * Draw strokes as an image of MNIST's format: scaled to fit 20 x 20 pixels, anti-aliased, centre of mass in the centre.
 * @param {number[][][]} strokes each a list of points [x, y], from 0 to 1 across the pad, y downwards.
 * @returns {Uint8Array} (784), 0 (background) to 255.
 */
export function drawStrokes(strokes) {
  const points = strokes.flat();
  if (!points.length) return new Uint8Array(PIXELS);
  const [xs, ys] = [0, 1].map((axis) => points.map((point) => point[axis]));
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = (BOX - 2 * RADIUS) / Math.max(right - left, bottom - top, SMALLEST);
  const placed = (dx, dy) =>
    strokes.map((stroke) =>
      stroke.map(([x, y]) => [
        CENTRE + dx + scale * (x - (left + right) / 2),
        CENTRE + dy + scale * (y - (top + bottom) / 2),
      ]),
    );
  const first = paint(placed(0, 0));
  const [dx, dy] = massOffset(first);
  return paint(placed(-dx, -dy)); // ... and puts its centre of mass in the centre
}

function paint(strokes) {
  const nearest = new Float64Array(PIXELS).fill(Infinity);
  const reach = RADIUS + 0.5;
  const limit = (value) => Math.min(SIDE - 1, Math.max(0, value));
  for (const stroke of strokes) {
    for (let i = 0; i < stroke.length; i++) {
      const [from, to] = [stroke[Math.max(i - 1, 0)], stroke[i]];
      const [left, top] = [0, 1].map((axis) => limit(Math.floor(Math.min(from[axis], to[axis]) - reach)));
      const [right, bottom] = [0, 1].map((axis) => limit(Math.ceil(Math.max(from[axis], to[axis]) + reach)));
      for (let row = top; row <= bottom; row++) {
        for (let column = left; column <= right; column++) {
          const p = row * SIDE + column;
          nearest[p] = Math.min(nearest[p], distance(column, row, from, to));
        }
      }
    }
  }
  return Uint8Array.from(nearest, (away) => 255 * Math.min(1, Math.max(0, reach - away)));
}

function distance(x, y, [ax, ay], [bx, by]) {
  const [vx, vy] = [bx - ax, by - ay];
  const length = vx * vx + vy * vy;
  const along = length ? Math.min(1, Math.max(0, ((x - ax) * vx + (y - ay) * vy) / length)) : 0;
  return Math.hypot(x - ax - along * vx, y - ay - along * vy);
}

function massOffset(image) {
  let [mass, x, y] = [0, 0, 0];
  image.forEach((value, p) => {
    mass += value;
    x += value * (p % SIDE);
    y += value * Math.floor(p / SIDE);
  });
  return mass ? [x / mass - CENTRE, y / mass - CENTRE] : [0, 0];
}

/**
 * Rotate an image (784) counter-clockwise about the centre: bilinear interpolation, empty corners 0.
 * As tgsh.benchmarks.InterpolatedRotation, which takes torchvision's.
 */
export function rotate(image, degrees) {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const at = (column, row) =>
    column >= 0 && column < SIDE && row >= 0 && row < SIDE ? image[row * SIDE + column] : 0;
  const out = new Uint8Array(PIXELS);
  for (let p = 0; p < PIXELS; p++) {
    const [dx, dy] = [(p % SIDE) - CENTRE, Math.floor(p / SIDE) - CENTRE];
    const [x, y] = [CENTRE + cos * dx - sin * dy, CENTRE + sin * dx + cos * dy];
    const [column, row] = [Math.floor(x), Math.floor(y)];
    const [u, v] = [x - column, y - row];
    const upper = (1 - u) * at(column, row) + u * at(column + 1, row);
    const lower = (1 - u) * at(column, row + 1) + u * at(column + 1, row + 1);
    out[p] = Math.round((1 - v) * upper + v * lower);
  }
  return out;
}

/**
 * scikit-learn's digits in MNIST's format, as tgsh.datasets.load_digits makes them.
 * @param {ArrayLike<number>} small (N, 8, 8), intensities from 0 to 16.
 * @returns {Uint8Array} (N, 784), 0 to 255: scaled to 20 x 20 by bilinear interpolation, centred.
 */
export function enlarge(small) {
  const N = small.length / 64;
  const out = new Uint8Array(N * PIXELS);
  const places = Array.from({ length: BOX }, (_, i) => Math.max(0, ((i + 0.5) * 8) / BOX - 0.5));
  for (let n = 0; n < N; n++) {
    places.forEach((y, row) => {
      const [top, v] = [Math.floor(y), y - Math.floor(y)];
      const bottom = Math.min(top + 1, 7);
      places.forEach((x, column) => {
        const [left, u] = [Math.floor(x), x - Math.floor(x)];
        const right = Math.min(left + 1, 7);
        const at = (r, c) => small[n * 64 + r * 8 + c];
        const upper = (1 - u) * at(top, left) + u * at(top, right);
        const lower = (1 - u) * at(bottom, left) + u * at(bottom, right);
        out[n * PIXELS + (row + 4) * SIDE + column + 4] = Math.round((((1 - v) * upper + v * lower) * 255) / 16);
      });
    });
  }
  return out;
}
