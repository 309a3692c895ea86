// A single training: its curves, its layers, its final numbers.
import * as Plot from "@observablehq/plot";
import {el, table} from "../dom";
import {figure} from "../figure";
import {fixed, percent, plain, seconds, whole} from "../format";
import {base, endLabels, labelRoom, margins, padded, tip} from "../plots";
import type {NamedRun} from "../runs";
import type {Section} from "../section";
import type {Epoch, KerasModel, Summary} from "../types";

const epochsOf = (summary: Summary): Epoch[] => (summary.command === "train" ? summary.epochs ?? [] : []);
export const metricOf = (summary: Summary): string =>
  Object.keys(epochsOf(summary)[0] ?? {}).find((key) => key.startsWith("train_") && key !== "train_loss")?.slice(6) ?? "accuracy";
const show = (metric: string) => (v: number | null | undefined) => (metric.endsWith("accuracy") ? percent(v) : plain(v, 4));

interface Point {
  epoch: number;
  value: number;
  what: string;
}
const colours = new Map([["training", "var(--ink-soft)"], ["held-out", "var(--accent)"]]);

function picture(all: Point[], metric: string, width: number): Element {
  const domain = padded(all.map((d) => d.value));
  if (metric.endsWith("accuracy")) domain[1] = Math.min(1, domain[1]);
  const text = show(metric);
  const hue = (what: string) => colours.get(what) ?? "currentColor";
  const names = [...new Set(all.map((d) => d.what))];
  const ends = names.flatMap((what) => {
    const last = all.filter((d) => d.what === what).pop();
    return last ? [{x: last.epoch, y: last.value, text: what, colour: hue(what)}] : [];
  });
  const height = 260;
  const epochs = [...new Set(all.map((d) => d.epoch))];
  const every = Math.ceil(epochs.length / 8);
  return Plot.plot({
    ...base(width, height),
    marginLeft: 52,
    marginRight: labelRoom(names),
    x: {label: "epoch", labelAnchor: "center", labelArrow: "none", tickFormat: (e: number) => String(e), ticks: epochs.filter((_, i) => i % every === 0), domain: [Math.min(...epochs), Math.max(...epochs, Math.min(...epochs) + 1)]},
    y: {domain, grid: true, tickSize: 0, label: null, ticks: 5, tickFormat: metric.endsWith("accuracy") ? (v: number) => `${plain(100 * v)}\u00a0%` : (v: number) => plain(v)},
    marks: [
      Plot.line(all, {x: "epoch", y: "value", z: "what", stroke: (d: Point) => hue(d.what), strokeWidth: 2.2, className: "means"}),
      Plot.dot(all, {x: "epoch", y: "value", r: 3, fill: (d: Point) => hue(d.what), className: "epochs"}),
      endLabels(ends, {domain}, height - margins.marginTop - margins.marginBottom),
      tip(all, (d) => d.epoch, (d) => d.value, (d) => `${d.what}, epoch ${d.epoch}\n${text(d.value)}`),
    ],
  });
}

function points(epochs: Epoch[], metric: string): Point[] {
  return epochs.flatMap((e) => ([["train_", "training"], ["validation_", "held-out"]] as const).flatMap(([prefix, what]) => {
    const value = e[prefix + metric];
    return typeof value === "number" ? [{epoch: e.epoch, value, what}] : [];
  }));
}

export function trainingSection(runs: NamedRun[]): Section | null {
  const trained = runs.filter((run) => epochsOf(run.summary).length > 0);
  if (trained.length === 0) return null;
  return {
    id: "training",
    title: "How training went",
    lecture: "Training goes down the gradient of the cost, batch by batch. What it learned shows on rows that it was not trained on.",
    body: trained.map(({label, summary}, i) => {
      const epochs = epochsOf(summary);
      const metrics = ["loss", metricOf(summary)].filter((m) => points(epochs, m).length > 0);
      return figure({
        name: `figure-training${i > 0 ? `-${i + 1}` : ""}`,
        title: label,
        columns: 2,
        panels: metrics.map((metric) => ({
          title: metric,
          description: `${metric} on training and held-out rows over ${epochs.length} epochs.`,
          draw: (width: number) => picture(points(epochs, metric), metric, width),
        })),
        note: "Training values are means over the epoch, while weights still change; held-out rows are looked at after it.",
        table: {
          columns: ["epoch", ...metrics.flatMap((m) => [`training ${m}`, `held-out ${m}`]), "time"],
          rows: epochs.map((e) => [e.epoch, ...metrics.flatMap((m) => [show(m)(e[`train_${m}`]), show(m)(e[`validation_${m}`])]), seconds(e.seconds)]),
        },
      });
    }),
    finding: trained.map(({label, summary}) => {
      const metric = metricOf(summary);
      const last = epochsOf(summary).slice(-1)[0];
      const value = summary[`test_${metric}`];
      const held = last?.[`validation_${metric}`];
      return `${label}: after ${epochsOf(summary).length} epochs test ${metric} ${typeof value === "number" ? show(metric)(value) : "–"}, loss ${typeof summary["test_loss"] === "number" ? fixed(summary["test_loss"], 4) : "–"}${typeof held === "number" ? `; on held-out rows ${show(metric)(held)}` : ""}.`;
    }),
  };
}

/** Layers as the Keras config has them, with the values that are trained. */
function layerRows(model: KerasModel): (string | number)[][] {
  let width: number | null = null;
  const product = (shape: unknown) => (Array.isArray(shape) ? shape.slice(1).reduce((n: number, d) => n * Number(d), 1) : null);
  return model.config.layers.map(({class_name, config}) => {
    const units = config["units"];
    let parameters = 0;
    if (class_name === "InputLayer") width = product(config["batch_shape"]);
    if (class_name === "Dense" && typeof units === "number") {
      parameters = (width ?? 0) * units + (config["use_bias"] === false ? 0 : units);
      width = units;
    }
    if (class_name === "BatchNormalization") parameters = ((config["scale"] === false ? 0 : 1) + (config["center"] === false ? 0 : 1)) * (width ?? 0);
    const activation = config["activation"];
    return [String(config["name"] ?? class_name), class_name, width === null ? "–" : whole(width), typeof activation === "string" ? activation : "", whole(parameters)];
  });
}

export function layersSection(runs: NamedRun[]): Section | null {
  const built = runs.flatMap((run) => (run.summary.command === "train" && Array.isArray(run.summary.model?.config?.layers) ? [{run, model: run.summary.model}] : []));
  if (built.length === 0) return null;
  return {
    id: "layers",
    title: "The network, layer by layer",
    lecture: "Normalization stands between a layer's sum z and its activation g, or behind g. It adds two numbers a neuron, γ and β, and two that are not trained but followed: the moving mean and variance, for the day when there is no batch.",
    body: built.map(({run, model}) => el("div", built.length > 1 ? el("h3", run.label) : null, table({columns: ["layer", "kind", "width", "g", "trained numbers"], rows: layerRows(model)}, `Layers of ${run.label}`))),
  };
}
