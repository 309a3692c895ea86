// 1: the inputs as they lie in the data, and as the network gets them.
import * as Plot from "@observablehq/plot";
import {el, fold, table} from "../dom";
import {figure} from "../figure";
import {count, fixed, percent, plain, whole} from "../format";
import {base, padded, tip} from "../plots";
import {dataName, distinct} from "../runs";
import type {NamedRun} from "../runs";
import type {Section} from "../section";
import type {Distribution, Input} from "../types";

interface Bin {
  from: number;
  to: number;
  share: number;
}

function binsOf(d: Distribution): Bin[] {
  const total = d.histogram.counts.reduce((sum, n) => sum + n, 0) || 1;
  return d.histogram.counts.map((n, i) => ({
    from: d.histogram.edges[i] as number,
    to: d.histogram.edges[i + 1] as number,
    share: n / total,
  }));
}

function histogram(d: Distribution, top: number, root: boolean, width: number): Element {
  const bins = binsOf(d);
  const height = 230;
  const [low, high] = padded([d.min, d.max, d.mean - d.std, d.mean + d.std], 0.02);
  return Plot.plot({
    ...base(width, height),
    marginTop: 46,
    marginLeft: 50,
    x: {domain: [low, high], label: null, ticks: width < 420 ? 4 : 6, tickFormat: (v: number) => plain(v)},
    y: {domain: [0, top], grid: true, tickSize: 0, type: root ? "sqrt" : "linear", label: null, tickFormat: (v: number) => `${plain(100 * v)}\u00a0%`, ticks: 4},
    marks: [
      Plot.rect([0], {x1: d.mean - d.std, x2: d.mean + d.std, y1: 0, y2: top, fill: "var(--accent)", fillOpacity: 0.12}),
      Plot.rect(bins, {x1: "from", x2: "to", y1: 0, y2: "share", fill: "var(--ink-soft)", insetLeft: 0.5, insetRight: 0.5, className: "bins"}),
      Plot.ruleX([d.mean], {stroke: "var(--accent)", strokeWidth: 2}),
      Plot.ruleY([0], {stroke: "var(--ink-soft)"}),
      Plot.text([d.mean], {
        x: (v: number) => v,
        frameAnchor: "top",
        text: () => `μ ${plain(d.mean)}   σ ${plain(d.std)}`,
        dy: -26,
        fill: "var(--accent)",
        fontWeight: 600,
        fontSize: 13,
        textAnchor: d.mean < low + (high - low) * 0.3 ? "start" : "middle",
      }),
      tip(bins, (b) => (b.from + b.to) / 2, (b) => b.share, (b) => `${plain(b.from)} to ${plain(b.to)}\n${percent(b.share)} of the values`, "x"),
    ],
  });
}

const wordsOf = (input: Input, name: string) =>
  input.scaling === "rescaling"
    ? `divided so that they lie between ${plain(input.after?.min)} and ${plain(input.after?.max)}`
    : input.scaling === "normalization"
      ? "standardized, each feature by its own mean and deviation over the training rows"
      : `given to the network as they lie in ${name}`;

function sentence(input: Input, name: string): string {
  const {before, after} = input;
  const start = `In ${name} the values run from ${plain(before.min)} to ${plain(before.max)}, with mean ${plain(before.mean)} and deviation ${plain(before.std)}; here they were ${wordsOf(input, name)}.`;
  if (!after || input.scaling === "none") return start;
  const even = Math.abs(after.mean) < 0.01 && Math.abs(after.std - 1) < 0.05;
  return `${start} What the network gets has mean ${plain(after.mean)} and deviation ${plain(after.std)}${
    even ? ": all features on one footing." : ": one small scale, but not mean 0 and deviation 1 — the normalization inside the network meets inputs that are only rescaled."
  }`;
}

function features(input: Input): HTMLElement | null {
  const before = input.before.features ?? [];
  if (before.length === 0) return null;
  const after = input.after?.features;
  const shown = table(
    {
      columns: ["feature", "mean", "deviation", ...(after ? ["mean after", "deviation after"] : [])],
      rows: before.map((f, i) => [
        f.name,
        plain(f.mean, 4),
        plain(f.std, 4),
        ...(after ? [fixed(after[i]?.mean, 3), fixed(after[i]?.std, 3)] : []),
      ]),
    },
    "Mean and deviation of single features before and after",
  );
  // A few columns have names that say something; eight pixels of many are for the curious.
  return before.length < 8 ? el("div.features", el("h3", "Feature by feature"), shown) : fold("Some of the features one by one", shown);
}

export function dataSection(runs: NamedRun[]): Section | null {
  const inputs = distinct(runs, (summary) => summary.input);
  if (inputs.length === 0) return null;
  const body = inputs.flatMap(({value: input, runs: [first]}, i) => {
    const name = (first ? dataName(first.summary) : "the data");
    const shown = input.after && input.scaling !== "none" ? [input.before, input.after] : [input.before];
    const shares = shown.flatMap((d) => binsOf(d).map((b) => b.share));
    const highest = Math.max(...shares);
    const root = highest > 0.4; // one bar would flatten all others
    const about = (d: Distribution) =>
      `Histogram of the values: from ${plain(d.min)} to ${plain(d.max)}, mean ${plain(d.mean)}, deviation ${plain(d.std)}.`;
    const rows = shown.flatMap((d, k) =>
      binsOf(d).map((b) => [k === 0 ? "before" : "after", `${plain(b.from)} to ${plain(b.to)}`, percent(b.share, 3)]),
    );
    return [
      figure({
        name: `figure-data${i > 0 ? `-${i + 1}` : ""}`,
        title: `The values of ${name}${input.rows ? `, ${count(input.rows, "training row")}` : ""}`,
        panels: shown.map((d, k) => ({
          title: k === 0 ? "Before: as they lie in the data" : "After: as the network gets them",
          description: about(d),
          draw: (width: number) => histogram(d, highest * 1.04, root, width),
        })),
        note: `Share of all values in each of ${whole(input.before.histogram.counts.length)} bins${root ? ", on a square-root scale so that the small bars can be seen" : ""}. The line is the mean, the shade one deviation to each side.`,
        table: {columns: ["", "values", "share"], rows},
      }),
      features(input),
    ];
  });
  return {
    id: "data",
    title: "The data before and after normalization",
    lecture:
      "A feature that is counted in thousands drowns one that is counted in ones. So bring all features to the same footing before training: take away the mean and divide by the deviation, x ← (x − μ)/σ. Each then has mean 0 and deviation 1.",
    body,
    finding: inputs.map(({value, runs: [first]}) => sentence(value, (first ? dataName(first.summary) : "the data"))),
  };
}
