// Elements from words. Text is set as text, never read as HTML, so a name from a file stays a name.

import {colour} from "./arms";

export type Child = Node | string | number | null | undefined | false | Child[];

export function append(parent: Node, ...children: Child[]): void {
  for (const child of children) {
    if (Array.isArray(child)) append(parent, ...child);
    else if (child instanceof Node) parent.appendChild(child);
    else if (child !== null && child !== undefined && child !== false) parent.appendChild(document.createTextNode(String(child)));
  }
}

/** el("p.lecture", {id: "x"}, "text", el("b", "bold")): a tag with classes, attributes (optional), children. */
export function el(tag: string, ...rest: (Child | Record<string, string>)[]): HTMLElement {
  const [name = "div", ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length > 0) element.className = classes.join(" ");
  const [first] = rest;
  if (first !== null && typeof first === "object" && !Array.isArray(first) && !(first instanceof Node)) {
    for (const [key, value] of Object.entries(first)) element.setAttribute(key, value);
    rest.shift();
  }
  append(element, ...(rest as Child[]));
  return element;
}

/** A sentence in which names of arms, as inText() marks them, stand in their colours. */
export function rich(sentence: string): Child[] {
  return sentence.split("\u2060").map((part, i) => (i % 2 === 1 ? el("b", {style: `color:${colour(part)}`}, part) : part));
}

export interface Table {
  columns: string[];
  rows: (string | number)[][];
}

/** A table; cells of numbers stand to the right. */
export function table(data: Table, caption?: string): HTMLElement {
  const right = data.columns.map((_, i) => data.rows.every((row) => /^[−–+\-\d.,\s%×<>…e]*$/.test(String(row[i] ?? ""))));
  const cells = (tag: string, values: (string | number)[]) =>
    values.map((value, i) => el(tag, {class: right[i] ? "number" : "", ...(tag === "th" ? {scope: "col"} : {})}, value));
  return el(
    "div.scroll",
    {tabindex: "0", role: "region", "aria-label": caption ?? "table"},
    el(
      "table",
      caption ? el("caption.hidden", caption) : null,
      el("thead", el("tr", ...cells("th", data.columns))),
      el("tbody", ...data.rows.map((row) => el("tr", ...cells("td", row)))),
    ),
  );
}

export function fold(title: string, ...children: Child[]): HTMLElement {
  return el("details", el("summary", title), ...children);
}
