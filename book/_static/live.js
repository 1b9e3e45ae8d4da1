// Mounts live figures in a page without a kernel: once a figure's place is in view (or pressed, as the place asks), load the
// modules and the tensors, and call the `render` of the module that the place names, with a stand-in for the notebook's model.
//
// Everything comes as classic scripts that hold text, because pages opened from a folder (file://) may load nothing else.
{
  const here = new URL("live/", document.currentScript.src);

  // All figures of a page share what is loaded.
  const loads = {};
  const load = (name) =>
    (loads[name] ??= new Promise((resolve, reject) => {
      const script = Object.assign(document.createElement("script"), { src: new URL(name, here), onload: resolve });
      script.onerror = () => (delete loads[name], reject(new Error(`${name} cannot be loaded`)));
      document.head.append(script);
    }));

  // Blobs of the modules, each after those that it imports.
  const address = {};
  const blob = (name, sources) => {
    const source = sources[name].replace(/from "\.\/(.*?)"/g, (_, other) => `from "${blob(other, sources)}"`);
    return (address[name] ??= URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  };

  // The worker and its modules as one classic script: from file:// no worker starts from a module.
  const plain = (sources) => {
    const parts = ["flynet.js", "tensors.js", "images.js", "worker.js"].map((name) =>
      sources[name].replace(/^import [^;]*;$/gm, "").replace(/^export /gm, ""),
    );
    return URL.createObjectURL(new Blob(["'use strict';\n", ...parts], { type: "text/javascript" }));
  };

  const mount = async (place) => {
    const { play, figure } = place.dataset;
    const el = Object.assign(document.createElement("div"), { className: "tgsh-live", textContent: "Loading ..." });
    place.replaceChildren(el);
    try {
      await load("modules.js");
      await load(figure ? `${figure}.js` : "tensors.js");
      const { sources, style, [figure ?? "tensors"]: tensors } = window.tgshLive;
      const sheet = Object.assign(document.createElement("style"), { id: "tgsh-live-style", textContent: style });
      if (!document.getElementById(sheet.id)) document.head.append(sheet);
      const text = atob(tensors);
      const bytes = new Uint8Array(text.length);
      for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
      const model = {
        get: (name) => ({ tensors: new DataView(bytes.buffer), play })[name],
        worker: () => new Worker(plain(sources)),
      };
      (await import(blob(figure ? `${figure}.js` : play ? "plays.js" : "lab.js", sources))).render({ model, el });
    } catch (error) {
      el.textContent = `The live network cannot start here: ${error.message}`;
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    for (const place of document.querySelectorAll(".tgsh-live-place")) {
      const button = place.querySelector("button");
      if (button) {
        button.onclick = () => mount(place);
        continue;
      }
      const seen = new IntersectionObserver((entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        seen.disconnect();
        mount(place);
      });
      seen.observe(place);
    }
  });
}
