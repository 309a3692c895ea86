// 8: accuracy against a key: a point an arm and value with its interval, diverged runs marked, the useful range.
import * as Plot from "@observablehq/plot";
import {colour, inText} from "../arms";
import {el, table} from "../dom";
import {figure} from "../figure";
import {list, percent, percents, plain} from "../format";
import {base, endLabels, labelRoom, padded, tip} from "../plots";
import type {NamedRun} from "../runs";
import type {Section} from "../section";
import type {Interval, Num, Sweep} from "../types";

interface Point {
  arm: string;
  value: number | string;
  mean: number;
  ci95: Interval;
  runs: number;
  diverged: number;
}

const words = (key: string) => key.replace(/_/g, " ");
const valueText = (value: number | string | Num) => (typeof value === "number" ? plain(value) : String(value ?? "–"));
const armNames = (sweep: Sweep) => [...new Set(sweep.cells.flatMap((cell) => cell.arms.map((arm) => arm.name)))];

const pointsOf = (sweep: Sweep): Point[] =>
  sweep.cells.flatMap((cell) => cell.arms.flatMap((arm) => {
    const mean = arm.test_accuracy.mean;
    if (typeof mean !== "number") return [];
    return [{arm: arm.name, value: cell.value, mean, ci95: arm.test_accuracy.ci95, runs: arm.runs.length, diverged: arm.runs.filter((r) => r.diverged).length}];
  }));

/** "≥ 2.5" where the range ends only because no further value was tried. */
const decadesText = (r: {decades: Num; cut_low?: boolean; cut_high?: boolean}) =>
  typeof r.decades === "number" ? `${r.cut_low || r.cut_high ? "≥\u00a0" : ""}${r.decades.toFixed(1)}` : "";

/** Decades say something of rates and scales; a batch size or a depth is better told by its ends. */
const inDecades = (sweep: Sweep) => sweep.key === "learning_rate" || sweep.key === "initializer_scale";

/** As many of the values as have room for their names. */
function named(sweep: Sweep, width: number): (number | string)[] {
  const every = Math.ceil(sweep.values.length / Math.max(3, Math.floor(width / 56)));
  return sweep.values.filter((_, i) => i % every === 0);
}

function scaleX(sweep: Sweep): Plot.ScaleOptions {
  const common = {axis: null, insetLeft: 10, insetRight: 8} as const;
  if (sweep.scale === "ordinal") return {...common, type: "point", domain: sweep.values, padding: 0.3} as Plot.ScaleOptions;
  const numbers = sweep.values.filter((v): v is number => typeof v === "number");
  return {...common, type: sweep.scale, domain: [Math.min(...numbers), Math.max(...numbers)]} as Plot.ScaleOptions;
}

function ranges(sweep: Sweep, left: number, right: number, width: number): Element | null {
  const useful = sweep.scale === "ordinal" ? [] : sweep.useful_range ?? [];
  const found = useful.filter((r) => r.low !== null && r.high !== null);
  if (useful.length === 0) return null;
  type Range = (typeof useful)[number];
  return Plot.plot({
    ...base(width, 18 + 22 * useful.length),
    marginTop: 4,
    marginBottom: 4,
    marginLeft: left,
    marginRight: right,
    x: scaleX(sweep),
    y: {type: "band", domain: useful.map((r) => r.arm), axis: null},
    marks: [
      Plot.link(found, {x1: "low", x2: "high", y1: "arm", y2: "arm", stroke: (r: Range) => colour(r.arm), strokeWidth: 7, strokeLinecap: "round", strokeOpacity: 0.75, className: "ranges"} as Plot.LinkOptions),
      Plot.text(useful, {y: "arm", frameAnchor: "left", dx: -8, textAnchor: "end", fill: (r: Range) => colour(r.arm), fontWeight: 600, text: "arm"}),
      Plot.text(found, {x: "high", y: "arm", dx: 10, textAnchor: "start", fill: (r: Range) => colour(r.arm), fontWeight: 600, text: (r: Range) => (inDecades(sweep) ? decadesText(r) : `${valueText(r.low)} to ${valueText(r.high)}`)}),
      Plot.text(useful.filter((r) => r.low === null || r.high === null), {y: "arm", frameAnchor: "left", dx: 4, textAnchor: "start", fill: (r: Range) => colour(r.arm), text: () => "nowhere"}),
    ],
  });
}

