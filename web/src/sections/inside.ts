// 5: what happens inside the layers while they learn: the picture of internal covariate shift, then dead or saturated
// neurons, then gradients.
import * as Plot from "@observablehq/plot";
import {colour, formula, inText} from "../arms";
import {el} from "../dom";
import {figure, redraw} from "../figure";
import type {Figure} from "../figure";
import {list, percent, plain} from "../format";
import {base, endLabels, labelRoom, margins, padded, tip} from "../plots";
import type {NamedRun} from "../runs";
import type {Section} from "../section";
import type {Num, Percentiles, Probe, ProbedLayer, Quantity} from "../types";

type ProbedArm = Probe["arms"][number];
type Place = "entering" | "next_input";

const whole = (probe: Probe) => probe.arms.every((arm) => arm.layers.every((l) => l.entering.unit && l.next_input.unit));
const percentiles = (q: Quantity, one: boolean): Percentiles => (one && q.unit ? q.unit : q.pooled);

function evenly<T>(items: T[], most: number): T[] {
  if (items.length <= most) return items;
  return Array.from({length: most}, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))] as T);
}

function bandPlot(steps: number[], q: Percentiles, arm: string, domain: [number, number], width: number): Element {
  const rows = steps.map((step, i) => ({step, p15: q.p15[i], p50: q.p50[i], p85: q.p85[i]})).filter((r) => typeof r.p50 === "number");
  type Row = (typeof rows)[number];
  return Plot.plot({
    ...base(width, 190),
    marginTop: 10,
    marginLeft: 42,
    x: {label: "step", labelAnchor: "center", labelArrow: "none", ticks: 4},
    y: {domain, grid: true, tickSize: 0, label: null, ticks: 4},
    marks: [
      Plot.ruleY([0], {stroke: "var(--strong-rule)"}),
      Plot.areaY(rows, {x: "step", y1: "p15", y2: "p85", fill: colour(arm), fillOpacity: 0.18, className: "bands"}),
      Plot.line(rows, {x: "step", y: "p15", stroke: colour(arm), strokeWidth: 1}),
      Plot.line(rows, {x: "step", y: "p85", stroke: colour(arm), strokeWidth: 1}),
      Plot.line(rows, {x: "step", y: "p50", stroke: colour(arm), strokeWidth: 2.2, className: "medians"}),
      tip(rows, (r: Row) => r.step, (r: Row) => r.p50, (r: Row) => `step ${r.step}\n85 %: ${plain(r.p85)}\n50 %: ${plain(r.p50)}\n15 %: ${plain(r.p15)}`, "x"),
    ],
  });
}

const layerNames = (probe: Probe) => probe.arms[0]?.layers.map((l) => l.name) ?? [];

function distributions(run: NamedRun, probe: Probe, name: string): HTMLElement {
  let place: Place = "entering";
  let one = whole(probe);
  const panels = layerNames(probe).flatMap((_, k) =>
    probe.arms.flatMap((arm) => {
      const layer = arm.layers[k];
      if (!layer) return [];
      return [{
        title: [el(`span.arm.${arm.name}`, {style: `color:${colour(arm.name)}`}, arm.name), ` ${formula(arm.name)} · layer ${k + 1}`, el("span.soft", ` ${layer.units} neurons`)],
        description: `${arm.name}, layer ${k + 1}: the 15th, 50th and 85th percentile of what enters g over ${arm.steps.length} steps.`,
        draw: (width: number) => {
          const values = probe.arms.flatMap((other) => {
            const q = other.layers[k];
            return q ? Object.values(percentiles(q[place], one)).filter(Array.isArray).flat() : [];
          });
          return bandPlot(arm.steps, percentiles(layer[place], one), arm.name, padded(values as Num[]), width);
        },
      }];
    }),
  );
  const element = figure({
    name,
    title: `What each layer is given while it learns: ${run.label}`,
    columns: probe.arms.length,
    panels,
    note: `Percentiles (15, 50, 85 %) over ${probe.rows} fixed training rows, seed ${probe.seed}. Arms of one layer share their scale.`,
    table: {
      columns: ["layer", "arm", "step", "15 %", "50 %", "85 %", "pooled mean", "pooled deviation"],
      rows: probe.arms.flatMap((arm) => arm.layers.flatMap((layer, k) => evenly(arm.steps.map((step, i) => ({step, i})), 8).map(({step, i}) => {
        const q = percentiles(layer.entering, one);
        return [String(k + 1), arm.name, step, plain(q.p15[i]), plain(q.p50[i]), plain(q.p85[i]), plain(layer.entering.pooled.mean[i]), plain(layer.entering.pooled.std[i])];
      }))),
    },
  });
  const choice = (legend: string, options: {text: string; pick(): void; on: boolean}[]) =>
    el("fieldset.choice", el("legend.hidden", legend), ...options.map((option) => {
      const input = el("input", {type: "radio", name: `${name}-${legend}`, ...(option.on ? {checked: ""} : {})});
      input.addEventListener("change", () => {
        option.pick();
        redraw(element);
      });
      return el("label", input, el("span", option.text));
    }));
  const controls = el("div.controls",
    choice("place", [
      {text: "what enters g", on: true, pick: () => { place = "entering"; }},
      {text: "what the next layer is given", on: false, pick: () => { place = "next_input"; }},
    ]),
    whole(probe) ? choice("neurons", [
      {text: "one typical neuron", on: true, pick: () => { one = true; }},
      {text: "all neurons pooled", on: false, pick: () => { one = false; }},
    ]) : null);
  element.querySelector("h3")?.after(controls);
  return element;
}

