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

// Names for controls that their makers left without one, or with one that hides their text: read aloud, and asked for by
// WCAG. Widgets are drawn late and drawn again, so this runs whenever something was added to the page.
const PLAYER = { "fa-play": "Play", "fa-pause": "Pause", "fa-stop": "Stop", "fa-retweet": "Repeat" };

function nameHandle(handle) {
  const slider = handle.closest(".jupyter-widgets");
  handle.setAttribute("aria-label", slider?.querySelector(".widget-label")?.textContent || "Slider");
  handle.setAttribute("aria-valuetext", slider?.querySelector(".widget-readout")?.textContent ?? "");
}

function nameControls() {
  document.querySelectorAll(".noUi-handle:not([aria-label])").forEach(nameHandle);
  for (const button of document.querySelectorAll(".widget-play button")) {
    const icon = Object.keys(PLAYER).find((name) => button.querySelector(`.${name}`));
    if (icon && button.getAttribute("aria-label") !== PLAYER[icon]) button.setAttribute("aria-label", PLAYER[icon]);
  }
  for (const box of document.querySelectorAll(".bd-article table, .tgsh-explorer > .widget-box")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0; // what scrolls has to be reached by the keyboard
  }
  document.querySelectorAll('summary[aria-label="Toggle hidden content"]').forEach((summary) => summary.removeAttribute("aria-label"));
  for (const summary of document.querySelectorAll(".bd-sidebar-primary summary:not([aria-label])")) {
    const entry = summary.closest("li")?.querySelector("a")?.textContent.trim();
    summary.setAttribute("aria-label", entry ? `Pages below ${entry}` : "Pages below");
  }
  // Sphinx lays out long signatures as lists of definitions without a term, and citations in a role that is no more.
  for (const part of document.querySelectorAll("dt.sig > dl:not([role]), dt.sig > dl > dd:not([role])"))
    part.setAttribute("role", "presentation");
  for (const entry of document.querySelectorAll('[role="list"] > [role="doc-biblioentry"]'))
    entry.setAttribute("role", "listitem");
  for (const button of document.querySelectorAll("button[aria-label], a[aria-label]")) {
    const titles = [...button.querySelectorAll("svg")].filter((icon) => icon.checkVisibility()).map((icon) => icon.textContent);
    const text = [...titles, button.innerText].join(" ").replace(/\s+/g, " ").trim();
    const name = button.getAttribute("aria-label");
    if (text && !name.toLowerCase().includes(text.toLowerCase())) button.setAttribute("aria-label", `${name}: ${text}`);
  }
}

addEventListener("DOMContentLoaded", () => {
  nameControls();
  let waiting = false;
  const again = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => ((waiting = false), nameControls()));
  };
  new MutationObserver(again).observe(document.body, { childList: true, subtree: true });
  addEventListener("resize", again); // a phone that is turned
});
for (const event of ["focusin", "keyup", "pointerup"])
  addEventListener(event, ({ target }) => {
    const handle = target.closest?.(".noUi-handle");
    if (handle) nameHandle(handle);
  });

// A figure's link to its cell opens the code, where that is folded.
addEventListener("click", ({ target }) => {
  const link = target.closest?.("a.tgsh-code");
  const code = link && document.getElementById(link.hash.slice(1))?.querySelector("details.hide");
  if (code) code.open = true;
});
