// Brings the modules of a live figure, and the worker that it computes in, into a page: a built page (live.js, which a
// folder serves as well as a host) and a notebook (anywidget). Modules come as text, in `sources`, by name.

const WORKER = ["flynet.js", "tensors.js", "images.js", "buckets.js", "worker.js"]; // each after those that it imports
const addresses = new Map(); // of a source, the address of its blob

/** Import a module of `sources`, and all that it imports. */
export function load(name, sources) {
  return import(/* webpackIgnore: true */ address(name, sources));
}

function address(name, sources) {
  const source = sources[name];
  if (!addresses.has(source)) {
    const linked = source.replace(/from "\.\/(.*?)"/g, (_, other) => `from "${address(other, sources)}"`);
    addresses.set(source, URL.createObjectURL(new Blob([linked], { type: "text/javascript" })));
  }
  return addresses.get(source);
}

/** Start the worker; its modules make one classic script, for a page from a folder starts no worker from a module. */
function startWorker(sources) {
  const parts = WORKER.map((name) => sources[name].replace(/^import [^;]*;$/gm, "").replace(/^export /gm, ""));
  const script = URL.createObjectURL(new Blob(["'use strict';\n", ...parts], { type: "text/javascript" }));
  const worker = new Worker(script);
  worker.addEventListener("message", () => URL.revokeObjectURL(script), { once: true });
  return worker;
}

/**
 * Render a live figure.
 * @param {Object<string, string>} sources all modules.
 * @param {string} name the module whose `render` makes the figure.
 * @param {{model: object, el: Element}} given the model of anywidget, or what stands in for it: of its methods `get`,
 *   and where the figure tells Python something, `set`, `save_changes` and `on`.
 * @returns {Promise<Function>} what removes the figure.
 */
export async function mount(sources, name, { model, el }) {
  const place = document.createElement("div");
  Object.assign(place, { className: "tgsh-live", textContent: "Loading ..." });
  el.append(place);
  const heard = [];
  const whole = {
    get: (trait) => model.get(trait),
    set: (trait, value) => model.set?.(trait, value),
    save_changes: () => model.save_changes?.(),
    on: (event, act) => (heard.push([event, act]), model.on?.(event, act)),
    worker: () => startWorker(sources),
  };
  try {
    const close = (await load(name, sources)).render({ model: whole, el: place });
    return () => {
      for (const [event, act] of heard) model.off?.(event, act);
      close?.();
      place.remove();
    };
  } catch (error) {
    place.textContent = `The live network cannot start here: ${error.message}`;
  }
}
