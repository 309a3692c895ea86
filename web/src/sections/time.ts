// 9: what a step and a run cost.
import * as Plot from "@observablehq/plot";
import {colour, inText} from "../arms";
import {figure} from "../figure";
import {list, seconds, whole} from "../format";
import {base, tip} from "../plots";
import {median, numberArgument} from "../runs";
import type {Comparison} from "../runs";
import type {Section} from "../section";
import type {Arm} from "../types";

interface Cost {
  arm: Arm;
  /** Seconds of single epochs, of all runs. */
  epochs: number[];
  middle: number;
}

function costs(run: Comparison): Cost[] {
  return run.arms.flatMap((arm) => {
    const epochs = arm.runs.flatMap((r) => r.epochs.map((e) => e.seconds)).filter((s) => Number.isFinite(s));
    const middle = median(epochs);
    return middle === null ? [] : [{arm, epochs, middle}];
  });
}

/** Steps that an epoch has; null where the run does not say how many rows it trained on. */
function stepsOf(run: Comparison): number | null {
  const rows = run.summary.input?.rows;
  const held = numberArgument(run.summary, "validation_rows");
  const batch = numberArgument(run.summary, "batch_size");
  if (rows === undefined || held === null || !batch || run.summary.sweep) return null;
  const trained = Math.min(rows - held, numberArgument(run.summary, "train_rows") ?? rows);
  return trained > 0 ? Math.ceil(trained / batch) : null;
}

function picture(run: Comparison, top: number, width: number): Element {
  const all = costs(run);
  const dots = all.flatMap(({arm, epochs}) => epochs.map((s) => ({arm: arm.name, s})));
  type Dot = (typeof dots)[number];
  const room = 62;
  return Plot.plot({
    ...base(width, 40 + 44 * all.length),
    marginTop: 6,
    marginLeft: room,
    marginRight: 64,
    x: {domain: [0, top], label: "time of an epoch", labelAnchor: "center", labelArrow: "none", tickFormat: (s: number) => (s === 0 ? "0" : seconds(s)), ticks: width < 420 ? 3 : 5},
    y: {type: "band", domain: all.map(({arm}) => arm.name), label: null, axis: null, padding: 0.35},
    marks: [
      Plot.barX(all, {x: "middle", y: (c: Cost) => c.arm.name, fill: (c: Cost) => colour(c.arm.name), fillOpacity: 0.28, className: "bars"}),
      Plot.dot(dots, {x: "s", y: "arm", r: 2.4, fill: (d: Dot) => colour(d.arm), fillOpacity: 0.6, className: "epochs"}),
      Plot.text(all, {y: (c: Cost) => c.arm.name, frameAnchor: "left", dx: -8, textAnchor: "end", text: (c: Cost) => c.arm.name, fill: (c: Cost) => colour(c.arm.name), fontWeight: 600}),
      Plot.text(all, {x: () => top, y: (c: Cost) => c.arm.name, dx: 8, textAnchor: "start", text: (c: Cost) => seconds(c.middle), fill: (c: Cost) => colour(c.arm.name), fontWeight: 600}),
      Plot.ruleX([0], {stroke: "var(--ink-soft)"}),
      tip(dots, (d) => d.s, (d) => d.arm, (d) => `${d.arm}\n${seconds(d.s)} an epoch`),
    ],
  });
}

function sentence(run: Comparison): string {
  const all = costs(run);
  const steps = stepsOf(run);
  const base = all.find(({arm}) => arm.name === "none");
  const step = steps ? ` of ${whole(steps)} steps` : "";
  const start = `${run.label}: the median epoch${step} took ${list(all.map(({arm, middle}) => `${seconds(middle)}${steps ? ` (${seconds(middle / steps)} a step)` : ""} with ${inText(arm.name)}`))}`;
  const ratios = all.filter(({arm}) => arm !== base?.arm).map(({arm, middle}) => `${inText(arm.name)} ${(middle / (base?.middle ?? 1)).toFixed(2)} times`);
  return `${start}${base && ratios.length > 0 ? `; that is ${list(ratios)} as long as ${inText("none")}` : ""}.`;
}

export function timeSection(all: Comparison[]): Section | null {
  const timed = all.filter((run) => costs(run).length > 0);
  if (timed.length === 0) return null;
  const top = 1.05 * Math.max(...timed.flatMap((run) => costs(run).flatMap((c) => c.epochs)));
  return {
    id: "time",
    title: "What it costs, and where it ends",
    lecture:
      "Normalizing is work in every step, forward and backward. And it leans on the batch: with very small batches mean and variance are noise, and in recurrent networks every time step would need statistics of its own, which is why variants of it exist.",
    body: [
      figure({
        name: "figure-time",
        title: "Time of an epoch of training",
        columns: 2,
        panels: timed.map((run) => ({
          title: run.label,
          description: sentence(run),
          draw: (width: number) => picture(run, top, width),
        })),
        note: "Bars are medians, each dot is one epoch of one run. Runs were trained side by side, one a core, so the times are those of a busy machine.",
        table: {
          columns: ["run", "arm", "median epoch", "median step", "median run"],
          rows: timed.flatMap((run) => costs(run).map(({arm, middle}) => {
            const steps = stepsOf(run);
            return [run.label, arm.name, seconds(middle), steps ? seconds(middle / steps) : "–", seconds(median(arm.runs.map((r) => r.seconds)))];
          })),
        },
      }),
    ],
    finding: timed.map(sentence),
  };
}