function picture(sweep: Sweep, width: number): Element {
  const all = pointsOf(sweep);
  const arms = armNames(sweep);
  const domain = padded(all.flatMap((d) => [d.mean, ...(d.ci95 ?? [])]));
  domain[0] = Math.max(0, domain[0]);
  domain[1] = Math.min(1.005, domain[1]);
  const height = 330;
  const left = 58;
  const right = Math.max(inDecades(sweep) ? 48 : 76, labelRoom(arms) + 6);
  const ends = arms.flatMap((arm) => {
    const last = all.filter((d) => d.arm === arm).pop();
    return last ? [{x: last.value, y: last.mean, text: arm, colour: colour(arm)}] : [];
  });
  const shift = (arm: string) => (arms.indexOf(arm) - (arms.length - 1) / 2) * 5; // intervals of one value side by side
  const main = Plot.plot({
    ...base(width, height),
    marginTop: 12,
    marginLeft: left,
    marginRight: right,
    marginBottom: 40,
    x: scaleX(sweep),
    y: {domain, grid: true, tickSize: 0, label: null, ticks: 6, tickFormat: (v: number) => `${plain(100 * v)}\u00a0%`},
    marks: [
      Plot.text(named(sweep, width - left - right), {x: (v: number | string) => v, frameAnchor: "bottom", dy: 16, text: valueText, fill: "var(--ink-soft)"}),
      Plot.text([words(sweep.key)], {frameAnchor: "bottom", dy: 34, text: (word: string) => word, fill: "var(--ink-soft)"}),
      ...arms.map((arm) => {
        const mine = all.filter((d) => d.arm === arm);
        return [
          Plot.line(mine, {x: "value", y: "mean", stroke: colour(arm), strokeWidth: 2, dx: shift(arm), className: "curves"}),
          Plot.ruleX(mine.filter((d) => d.ci95), {x: "value", y1: (d: Point) => Math.max(d.ci95?.[0] ?? 0, domain[0]), y2: (d: Point) => Math.min(d.ci95?.[1] ?? 0, domain[1]), stroke: colour(arm), strokeWidth: 1.6, dx: shift(arm), className: "intervals"} as Plot.RuleXOptions),
          Plot.dot(mine.filter((d) => d.diverged === 0), {x: "value", y: "mean", r: 4, fill: colour(arm), dx: shift(arm), className: "points"}),
          Plot.dot(mine.filter((d) => d.diverged > 0), {x: "value", y: "mean", r: 5, symbol: "times", stroke: colour(arm), strokeWidth: 2.4, dx: shift(arm), className: "diverged"}),
        ];
      }),
      endLabels(ends, {domain}, height - 12 - 40, 14),
      tip(all, (d) => d.value, (d) => d.mean, (d) => `${d.arm}, ${words(sweep.key)} ${valueText(d.value)}\n${percent(d.mean)}${d.ci95 ? `\n${percents(d.ci95)}` : ""}${d.diverged > 0 ? `\n${d.diverged} of ${d.runs} diverged` : ""}`),
    ],
  });
  const below = ranges(sweep, left, right, width);
  return below ? el("div", main, el("p.range-title", `useful range (${sweep.useful_range?.[0]?.rule ?? ""})${inDecades(sweep) ? ", decades" : ""}`), below) : el("div", main);
}

function sentences(run: NamedRun, sweep: Sweep): string[] {
  const useful = sweep.useful_range ?? [];
  const range = useful.map((r) =>
    r.low === null || r.high === null
      ? `${inText(r.arm)} nowhere`
      : `${inText(r.arm)} from ${valueText(r.low)} to ${valueText(r.high)}${inDecades(sweep) && decadesText(r) ? ` (${decadesText(r)} decades)` : ""}`);
  const best = (sweep.best ?? []).map((b) => {
    const at = pointsOf(sweep).find((d) => d.arm === b.arm && d.value === b.value);
    return `${inText(b.arm)} at ${valueText(b.value)}${at ? ` (${percent(at.mean)})` : ""}`;
  });
  const lost = armNames(sweep).map((arm) => {
    const mine = pointsOf(sweep).filter((d) => d.arm === arm);
    return `${mine.reduce((n, d) => n + d.diverged, 0)} of ${mine.reduce((n, d) => n + d.runs, 0)} with ${inText(arm)}`;
  });
  return [
    ...(range.length > 0 ? [`${run.short}: useful (${useful[0]?.rule ?? ""}) ${list(range)}.`] : []),
    ...(sweep.range_pairs ?? []).flatMap((pair) => pair.sentence ?? []),
    `Runs that diverged: ${list(lost)}.`,
    ...(best.length > 0 ? [`Each arm at its own best value, chosen on ${sweep.best?.[0]?.chosen_on ?? "held-out rows"}: ${list(best)}.`] : []),
  ];
}

const claims = new Map([
  ["learning_rate", "With normalization training bears higher learning rates: a step that would throw the plain network off leaves each neuron's mean and spread where they were."],
  ["batch_size", "Normalization leans on the batch: with few rows, mean and variance are noise, and its advantage should shrink or turn."],
  ["initializer_scale", "With normalization it matters less how the weights begin, for ẑ does not change when all weights of a neuron are scaled."],
  ["depth", "In deep networks signals and gradients shrink or grow from layer to layer; normalization sets them back at each."],
]);

export function sweepSection(runs: NamedRun[]): Section | null {
  const swept = runs.flatMap((run) => (run.summary.sweep && run.summary.sweep.cells.length > 0 ? [{run, sweep: run.summary.sweep}] : []));
  const first = swept[0];
  if (!first) return null;
  return {
    id: "sweep",
    title: `Accuracy against ${list([...new Set(swept.map(({sweep}) => words(sweep.key)))])}`,
    lecture: claims.get(first.sweep.key) ?? "What normalization gains depends on the problem and on how it is trained. So try the arms not at one setting but along a line of settings.",
    body: swept.flatMap(({run, sweep}, i) => [
      figure({
        name: `figure-sweep${i > 0 ? `-${i + 1}` : ""}`,
        title: `Test accuracy at each ${words(sweep.key)}${swept.length > 1 ? `: ${run.short}` : ""}`,
        panels: [{
          description: sentences(run, sweep).join(" "),
          draw: (width) => picture(sweep, width),
        }],
        note: "Points are means over the seeds, with 95\u00a0% intervals; a cross stands where runs diverged, which count as chance.",
        table: {
          columns: [words(sweep.key), "arm", "mean", "95\u00a0% interval", "runs", "diverged"],
          rows: pointsOf(sweep).map((d) => [valueText(d.value), d.arm, percent(d.mean), percents(d.ci95), d.runs, d.diverged]),
        },
      }),
      (sweep.best?.length ?? 0) > 0
        ? table({columns: ["arm", `best ${words(sweep.key)}`, "chosen on"], rows: (sweep.best ?? []).map((b) => [b.arm, valueText(b.value), b.chosen_on])}, "Best value of each arm")
        : null,
    ]),
    finding: swept.flatMap(({run, sweep}) => sentences(run, sweep)),
  };
}
