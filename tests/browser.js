// What the browser tests ask of a page: each function looks, and returns what it found.

const VIEWS = 'script[type="application/vnd.jupyter.widget-view+json"]';

/** Calls `done` when formulas are set, explorers drawn and pictures loaded, or after 15 seconds. */
function settle(done) {
  const start = performance.now();
  (function look() {
    const drawn = document.querySelectorAll(".widget-subarea .tgsh-explorer img").length;
    const isReady =
      document.readyState === "complete" &&
      drawn >= document.querySelectorAll(VIEWS).length &&
      (!document.querySelector("span.math, div.math") || document.querySelector("mjx-container")) &&
      [...document.images].every((image) => image.complete || image.loading === "lazy");
    if (isReady || performance.now() - start > 15000) setTimeout(done, 200);
    else setTimeout(look, 50);
  })();
}

/** Calls `done` after two frames and when animations and transitions have ended, or after 3 seconds. */
function atRest(done) {
  const start = performance.now();
  let frames = 0;
  (function look() {
    const isMoving = document.getAnimations().some(({ playState }) => playState === "running");
    if ((frames++ > 1 && !isMoving) || performance.now() - start > 3000) done();
    else requestAnimationFrame(look);
  })();
}

/** Formulas that MathJax has not set, or set with an error. */
function badlySet() {
  return [...document.querySelectorAll("article span.math, article div.math")]
    .filter((formula) => !formula.querySelector("mjx-container") || formula.querySelector("mjx-merror"))
    .map((formula) => formula.textContent);
}

/** Text whose contrast with what lies behind it is below 4.5, the least that WCAG asks for. */
function faint(selector) {
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const luminance = (rgb) => {
    const [r, g, b] = rgb.slice(0, 3).map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const colour = channels(getComputedStyle(node).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const contrast = (node) => {
    const colours = [channels(getComputedStyle(node).color), behind(node)];
    const [low, high] = colours.map(luminance).sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const hasText = (node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
  return [...document.querySelectorAll(selector)]
    .filter((node) => hasText(node) && node.checkVisibility() && contrast(node) < 4.5)
    .map((node) => node.textContent.slice(0, 60));
}

/** Figures that do not stand on a light ground: their own, or the one behind them where they are transparent. */
function unreadable() {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [1, 1];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const isLight = (image) => {
    context.clearRect(0, 0, 1, 1);
    context.drawImage(image, 0, 0);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return a === 255 ? Math.min(r, g, b) > 200 : getComputedStyle(image).backgroundColor === "rgb(255, 255, 255)";
  };
  return [...document.querySelectorAll("article img")].filter((image) => !isLight(image)).map((image) => image.alt);
}

/** What reaches over the right edge of the window, and is in no box that scrolls by itself. */
function wide() {
  const isOver = (node) => node.getBoundingClientRect().right > innerWidth + 1;
  const isBoxed = (node) => {
    for (let box = node.parentElement; box; box = box.parentElement)
      if (getComputedStyle(box).overflowX !== "visible" && !isOver(box)) return true;
    return false;
  };
  return [...document.querySelectorAll("article *")]
    .filter((node) => isOver(node) && !isBoxed(node))
    .map((node) => node.outerHTML.slice(0, 120));
}

/** Collects the heights that `element` has, frame by frame, in `window.heights`. */
function watchHeight(element) {
  const heights = (window.heights = new Set());
  (function look() {
    heights.add(Math.round(element.getBoundingClientRect().height));
    if (window.heights === heights) requestAnimationFrame(look);
  })();
}
