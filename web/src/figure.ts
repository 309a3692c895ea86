// A figure: one or several panels that are drawn as wide as the page gives them, what they show in words, and the
// numbers behind them in a fold.
import {bare} from "./arms";
import {append, el, fold, table} from "./dom";
import type {Child, Table} from "./dom";

export interface Panel {
  title?: Child;
  /** What a person who does not see it should know. */
  description: string;
  draw(width: number): Element;
}

export interface Figure {
  name: string;
  title: string;
  panels: Panel[];
  /** How many panels stand side by side where there is room. */
  columns?: number;
  note?: Child;
  table?: Table;
}

const narrowest = 250;
const drawings = new WeakMap<Element, (width: number, again: boolean) => void>();
const observer = new ResizeObserver((entries) => {
  for (const entry of entries) drawings.get(entry.target)?.(Math.floor(entry.contentRect.width), false);
});

/** Draws all plots in there again, because what they show was changed. */
export function redraw(root: Element): void {
  for (const place of root.querySelectorAll(".plot")) drawings.get(place)?.(Math.floor(place.clientWidth), true);
}

// On paper a figure drawn for a wide window would shrink, its letters too: draw it as wide as the paper gives it.
const paper = 680;
window.addEventListener("beforeprint", () => {
  const share = Math.min(1, paper / (document.querySelector("main")?.clientWidth || paper));
  for (const place of document.querySelectorAll(".plot")) drawings.get(place)?.(Math.floor(place.clientWidth * share), true);
});
window.addEventListener("afterprint", () => redraw(document.body));

function panelElement(panel: Panel): HTMLElement {
  const place = el("div.plot");
  let drawn = 0;
  drawings.set(place, (width, again) => {
    if (width < 40 || (width === drawn && !again)) return;
    drawn = width;
    const picture = panel.draw(width);
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", bare(panel.description));
    place.replaceChildren(picture);
  });
  observer.observe(place);
  return el("div.panel", panel.title ? el("h4", panel.title) : null, place);
}

export function figure(spec: Figure): HTMLElement {
  const columns = Math.min(spec.columns ?? spec.panels.length, 4);
  const panels = el("div.panels", {style: `--columns:${columns};--narrowest:${narrowest}px`}, ...spec.panels.map(panelElement));
  const caption = `${spec.name}-caption`;
  const element = el("figure", {id: spec.name, "aria-labelledby": caption}, el("h3", {id: caption}, spec.title), panels);
  append(
    element,
    spec.note ? el("figcaption", spec.note) : null,
    spec.table ? fold("Numbers behind this figure", table(spec.table, spec.title)) : null,
  );
  return element;
}
