// Tensors from a file of the safetensors format: a header in JSON, then the numbers, in the byte order of all browsers.

const TYPES = { U8: Uint8Array, I8: Int8Array, U16: Uint16Array, I16: Int16Array, F32: Float32Array };

/** What a built page holds as text: base64 of a file compressed by gzip. */
export async function decode(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

/** Tensors by name; `NAME.scale`, one number a row, belongs to the whole numbers of `NAME`. */
export function readTensors(buffer) {
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const tensors = {};
  for (const [name, { dtype, shape, data_offsets: [begin, end] }] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const bytes = buffer.slice(8 + length + begin, 8 + length + end); // a copy begins at a multiple of any size
    tensors[name] = new Tensor(shape, new TYPES[dtype](bytes));
  }
  for (const [name, tensor] of Object.entries(tensors)) tensor.scale = tensors[`${name}.scale`]?.values;
  return tensors;
}

/**
 * The bytes of a file of the safetensors format with vectors in single precision.
 * @param {Object<string, Float32Array>} vectors by name.
 * @param {Object<string, string>} about what the file says of itself.
 */
export function writeVectors(vectors, about) {
  const header = { __metadata__: about };
  let end = 0;
  for (const [name, values] of Object.entries(vectors)) {
    header[name] = { dtype: "F32", shape: [values.length], data_offsets: [end, (end += values.byteLength)] };
  }
  let text = JSON.stringify(header);
  text += " ".repeat((8 - (text.length % 8)) % 8);
  const bytes = new Uint8Array(8 + text.length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(new TextEncoder().encode(text), 8);
  for (const [name, values] of Object.entries(vectors)) {
    bytes.set(new Uint8Array(values.buffer), 8 + text.length + header[name].data_offsets[0]);
  }
  return bytes;
}

class Tensor {
  constructor(shape, values) {
    Object.assign(this, { shape, values });
  }

  /** Numbers of one row, as stored. */
  row(i) {
    const size = this.values.length / this.shape[0];
    return this.values.subarray(i * size, (i + 1) * size);
  }

  /** Rows of numbers in single precision: what is stored, times the scale of the row. */
  rows() {
    return Array.from({ length: this.shape[0] }, (_, i) => Float32Array.from(this.row(i), (v) => v * this.scale[i]));
  }

  /** All numbers in single precision. */
  dequantised() {
    const out = new Float32Array(this.values.length);
    this.rows().forEach((row, i) => out.set(row, i * row.length));
    return out;
  }
}
