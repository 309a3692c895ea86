// Paired differences between two arms: a dot a seed, the mean with its interval, and the zone that does not matter.
import * as Plot from "@observablehq/plot";
import {points} from "./format";
import {base, padded, tip} from "./plots";
import type {Comparison} from "./runs";
import type {Pair} from "./types";

export interface SeedDifference {
  seed: number;
  difference: number;
  diverged: boolean;
}

export interface DifferenceRow {
  label: string;
  pair: Pair | null;
  seeds: SeedDifference[];
  colour: string;
}

export function seedDifferences(run: Comparison, a: string, b: string): SeedDifference[] {
  const arm = (name: string) => run.arms.find((one) => one.name === name);
  return (arm(a)?.runs ?? []).flatMap((mine) => {
    const other = arm(b)?.runs.find((r) => r.seed === mine.seed);
    if (!other) return [];
    return [{seed: mine.seed, difference: mine.test_accuracy - other.test_accuracy, diverged: mine.diverged || other.diverged}];
  });
}

/** Wide enough for every dot and interval, for zero and for the zone that does not matter. */
export function differencesDomain(rows: DifferenceRow[]): [number, number] {
  const margins = rows.map((r) => r.pair?.margin ?? 0);
  return padded([...rows.flatMap((r) => [...r.seeds.map((s) => s.difference), ...(r.pair?.ci95 ?? [])]), 0, ...margins, ...margins.map((m) => -m)]);
}

/** One row of dots each, its name above it, so that it works on a phone. */
export function differencesPlot(rows: DifferenceRow[], width: number, left: string, right: string, domain: [number, number]): Element {
  const rowHeight = 62;
  const dots = rows.flatMap((row) => row.seeds.map((s) => ({...s, row})));
  const height = rows.length * rowHeight + 62;
  const y = (row: DifferenceRow) => rows.indexOf(row);
  const zone = Math.max(...rows.map((r) => r.pair?.margin ?? 0));
  return Plot.plot({
    ...base(width, height),
    marginTop: 24,
    marginLeft: 12,
    marginRight: 12,
    marginBottom: 38,
    x: {domain, label: "difference in points", labelAnchor: "center", labelArrow: "none", tickFormat: (v: number) => points(v, 1), ticks: width < 500 ? 4 : 8},
    y: {domain: [-0.55, rows.length - 0.45], reverse: true, axis: null},
    marks: [
      zone > 0 ? Plot.rect([0], {x1: -zone, x2: zone, y1: -0.55, y2: rows.length - 0.45, fill: "var(--rule)", fillOpacity: 0.6, className: "zone"}) : null,
      Plot.ruleX([0], {stroke: "var(--ink-soft)"}),
      Plot.text([0], {x: domain[0], frameAnchor: "top", dy: -14, text: () => `← ${left}`, textAnchor: "start", fill: "var(--ink-soft)"}),
      Plot.text([0], {x: domain[1], frameAnchor: "top", dy: -14, text: () => `${right} →`, textAnchor: "end", fill: "var(--ink-soft)"}),
      Plot.text(rows, {x: domain[0], y: (r: DifferenceRow) => y(r) - 0.3, text: "label", textAnchor: "start", fontWeight: 600, fill: (r: DifferenceRow) => r.colour, stroke: "var(--paper)", strokeWidth: 4, fontSize: 12.5}),
      Plot.link(rows.filter((r) => r.pair?.ci95), {x1: (r: DifferenceRow) => r.pair?.ci95?.[0], x2: (r: DifferenceRow) => r.pair?.ci95?.[1], y1: y, y2: y, stroke: (r: DifferenceRow) => r.colour, strokeWidth: 10, strokeOpacity: 0.28, strokeLinecap: "butt", className: "intervals"} as Plot.LinkOptions),
      Plot.dot(rows.filter((r) => r.pair), {x: (r: DifferenceRow) => r.pair?.difference, y, symbol: "diamond", r: 7, fill: (r: DifferenceRow) => r.colour, className: "differences"}),
      Plot.dot(dots, {x: "difference", y: (d: (typeof dots)[number]) => y(d.row) + 0.24, r: 3.5, fill: "none", stroke: (d: (typeof dots)[number]) => d.row.colour, strokeWidth: 1.6, className: "seeds"}),
      tip(dots, (d) => d.difference, (d) => y(d.row) + 0.24, (d) => `seed ${d.seed}\n${points(d.difference)} points${d.diverged ? "\na run diverged" : ""}`),
    ],
  });
}
