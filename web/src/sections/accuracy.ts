// 7: final accuracy on the test rows, one dot a seed and arm; SGD beside Adam.
import * as Plot from "@observablehq/plot";
import {colour, formula, inText} from "../arms";
import {figure} from "../figure";
import {count, list, percent, percents, plain} from "../format";
import {base, padded, tip} from "../plots";
import {seeds} from "../runs";
import type {Comparison} from "../runs";
import type {Section} from "../section";
import {shortVerdict} from "../verdict";

function picture(run: Comparison, domain: [number, number], width: number): Element {
  const dots = run.arms.flatMap((arm) => arm.runs.map((r) => ({arm: arm.name, seed: r.seed, accuracy: r.test_accuracy, diverged: r.diverged})));
  type Dot = (typeof dots)[number];
  const means = run.arms.flatMap((arm) => (typeof arm.test_accuracy?.mean === "number" ? [{arm: arm.name, mean: arm.test_accuracy.mean, ci95: arm.test_accuracy.ci95}] : []));
  type Mean = (typeof means)[number];
  const names = run.arms.map((arm) => arm.name);
  const aside = 20; // the interval stands beside the dots, not over them
  return Plot.plot({
    ...base(width, 320),
    marginTop: 14,
    marginBottom: 52,
    marginLeft: 56,
    marginRight: 26,
    x: {type: "point", domain: names, axis: null, padding: 0.45},
    y: {domain, grid: true, tickSize: 0, label: null, ticks: 6, tickFormat: (v: number) => `${plain(100 * v)}\u00a0%`},
    marks: [
      Plot.text(names, {x: (arm: string) => arm, frameAnchor: "bottom", dy: 20, text: (arm: string) => arm, fill: (arm: string) => colour(arm), fontSize: 13, fontWeight: 600}),
      Plot.text(names, {x: (arm: string) => arm, frameAnchor: "bottom", dy: 37, text: formula, fill: "var(--ink-soft)"}),
      Plot.line(dots, {x: "arm", y: "accuracy", z: "seed", stroke: "var(--ink-soft)", strokeOpacity: 0.35, strokeWidth: 1, className: "pairs"}),
      Plot.dot(dots.filter((d) => !d.diverged), {x: "arm", y: "accuracy", r: 4, fill: (d: Dot) => colour(d.arm), fillOpacity: 0.85, stroke: "var(--paper)", strokeWidth: 0.8, className: "seeds"}),
      Plot.dot(dots.filter((d) => d.diverged), {x: "arm", y: "accuracy", r: 5, symbol: "times", stroke: (d: Dot) => colour(d.arm), strokeWidth: 2.2, className: "diverged"}),
      Plot.ruleX(means.filter((m) => m.ci95), {x: "arm", y1: (m: Mean) => Math.max(m.ci95?.[0] ?? 0, domain[0]), y2: (m: Mean) => Math.min(m.ci95?.[1] ?? 0, domain[1]), stroke: (m: Mean) => colour(m.arm), strokeWidth: 5, strokeOpacity: 0.5, dx: aside, className: "intervals"} as Plot.RuleXOptions),
      Plot.dot(means, {x: "arm", y: "mean", symbol: "diamond", r: 5.5, fill: (m: Mean) => colour(m.arm), dx: aside, className: "means"}),
      tip(dots, (d) => d.arm, (d) => d.accuracy, (d) => `${d.arm}, seed ${d.seed}\n${percent(d.accuracy)}${d.diverged ? "\ndiverged: counts as chance" : ""}`),
    ],
  });
}

export function accuracySection(all: Comparison[]): Section | null {
  if (all.length === 0) return null;
  const domain = padded(all.flatMap((run) => run.arms.flatMap((arm) => [...arm.runs.map((r) => r.test_accuracy), ...(arm.test_accuracy?.ci95 ?? [])])));
  domain[0] = Math.max(0, domain[0]);
  domain[1] = Math.min(1, domain[1]); // an interval may reach beyond what an accuracy can be
  const spread = (run: Comparison) => {
    const means = run.arms.map((arm) => arm.test_accuracy?.mean).filter((m): m is number => typeof m === "number");
    return means.length > 1 ? (100 * (Math.max(...means) - Math.min(...means))).toFixed(2) : null;
  };
  const versus = (run: Comparison) => run.pairs.filter((pair) => pair.b === "none").map(shortVerdict);
  return {
    id: "accuracy",
    title: all.length > 1 ? `Final accuracy: ${list(all.map((run) => run.short))}` : "Final accuracy",
    lecture:
      "With plain gradient descent normalization should show. With a modern optimizer on an easy problem you may not see a dramatic improvement: the optimizer already scales every weight's step by itself.",
    body: [
      figure({
        name: "figure-accuracy",
        title: "Accuracy on the test rows, one dot a seed",
        columns: all.length > 2 ? 2 : all.length,
        panels: all.map((run) => ({
          title: run.label,
          description: `${run.label}: ${run.arms.map((arm) => `${arm.name} ${percent(arm.test_accuracy?.mean)}, 95\u00a0% interval ${percents(arm.test_accuracy?.ci95)}`).join("; ")}.`,
          draw: (width: number) => picture(run, domain, width),
        })),
        note: "Thin lines join the runs of one seed, which share their initial weights and batches. The diamond is the mean, the bar beside the dots its 95\u00a0% interval. The test rows were read once a run, at its end.",
        table: {
          columns: ["run", "arm", "seed", "test accuracy", "test loss", ""],
          rows: all.flatMap((run) => run.arms.flatMap((arm) => arm.runs.map((r) => [run.label, arm.name, r.seed, percent(r.test_accuracy), r.test_loss === null ? "–" : r.test_loss.toFixed(4), r.diverged ? "diverged" : ""]))),
        },
      }),
    ],
    finding: all.map((run) => {
      const means = `${list(run.arms.map((arm) => `${inText(arm.name)} ${percent(arm.test_accuracy?.mean)}`))}, over ${count(seeds(run), "seed")}`;
      const far = spread(run);
      const verdicts = versus(run);
      return `${run.label}: ${means}.${far ? ` The means lie ${far} points apart at most.` : ""}${verdicts.length > 0 ? ` By the paired test, ${list(verdicts)}.` : ""}`;
    }),
  };
}