interface Series {
  key: "saturated" | "dead" | "gradient_norm";
  title: string;
  share: boolean;
  note: string;
}
const series: Series[] = [
  {key: "dead", title: "Neurons that are never active", share: true, note: "Share of a layer's neurons whose activation is 0 for every probed row: they pass nothing on, and no gradient back."},
  {key: "saturated", title: "Saturated activations", share: true, note: "Share of activations at the flat ends of g, where its slope is almost 0 and gradients vanish."},
  {key: "gradient_norm", title: "Size of each layer's gradient", share: false, note: "Euclidean norm of the gradient of the layer's kernel on the probed rows, on a logarithmic scale. A norm that shrinks from the last layer to the first vanishes, one that grows explodes."},
];

/** 1, 2 and 5 times the powers of ten between two numbers; of a wide range the powers alone. */
function round([low, high]: [number, number]): number[] {
  const decades = Math.log10(high / low);
  const steps = decades > 3 ? [1] : decades > 1.7 ? [1, 3] : [1, 2, 5];
  const powers = Array.from({length: Math.ceil(decades) + 2}, (_, i) => Math.floor(Math.log10(low)) + i);
  return powers.flatMap((power) => steps.map((step) => step * 10 ** power)).filter((v) => v >= low && v <= high);
}

function linePlot(rows: {arm: string; step: number; value: number}[], share: boolean, width: number): Element {
  const values = rows.map((r) => r.value);
  const positive = values.filter((v) => v > 0);
  const log = !share && positive.length > 0;
  const domain: [number, number] = log ? [Math.min(...positive) / 1.15, Math.max(...positive) * 1.15] : [0, Math.max(0.02, ...values) * 1.06];
  const shown = log ? rows.filter((r) => r.value > 0) : rows;
  const arms = [...new Set(shown.map((r) => r.arm))];
  const ends = arms.flatMap((arm) => {
    const last = shown.filter((r) => r.arm === arm).pop();
    return last ? [{x: last.step, y: last.value, text: arm, colour: colour(arm)}] : [];
  });
  const type = log ? "log" : "linear";
  return Plot.plot({
    ...base(width, 220),
    marginTop: 12,
    marginLeft: 52,
    marginRight: labelRoom(arms),
    x: {label: "step", labelAnchor: "center", labelArrow: "none", ticks: 4},
    y: {domain, grid: !log, tickSize: 0, type, axis: log ? null : "left", label: null, ticks: 4, tickFormat: share ? (v: number) => `${plain(100 * v)}\u00a0%` : (v: number) => plain(v)},
    marks: [
      // Plot leaves most names of a short logarithmic axis out.
      log ? Plot.ruleY(round(domain), {stroke: "var(--rule)"}) : null,
      log ? Plot.text(round(domain), {y: (v: number) => v, frameAnchor: "left", dx: -9, textAnchor: "end", text: (v: number) => plain(v), fill: "var(--ink-soft)"}) : null,
      Plot.line(shown, {x: "step", y: "value", z: "arm", stroke: (r: {arm: string}) => colour(r.arm), strokeWidth: 2, className: "series"}),
      endLabels(ends, {domain, type}, 220 - 12 - margins.marginBottom),
      tip(shown, (r) => r.step, (r) => r.value, (r) => `${r.arm}, step ${r.step}\n${share ? percent(r.value, 1) : plain(r.value)}`),
    ],
  });
}

