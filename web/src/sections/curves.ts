// 3: how training goes, epoch by epoch: the mean over the seeds with a band from the lowest to the highest.
import * as Plot from "@observablehq/plot";
import {colour, inText} from "../arms";
import {figure} from "../figure";
import type {Panel} from "../figure";
import {count, list, percent, plain} from "../format";
import {base, endLabels, labelRoom, margins, padded, tip} from "../plots";
import {mean} from "../runs";
import type {Comparison} from "../runs";
import type {Section} from "../section";
import type {Arm} from "../types";

interface Point {
  arm: string;
  epoch: number;
  mean: number;
  low: number;
  high: number;
  runs: number;
}

/** Runs that diverged have fewer epochs: each epoch counts the runs that still had a number. */
export function curve(arm: Arm, metric: string): Point[] {
  const epochs = [...new Set(arm.runs.flatMap((run) => run.epochs.map((e) => e.epoch)))].sort((a, b) => a - b);
  return epochs.flatMap((epoch) => {
    const values = arm.runs
      .map((run) => run.epochs.find((e) => e.epoch === epoch)?.[metric])
      .filter((v): v is number => typeof v === "number" && Number.isFinite(v));
    const centre = mean(values);
    if (centre === null) return [];
    return [{arm: arm.name, epoch, mean: centre, low: Math.min(...values), high: Math.max(...values), runs: values.length}];
  });
}

function picture(curves: Point[][], domain: [number, number], accuracy: boolean, width: number): Element {
  const all = curves.flat();
  const height = 280;
  const show = (v: number) => (accuracy ? percent(v) : plain(v));
  const last = curves.flatMap((points) => {
    const end = points[points.length - 1];
    return end ? [{x: end.epoch, y: end.mean, text: end.arm, colour: colour(end.arm)}] : [];
  });
  const epochs = [...new Set(all.map((d) => d.epoch))];
  const step = Math.max(1, Math.ceil(epochs.length / 8));
  return Plot.plot({
    ...base(width, height),
    marginLeft: 52,
    marginRight: labelRoom(last.map((l) => l.text)),
    x: {label: "epoch", labelAnchor: "center", labelArrow: "none", tickFormat: (e: number) => String(e), ticks: epochs.filter((_, i) => i % step === 0), domain: [Math.min(...epochs), Math.max(...epochs, Math.min(...epochs) + 1)]},
    y: {domain, grid: true, tickSize: 0, label: null, ticks: 5, tickFormat: accuracy ? (v: number) => `${plain(100 * v)}\u00a0%` : (v: number) => plain(v)},
    marks: [
      Plot.areaY(all, {x: "epoch", y1: "low", y2: "high", z: "arm", fill: (d: Point) => colour(d.arm), fillOpacity: 0.16, className: "bands"}),
      Plot.line(all, {x: "epoch", y: "mean", z: "arm", stroke: (d: Point) => colour(d.arm), strokeWidth: 2.2, className: "means"}),
      Plot.dot(all, {x: "epoch", y: "mean", r: 3, fill: (d: Point) => colour(d.arm), className: "epochs"}),
      endLabels(last, {domain}, height - margins.marginTop - margins.marginBottom),
      tip(all, (d) => d.epoch, (d) => d.mean, (d) => `${d.arm}, epoch ${d.epoch}\nmean ${show(d.mean)} of ${d.runs}\n${show(d.low)} to ${show(d.high)}`),
    ],
  });
}

const metrics = [
  {key: "validation_accuracy", name: "validation accuracy", accuracy: true},
  {key: "train_loss", name: "training loss", accuracy: false},
];

function figureOf(metric: (typeof metrics)[number], all: Comparison[]): HTMLElement | null {
  const sets = all.map((run) => ({run, curves: run.arms.map((arm) => curve(arm, metric.key))})).filter(({curves}) => curves.flat().length > 0);
  if (sets.length === 0) return null;
  const domain = padded(sets.flatMap(({curves}) => curves.flat().flatMap((d) => [d.low, d.high])));
  if (metric.accuracy) domain[1] = Math.min(domain[1], 1);
  const show = (v: number) => (metric.accuracy ? percent(v) : plain(v, 4));
  return figure({
    name: `figure-${metric.key.replace("_", "-")}`,
    title: metric.accuracy ? "Accuracy on held-out training rows after each epoch" : "Training loss of each epoch",
    columns: 2,
    panels: sets.map(({run, curves}): Panel => ({
      title: run.label,
      description: `${metric.name} by epoch with ${run.label}. ${curves.map((points) => `${points[0]?.arm ?? ""}: from ${show(points[0]?.mean ?? 0)} to ${show(points[points.length - 1]?.mean ?? 0)}`).join("; ")}.`,
      draw: (width) => picture(curves, domain, metric.accuracy, width),
    })),
    note: "Lines are means over the seeds, bands reach from the lowest seed to the highest.",
    table: {
      columns: ["run", "arm", "epoch", "mean", "lowest", "highest", "seeds"],
      rows: sets.flatMap(({run, curves}) => curves.flat().map((d) => [run.label, d.arm, d.epoch, show(d.mean), show(d.low), show(d.high), d.runs])),
    },
  });
}

function sentences(run: Comparison): string {
  const first = run.arms.map((arm) => ({arm: arm.name, at: curve(arm, "validation_accuracy")[0]}));
  const epoch = first[0]?.at?.epoch;
  const start = first.every((f) => f.at) && epoch !== undefined
    ? `${run.label}: after epoch ${epoch}, accuracy on held-out rows was ${list(first.map((f) => `${percent(f.at?.mean)} with ${inText(f.arm)}`))}.`
    : `${run.label}: no accuracy was taken during training.`;
  const base = run.arms.find((arm) => arm.name === "none");
  const others = run.arms.filter((arm) => arm.name !== "none" && arm.epochs_to_none);
  if (!base?.epochs_to_none || others.length === 0) return start;
  const {target, epochs} = base.epochs_to_none;
  const words = others.map((arm) => {
    const at = arm.epochs_to_none?.median;
    return at ? `${inText(arm.name)} by epoch ${at}` : `${inText(arm.name)} not within ${count(epochs, "epoch")}`;
  });
  return `${start} ${inText("none")} ended at ${percent(target)} after ${count(epochs, "epoch")}; counting half of the seeds, ${list(words)} had got there.`;
}

function diverged(run: Comparison): string | null {
  const arms = run.arms.flatMap((arm) => {
    const n = arm.runs.filter((r) => r.diverged).length;
    return n > 0 ? [`${n} of ${arm.runs.length} runs of ${inText(arm.name)}`] : [];
  });
  return arms.length > 0 ? `${run.label}: ${list(arms)} diverged; their curves end where they did, and they count as chance in the final accuracy.` : null;
}

export function curvesSection(all: Comparison[]): Section | null {
  const body = metrics.map((metric) => figureOf(metric, all));
  if (all.length === 0 || body.every((f) => f === null)) return null;
  return {
    id: "curves",
    title: "How training goes",
    lecture:
      "If the inputs of each layer keep their mean and spread while the layers before it learn, a layer needs not follow a moving target. So training with batch normalization should get further in the same time, and bear larger steps.",
    body,
    finding: [...all.map(sentences), ...all.map(diverged)].filter((s): s is string => s !== null),
  };
}
