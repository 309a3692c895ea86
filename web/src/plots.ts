// What the plots share: their look, the place of direct labels, bands and tips.
import * as Plot from "@observablehq/plot";
import type {Num} from "./types";

export interface Scale {
  domain: [number, number];
  type?: "linear" | "log" | "sqrt";
}

export const margins = {marginTop: 22, marginBottom: 34, marginLeft: 46, marginRight: 14};

/** Options that every plot begins with. */
export function base(width: number, height: number): Plot.PlotOptions {
  return {width, height, ...margins, style: {fontSize: "12px", fontFamily: "inherit", background: "none", overflow: "visible"}};
}

export function tip<T>(data: T[], x: (d: T) => unknown, y: (d: T) => unknown, text: (d: T) => string, along: "x" | "xy" = "xy"): Plot.Markish {
  const options = {x, y, title: text} as Plot.TipOptions;
  return Plot.tip(data as Plot.Data, {
    ...(along === "x" ? Plot.pointerX(options) : Plot.pointer(options)),
    fill: "var(--paper)",
    stroke: "var(--strong-rule)",
    textPadding: 7,
    fontSize: 12,
    className: "tips",
  } as Plot.TipOptions);
}

/** The range of some numbers, a little wider, so that marks do not touch the frame. */
export function padded(values: Num[], share = 0.06): [number, number] {
  const finite = values.filter((v): v is number => v !== null && Number.isFinite(v));
  if (finite.length === 0) return [0, 1];
  const low = Math.min(...finite);
  const high = Math.max(...finite);
  const room = high > low ? (high - low) * share : Math.abs(high) * 0.1 || 1;
  return [low - room, high + room];
}

const map = (scale: Scale, v: number) => (scale.type === "log" ? Math.log(v) : scale.type === "sqrt" ? Math.sqrt(v) : v);
const back = (scale: Scale, v: number) => (scale.type === "log" ? Math.exp(v) : scale.type === "sqrt" ? v * v : v);

/** Moves labels at these values apart, so that none covers another; `span` is the plot's inner height in pixels. */
export function apart<T extends {y: number}>(items: T[], scale: Scale, span: number, gap = 15): (T & {at: number})[] {
  const [low, high] = [map(scale, scale.domain[0]), map(scale, scale.domain[1])];
  const pixels = items.map((item) => ({item, px: ((map(scale, item.y) - low) / (high - low)) * span}));
  pixels.sort((a, b) => a.px - b.px);
  // Runs of labels that are too near share their middle.
  const groups: {items: typeof pixels; centre: number}[] = [];
  for (const entry of pixels) {
    let group = {items: [entry], centre: entry.px};
    for (let last = groups[groups.length - 1]; last; last = groups[groups.length - 1]) {
      const reach = ((last.items.length + group.items.length) / 2) * gap;
      if (group.centre - last.centre >= reach) break;
      groups.pop();
      const all = [...last.items, ...group.items];
      group = {items: all, centre: all.reduce((sum, e) => sum + e.px, 0) / all.length};
    }
    groups.push(group);
  }
  return groups.flatMap(({items: members, centre}) => {
    const half = ((members.length - 1) / 2) * gap;
    const middle = Math.max(half, Math.min(span - half, centre));
    return members.map(({item}, i) => ({...item, at: back(scale, low + ((middle - half + i * gap) / span) * (high - low))}));
  });
}

export interface EndLabel {
  x: number | string | Date;
  y: number;
  text: string;
  colour: string;
}

/** Names beside the ends of lines, in place of a legend. */
export function endLabels(labels: EndLabel[], scale: Scale, span: number, dx = 8): Plot.Markish {
  return Plot.text(apart(labels, scale, span), {
    x: "x",
    y: "at",
    text: "text",
    fill: (d: EndLabel) => d.colour,
    textAnchor: "start",
    dx,
    fontSize: 12,
    fontWeight: 600,
    className: "labels",
  });
}

/** Room that end labels of this text need, in pixels. */
export const labelRoom = (texts: string[]) => 14 + 7.2 * Math.max(0, ...texts.map((t) => t.length));