function seriesFigure(run: NamedRun, probe: Probe, one: Series, name: string): HTMLElement | null {
  const of = (layer: ProbedLayer | undefined): Num[] => layer?.[one.key] ?? [];
  const layers = layerNames(probe).flatMap((_, k) => {
    const rows = probe.arms.flatMap((arm) => arm.steps.flatMap((step, i) => {
      const value = of(arm.layers[k])[i];
      return typeof value === "number" ? [{arm: arm.name, step, value}] : [];
    }));
    return rows.length > 0 ? [{k, rows}] : [];
  });
  if (layers.length === 0 || (one.share && layers.every(({rows}) => rows.every((r) => r.value === 0)))) return null;
  const spec: Figure = {
    name,
    title: `${one.title}: ${run.label}`,
    columns: Math.min(3, layers.length),
    panels: layers.map(({k, rows}) => ({
      title: `layer ${k + 1}`,
      description: `${one.title}, layer ${k + 1}. At the end: ${lastOf(probe, k, one)}.`,
      draw: (width: number) => linePlot(rows, one.share, width),
    })),
    note: one.note,
    table: {
      columns: ["layer", "arm", "step", one.title.toLowerCase()],
      rows: layers.flatMap(({k, rows}) => probe.arms.flatMap((arm) => evenly(rows.filter((r) => r.arm === arm.name), 8).map((r) => [String(k + 1), r.arm, r.step, one.share ? percent(r.value, 1) : plain(r.value)]))),
    },
  };
  return figure(spec);
}

function lastOf(probe: Probe, k: number, one: Series): string {
  return list(probe.arms.flatMap((arm) => {
    const values = (arm.layers[k]?.[one.key] ?? []).filter((v): v is number => typeof v === "number");
    const last = values[values.length - 1];
    return last === undefined ? [] : [`${inText(arm.name)} ${one.share ? percent(last, 1) : plain(last)}`];
  }));
}

/** How far the median of what enters g wandered, in units of the typical width from 15 % to 85 %. */
function drift(arm: ProbedArm, k: number, one: boolean): number | null {
  const layer = arm.layers[k];
  if (!layer) return null;
  const q = percentiles(layer.entering, one);
  const middle = q.p50.filter((v): v is number => typeof v === "number");
  const widths = q.p85.map((high, i) => (high ?? NaN) - (q.p15[i] ?? NaN)).filter((w) => Number.isFinite(w)).sort((a, b) => a - b);
  const width = widths[widths.length >> 1];
  return middle.length > 1 && width ? (Math.max(...middle) - Math.min(...middle)) / width : null;
}

function driftSentence(run: NamedRun, probe: Probe): string {
  const one = whole(probe);
  const layers = layerNames(probe).map((_, k) => {
    const drifts = probe.arms.flatMap((arm) => {
      const d = drift(arm, k, one);
      return d === null ? [] : [{arm: arm.name, d}];
    });
    return drifts.length > 0 ? `in layer ${k + 1} by ${list(drifts.map(({arm, d}) => `${plain(d, 2)} widths with ${inText(arm)}`))}` : "";
  }).filter((s) => s !== "");
  return `${run.label}: over training the median of what enters g of ${one ? "the typical neuron" : "all neurons"} moved, measured in widths of its own 15–85 % band, ${layers.join("; ")}.`;
}

export function insideSection(runs: NamedRun[]): Section | null {
  const probed = runs.flatMap((run) => (run.summary.probe && run.summary.probe.arms.length > 0 ? [{run, probe: run.summary.probe}] : []));
  if (probed.length === 0) return null;
  const suffix = (i: number) => (i > 0 ? `-${i + 1}` : "");
  return {
    id: "inside",
    title: "Inside the layers: internal covariate shift",
    lecture:
      "As the weights of one layer change, so does the distribution of what the next layer is given, again and again: internal covariate shift. It makes training slow and unstable, and lets gradients vanish or explode in deep networks. Normalization pins mean and spread of every neuron.",
    body: probed.flatMap(({run, probe}, i) => [
      distributions(run, probe, `figure-inside${suffix(i)}`),
      ...series.map((one) => seriesFigure(run, probe, one, `figure-${one.key.replace("_", "-")}${suffix(i)}`)),
    ]),
    finding: probed.flatMap(({run, probe}) => [
      driftSentence(run, probe),
      ...series.filter((one) => one.key === "gradient_norm").map((one) => {
        const first = lastOf(probe, 0, one);
        const final = lastOf(probe, layerNames(probe).length - 1, one);
        return first && layerNames(probe).length > 1 ? `At the end the gradient of the first layer has norm ${first}; of layer ${layerNames(probe).length}, ${final}.` : null;
      }),
    ]).filter((s): s is string => s !== null),
  };
}
