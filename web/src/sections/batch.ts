// 2: one batch of five rows through one neuron, in numbers, both ways.
import * as Plot from "@observablehq/plot";
import {el, table} from "../dom";
import {figure} from "../figure";
import type {Panel} from "../figure";
import {fixed, plain} from "../format";
import {colour, formula} from "../arms";
import {apart, base, padded} from "../plots";
import {distinct, mean} from "../runs";
import type {NamedRun} from "../runs";
import type {Section} from "../section";
import type {Explain, Way} from "../types";

interface Step {
  name: string;
  values: number[];
}

const stepsOf = (way: Way, which: "before" | "after"): Step[] =>
  which === "before"
    ? [{name: "z", values: way.z}, {name: "ẑ", values: way.normalized}, {name: "y = γẑ + β", values: way.scaled}, {name: "g(y)", values: way.output}]
    : [{name: "z", values: way.z}, {name: "a = g(z)", values: way.activated}, {name: "â", values: way.normalized}, {name: "γâ + β", values: way.output}];

const deviation = (values: number[]) => {
  const centre = mean(values) ?? 0;
  return Math.sqrt(mean(values.map((v) => (v - centre) ** 2)) ?? 0);
};

function picture(steps: Step[], domain: [number, number], arm: string, width: number): Element {
  const points = steps.flatMap((step) => step.values.map((value, row) => ({step: step.name, row: row + 1, value})));
  const height = 250;
  const margin = {marginTop: 30, marginBottom: 20, marginLeft: 44, marginRight: 30};
  const first = points.filter((d) => d.step === steps[0]?.name).map((d) => ({...d, y: d.value}));
  return Plot.plot({
    ...base(width, height),
    ...margin,
    x: {type: "point", domain: steps.map((s) => s.name), axis: "top", label: null, tickSize: 0, padding: 0.25},
    y: {domain, grid: true, tickSize: 0, label: null, ticks: 5},
    marks: [
      Plot.ruleX(steps, {x: "name", stroke: "var(--rule)"}),
      Plot.ruleY([0], {stroke: "var(--strong-rule)"}),
      Plot.line(points, {x: "step", y: "value", z: "row", stroke: colour(arm), strokeOpacity: 0.55, strokeWidth: 1.5, className: "row-lines"}),
      Plot.dot(points, {x: "step", y: "value", r: 4, fill: colour(arm), className: "values"}),
      Plot.text(apart(first, {domain}, height - margin.marginTop - margin.marginBottom, 12), {
        x: "step",
        y: "at",
        text: (d: {row: number}) => String(d.row),
        dx: -12,
        fontWeight: 600,
        fill: "var(--ink-soft)",
      }),
      Plot.tip(points, Plot.pointer({x: "step", y: "value", title: (d: {row: number; step: string; value: number}) => `row ${d.row}\n${d.step} = ${fixed(d.value, 3)}`, fill: "var(--paper)", stroke: "var(--strong-rule)"})),
    ],
  });
}

function numbers(explain: Explain, steps: Step[], title: string): HTMLElement {
  const inputs = explain.input.rows[0]?.length ?? 0;
  const places = Array.from({length: inputs}, (_, i) => `x${"₁₂₃₄₅₆"[i] ?? i + 1}`);
  const rows = explain.input.rows.map((x, row) => [
    String(row + 1),
    ...x.map((v) => plain(v)),
    ...steps.map((step) => fixed(step.values[row], 3)),
  ]);
  const summary = (name: string, of: (values: number[]) => number) => [
    name,
    ...places.map(() => ""),
    ...steps.map((step) => fixed(of(step.values), 3)),
  ];
  return table({
    columns: ["row", ...places, ...steps.map((s) => s.name)],
    rows: [...rows, summary("μ", (v) => mean(v) ?? 0), summary("σ", deviation)],
  }, title);
}

export function batchSection(runs: NamedRun[]): Section | null {
  const explained = distinct(runs, (summary) => summary.explain)[0]?.value;
  if (!explained) return null;
  const {input} = explained;
  const ways = (["before", "after"] as const).map((which) => ({which, way: explained[which], steps: stepsOf(explained[which], which)}));
  const domain = padded(ways.flatMap(({steps}) => steps.flatMap((s) => s.values)));
  const names = {before: "First way: normalize z, then g", after: "Second way: g, then normalize a"};
  const panels: Panel[] = ways.map(({which, steps}) => ({
    title: [el(`span.arm.${which}`, names[which]), " ", el("span.formula", formula(which))],
    description: `The five rows through ${steps.map((s) => s.name).join(", then ")}; the numbers stand in the table below.`,
    draw: (width) => picture(steps, domain, which, width),
  }));
  const learned = (way: Way, letter: string) =>
    `γ moves from ${plain(input.gamma)} to ${fixed(way.new_gamma, 3)} (∂C/∂γ = ${fixed(way.d_gamma, 3)}), β from ${plain(input.beta)} to ${fixed(way.new_beta, 3)} (∂C/∂β = ${fixed(way.d_beta, 3)}), and the cost on the same rows from ${fixed(way.cost, 4)} to ${fixed(way.new_cost, 4)}${letter}`;
  const {before, after} = explained;
  return {
    id: "batch",
    title: "One batch of five rows, in numbers",
    lecture:
      "Take one neuron and one batch. z differs from row to row; its mean μ and variance σ² over the batch make ẑ = (z − μ)/√(σ² + ε), with mean 0 and variance 1. Then the neuron gets a scale γ and a shift β of its own: γẑ + β. The same can be done to z before the activation g, or to a = g(z) behind it.",
    body: [
      figure({
        name: "figure-batch",
        title: "Five rows on their way through one neuron",
        panels,
        note: `z = w·x + b with w = (${input.weights.map((w) => plain(w)).join(", ")}) and b = ${plain(input.bias)}; γ = ${plain(input.gamma)}, β = ${plain(input.beta)}, ε = ${plain(input.epsilon)}; g is ${input.activation}. The small numbers name the rows.`,
      }),
      el("div.panels.tables", {style: "--columns:2;--narrowest:300px"}, ...ways.map(({which, steps}) => el("div.panel", el("h4", el(`span.arm.${which}`, names[which])), numbers(explained, steps, names[which])))),
    ],
    finding: [
      `In the first way the batch has μ = ${fixed(before.mean, 3)} and σ² = ${fixed(before.variance, 3)}; ẑ has mean ${fixed(mean(before.normalized), 3)} and deviation ${fixed(deviation(before.normalized), 3)} (ε keeps it just below 1). In the second, normalization sees a instead: μ = ${fixed(after.mean, 3)}, σ² = ${fixed(after.variance, 3)}.`,
      `One step of gradient descent with η = ${plain(input.learning_rate)}: before g, ${learned(before, ".")} After g, ${learned(after, ".")}`,
    ],
  };
}
