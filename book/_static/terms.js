// What a term, a symbol, a citation or an equation means, beside it: on hover and on focus, until Escape.
// WCAG 1.4.13: the note can be dismissed, can be hovered itself, and stays until it is left.
{
  const PLACES = "a.tgsh-term, a[data-citation], .bd-article a.reference[href^='#equation-']";
  const PAUSE = 250; // milliseconds from the mention to the note, and before either shows or goes
  const note = document.createElement("div");
  Object.assign(note, { id: "tgsh-note", role: "tooltip", hidden: true });
  let shown = null;
  let timer = 0;

  function content(place) {
    if (place.dataset.citation) return document.createTextNode(place.dataset.citation);
    const anchor = decodeURIComponent(place.hash.slice(1));
    if (anchor.startsWith("equation-")) {
      const source = document.getElementById(anchor)?.querySelector("mjx-container");
      if (!source) return null;
      const equation = document.createElement("div");
      equation.innerHTML = `<span class="tgsh-hidden">Equation ${place.textContent}</span>`;
      equation.append(source.cloneNode(true));
      equation.lastChild.removeAttribute("tabindex");
      return equation;
    }
    const found = document.getElementById("tgsh-notes")?.content.querySelector(`[data-note="${CSS.escape(anchor)}"]`);
    return found?.cloneNode(true);
  }

  function put(place) {
    const box = place.getBoundingClientRect();
    const left = Math.max(8, Math.min(box.left, document.documentElement.clientWidth - note.offsetWidth - 8));
    const above = box.bottom + note.offsetHeight + 12 > innerHeight && box.top > note.offsetHeight + 12;
    note.style.left = `${left + scrollX}px`;
    note.style.top = `${scrollY + (above ? box.top - note.offsetHeight - 4 : box.bottom + 4)}px`;
  }

  async function show(place) {
    clearTimeout(timer);
    if (shown === place) return;
    hide();
    const meaning = content(place);
    if (!meaning) return;
    shown = place;
    note.replaceChildren(meaning);
    note.hidden = false;
    place.setAttribute("aria-describedby", note.id);
    put(place);
    if (!note.querySelector(".math")) return;
    await window.MathJax?.startup?.promise;
    await window.MathJax?.typesetPromise?.([note]);
    if (shown === place) put(place);
  }

  function hide() {
    clearTimeout(timer);
    shown?.removeAttribute("aria-describedby");
    shown = null;
    note.hidden = true;
  }

  const soon = (act, ...rest) => (clearTimeout(timer), (timer = setTimeout(act, PAUSE, ...rest)));
  const place = ({ target }) => target.closest?.(PLACES);

  addEventListener("DOMContentLoaded", () => {
    document.body.append(note);
    for (const link of document.querySelectorAll("a.tgsh-term[title]")) {
      link.setAttribute("aria-label", link.title);
      link.removeAttribute("title");
    }
    // Citations carry their reference as a title, which browsers show on hover only.
    for (const link of document.querySelectorAll(".bd-article a.reference[title][href*='references.html#']")) {
      link.dataset.citation = link.title;
      link.removeAttribute("title");
    }
  });
  addEventListener("focusin", (event) => (place(event) ? show(place(event)) : hide()));
  addEventListener("focusout", () => note.matches(":hover") || hide());
  addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    if (note.contains(event.target) || (shown && place(event) === shown)) clearTimeout(timer);
    else if (place(event)) soon(show, place(event));
    else if (shown && shown !== document.activeElement) soon(hide);
    else if (!shown) clearTimeout(timer);
  });
  addEventListener("keydown", ({ key }) => key === "Escape" && hide());
  // A finger has no hover: its first tap shows the note, the second follows the link.
  let touched = null;
  addEventListener("pointerdown", (event) => {
    touched = event.pointerType === "touch" && place(event) !== shown ? place(event) : null;
    if (!place(event) && !note.contains(event.target)) hide();
  });
  addEventListener("click", (event) => {
    if (!touched || place(event) !== touched) return;
    event.preventDefault();
    show(touched);
  });
}
