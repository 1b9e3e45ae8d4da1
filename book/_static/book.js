// Peace between the scripts of a page. Loaded before those of the theme, of MathJax and of the widgets.

// The theme's FontAwesome would replace the icons of a Play widget whenever it draws them, and break its buttons.
window.FontAwesomeConfig = { observeMutations: false };

// Widgets typeset their labels through the queue of MathJax 2; this one is for MathJax 3. It stays where the page has no
// formulas, and so no MathJax.
(() => {
  const Hub = { Queue: ([, , element]) => window.MathJax.typesetPromise?.([element]) };
  window.MathJax = {
    ...window.MathJax,
    Hub,
    startup: {
      ready() {
        MathJax.startup.defaultReady();
        MathJax.Hub = Hub;
      },
    },
  };
})();

// A widget's slider has a handle that the keyboard moves, but no name: take it from its label, and its value from its readout.
function nameHandle(event) {
  const handle = event.target.closest?.(".noUi-handle");
  const slider = handle?.closest(".jupyter-widgets");
  if (!slider) return;
  handle.setAttribute("aria-label", slider.querySelector(".widget-label")?.textContent ?? "");
  handle.setAttribute("aria-valuetext", slider.querySelector(".widget-readout")?.textContent ?? "");
}
addEventListener("focusin", nameHandle);
addEventListener("keyup", nameHandle);
