// Mounts live figures in a page without a kernel: once a figure's place is in view (or pressed, as the place asks), load the
// modules and the tensors, and call the `render` of the module that the place names, with a stand-in for the notebook's model.
//
// Everything comes as classic scripts that hold text, because pages opened from a folder (file://) may load nothing else.
{
  const here = new URL("live/", document.currentScript.src);

  // All figures of a page share what is loaded.
  const loads = {};
  const script = (name) =>
    (loads[name] ??= new Promise((resolve, reject) => {
      const made = Object.assign(document.createElement("script"), { src: new URL(name, here), onload: resolve });
      made.onerror = () => (delete loads[name], reject(new Error(`${name} cannot be loaded`)));
      document.head.append(made);
    }));

  const start = async (place) => {
    const { play, figure } = place.dataset;
    place.textContent = "Loading ...";
    try {
      await script("modules.js");
      await script(figure ? `${figure}.js` : "tensors.js");
      const { sources, style, [figure ?? "tensors"]: encoded } = window.tgshLive;
      const sheet = Object.assign(document.createElement("style"), { id: "tgsh-live-style", textContent: style });
      if (!document.getElementById(sheet.id)) document.head.append(sheet);
      const text = new Blob([sources["mount.js"]], { type: "text/javascript" });
      const { load, mount } = await import(URL.createObjectURL(text));
      // The worker of the book's own figures decodes the tensors; a figure of one's own may have no worker.
      const decoded = figure && new DataView(await (await load("tensors.js", sources)).decode(encoded));
      const model = { get: (name) => ({ tensors: decoded ?? encoded, play, linked: true })[name] };
      const name = figure ? `${figure}.js` : play ? "plays.js" : "lab.js";
      place.replaceChildren();
      await mount(sources, name, { model, el: place });
    } catch (error) {
      place.textContent = `The live network cannot start here: ${error.message}`;
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    for (const place of document.querySelectorAll(".tgsh-live-place")) {
      const button = place.querySelector("button");
      if (button) {
        button.onclick = () => start(place);
        continue;
      }
      const seen = new IntersectionObserver((entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        seen.disconnect();
        start(place);
      });
      seen.observe(place);
    }
  });
}
