// 6: what gradient descent made of γ and β, neuron by neuron.
import * as Plot from "@observablehq/plot";
import {colour, formula, inText} from "../arms";
import {el} from "../dom";
import {figure} from "../figure";
import {fixed, list, plain} from "../format";
import {base, padded, tip} from "../plots";
import {mean} from "../runs";
import type {NamedRun} from "../runs";
import type {Section} from "../section";
import type {GammaBeta} from "../types";

interface Neuron {
  index: number;
  gamma0: number;
  beta0: number;
  gamma: number;
  beta: number;
}

const neurons = (layer: GammaBeta): Neuron[] =>
  layer.gamma_end.flatMap((gamma, index) => {
    const beta = layer.beta_end[index];
    if (typeof gamma !== "number" || typeof beta !== "number") return [];
    return [{index, gamma, beta, gamma0: layer.gamma_start[index] ?? 1, beta0: layer.beta_start[index] ?? 0}];
  });

function picture(all: Neuron[], x: [number, number], y: [number, number], arm: string, width: number): Element {
  return Plot.plot({
    ...base(width, 270),
    marginTop: 18,
    marginLeft: 48,
    marginBottom: 38,
    x: {domain: x, label: "γ", labelAnchor: "right", labelArrow: "none", ticks: 5},
    y: {domain: y, label: "β", labelAnchor: "top", labelArrow: "none", ticks: 5},
    marks: [
      Plot.gridX({stroke: "var(--rule)", strokeOpacity: 1}),
      Plot.gridY({stroke: "var(--rule)", strokeOpacity: 1}),
      Plot.link(all, {x1: "gamma0", y1: "beta0", x2: "gamma", y2: "beta", stroke: colour(arm), strokeOpacity: 0.22, className: "paths"}),
      Plot.dot(all, {x: "gamma", y: "beta", r: 3, fill: colour(arm), fillOpacity: 0.8, className: "neurons"}),
      Plot.dot(all.slice(0, 1), {x: "gamma0", y: "beta0", symbol: "plus", r: 7, stroke: "var(--ink)", strokeWidth: 2}),
      tip(all, (n) => n.gamma, (n) => n.beta, (n) => `neuron ${n.index + 1}\nγ ${fixed(n.gamma0, 2)} → ${fixed(n.gamma, 3)}\nβ ${fixed(n.beta0, 2)} → ${fixed(n.beta, 3)}`),
    ],
  });
}

export function gammaSection(runs: NamedRun[]): Section | null {
  const layers = runs.flatMap((run) => (run.summary.probe?.arms ?? []).flatMap((arm) =>
    (arm.gamma_beta ?? []).map((layer, k) => ({run, arm: arm.name, k, all: neurons(layer)})).filter(({all}) => all.length > 0)));
  if (layers.length === 0) return null;
  const every = layers.flatMap(({all}) => all);
  const x = padded([...every.map((n) => n.gamma), ...every.map((n) => n.gamma0)]);
  const y = padded([...every.map((n) => n.beta), ...every.map((n) => n.beta0)]);
  const several = runs.length > 1;
  const facts = layers.map(({run, arm, k, all}) => {
    const gammas = all.map((n) => n.gamma);
    const betas = all.map((n) => n.beta);
    return {
      run: run.short, arm, layer: k + 1, neurons: all.length, start: [all[0]?.gamma0, all[0]?.beta0] as const,
      gamma: mean(gammas), gammas: [Math.min(...gammas), Math.max(...gammas)] as const,
      beta: mean(betas), betas: [Math.min(...betas), Math.max(...betas)] as const,
    };
  });
  type Fact = (typeof facts)[number];
  return {
    id: "gamma",
    title: "γ and β, learned by gradient descent",
    lecture:
      "Mean 0 and deviation 1 may not be what a neuron needs. So each has a scale γ and a shift β that are learned like any weight, γ ← γ − η ∂C/∂γ and β ← β − η ∂C/∂β. They begin at 1 and 0; if it served the cost, they could undo the normalization.",
    body: [
      figure({
        name: "figure-gamma",
        title: "Where every neuron's γ and β ended",
        columns: Math.min(layers.length, 2),
        panels: layers.map(({run, arm, k, all}) => ({
          title: [el(`span.arm`, {style: `color:${colour(arm)}`}, arm), ` ${formula(arm)} · layer ${k + 1}`, several ? el("span.soft", ` ${run.short}`) : null],
          description: `${arm}, layer ${k + 1}${several ? `, ${run.label}` : ""}: γ and β of ${all.length} neurons at the end of training, from γ = ${plain(all[0]?.gamma0)}, β = ${plain(all[0]?.beta0)}.`,
          draw: (width: number) => picture(all, x, y, arm, width),
        })),
        note: "A dot a neuron; the cross is where all began. All panels share their scales.",
        table: {
          columns: ["run", "arm", "layer", "neurons", "mean γ", "lowest γ", "highest γ", "mean β", "lowest β", "highest β"],
          rows: facts.map((f) => [f.run, f.arm, f.layer, f.neurons, fixed(f.gamma, 3), fixed(f.gammas[0], 3), fixed(f.gammas[1], 3), fixed(f.beta, 3), fixed(f.betas[0], 3), fixed(f.betas[1], 3)]),
        },
      }),
    ],
    finding: [...new Set(facts.map((f) => `${f.run}\n${f.arm}`))].map((key) => {
      const mine = facts.filter((f) => `${f.run}\n${f.arm}` === key);
      const [one] = mine;
      const reach = (pick: (f: Fact) => readonly [number, number]) => list(mine.map((f) => `${fixed(pick(f)[0], 2)} to ${fixed(pick(f)[1], 2)} in layer ${f.layer}`));
      return `${several ? `${one?.run}, ` : ""}${inText(one?.arm ?? "")}: from γ = ${fixed(one?.start[0], 0)} the neurons spread over ${reach((f) => f.gammas)}; from β = ${fixed(one?.start[1], 0)} over ${reach((f) => f.betas)}.`;
    }),
  };
}
