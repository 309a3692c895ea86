// 4: the lecture's two ways against each other, seed by seed.
import {el} from "../dom";
import {figure} from "../figure";
import {formula} from "../arms";
import {count, pointsInterval, points} from "../format";
import {differencesDomain, differencesPlot, seedDifferences} from "../differences";
import type {DifferenceRow} from "../differences";
import {pairOf} from "../runs";
import type {Comparison} from "../runs";
import type {Section} from "../section";
import {shortVerdict} from "../verdict";

const chain = (which: "before" | "after", words: string[]) =>
  el(
    `div.way.${which}`,
    el("h4", el(`span.arm.${which}`, which === "before" ? "First way: before" : "Second way: after")),
    el("ol.chain", {"aria-label": `${which}: ${formula(which)}`}, ...words.map((word) => el(word === "BN" ? "li.bn" : "li", word))),
    el("p", which === "before"
      ? "z = Wx + b is normalized over the batch, then the activation acts."
      : "The activation acts on z, and what it gives is normalized."),
  );

export function waysSection(all: Comparison[]): Section | null {
  const rows = all.flatMap((run): (DifferenceRow & {run: Comparison})[] => {
    const pair = pairOf(run, "after", "before") ?? null;
    const seeds = seedDifferences(run, "after", "before");
    return seeds.length > 0 ? [{label: run.label, pair, seeds, colour: "var(--ink)", run}] : [];
  });
  if (rows.length === 0) return null;
  return {
    id: "ways",
    title: "The two ways side by side",
    lecture:
      "There are two ways to stand normalization in a layer: normalize z and then apply g, or apply g and then normalize a. Both are used; neither is the right one by definition.",
    body: [
      el("div.ways", chain("before", ["Dense", "BN", "g"]), chain("after", ["Dense", "g", "BN"])),
      figure({
        name: "figure-ways",
        title: "Second way minus first way: test accuracy, seed by seed",
        panels: [{
          description: rows.map((r) => `${r.label}: mean difference ${points(r.pair?.difference)} points over ${count(r.seeds.length, "seed")}.`).join(" "),
          draw: (width) => differencesPlot(rows, width, "before is better", "after is better", differencesDomain(rows)),
        }],
        note: "Each dot is one seed: same initial weights, same batches, only the place of the normalization differs. The bar is the mean difference with its 95\u00a0% interval; in the shaded zone a difference is too small to matter.",
        table: {
          columns: ["run", "seed", "after − before, points"],
          rows: rows.flatMap((r) => r.seeds.map((s) => [r.label, s.seed, points(s.difference)])),
        },
      }),
    ],
    finding: rows.map(({run, pair, seeds}) =>
      pair
        ? `${run.label}: ${shortVerdict(pair)} (${points(pair.difference)} points, 95\u00a0% interval ${pointsInterval(pair.ci95)}, ${count(seeds.length, "paired seed")}).`
        : `${run.label}: ${count(seeds.length, "paired seed")}, no verdict was taken.`,
    ),
  };
}
