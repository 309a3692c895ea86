// 10: a sentence each, the statistics behind a fold.
import {el, fold, table} from "../dom";
import {figure} from "../figure";
import {colour, inText} from "../arms";
import {count, fixed, p, points, pointsInterval} from "../format";
import {differencesDomain, differencesPlot, seedDifferences} from "../differences";
import type {DifferenceRow} from "../differences";
import type {Comparison} from "../runs";
import {seeds} from "../runs";
import type {Section} from "../section";
import {margin, shortVerdict, signs} from "../verdict";

function verdictList(run: Comparison): HTMLElement {
  return el(
    "ul.verdicts",
    ...run.pairs.map((pair) =>
      el(
        `li.${signs[pair.verdict] ? pair.verdict : "undecided"}`,
        el("span.badge", el("span", {"aria-hidden": "true"}, signs[pair.verdict] ?? "?"), pair.verdict),
        el("span", pair.sentence ?? `${shortVerdict(pair)}: ${points(pair.difference)} points.`),
      ),
    ),
  );
}

function statistics(run: Comparison): HTMLElement {
  return fold(
    "The statistics",
    table(
      {
        columns: ["pair", "difference", "95\u00a0% interval", "p (sign flip)", "p (equivalence)", "margin", "d_z", "seeds", "verdict"],
        rows: run.pairs.map((pair) => [
          `${pair.a} − ${pair.b}`,
          points(pair.difference, 3),
          pointsInterval(pair.ci95),
          p(pair.p_sign_flip),
          p(pair.p_equivalence),
          margin(pair),
          fixed(pair.d_z, 2),
          pair.seeds ?? seeds(run),
          pair.verdict,
        ]),
      },
      `Statistics of the pairs, ${run.label}`,
    ),
    el("p.small", "Differences and margins are in percentage points, paired by seed. p (sign flip) is the exact two-sided test that the mean difference is zero, and the interval inverts it; p (equivalence) is the test that the difference is smaller than the margin. Every test is at the 5 % level: of twenty true nulls, one would look like an effect. d_z is the mean difference in units of its own deviation."),
  );
}

function rowsOf(run: Comparison): DifferenceRow[] {
  return run.pairs.map((pair) => ({label: `${pair.a} − ${pair.b}`, pair, seeds: seedDifferences(run, pair.a, pair.b), colour: pair.b === "none" ? colour(pair.a) : "var(--ink)"}));
}

export function verdictsSection(all: Comparison[]): Section | null {
  const judged = all.filter((run) => run.pairs.length > 0);
  if (judged.length === 0) return null;
  const counted = (verdict: string) => judged.flatMap((run) => run.pairs).filter((pair) => pair.b === "none" && pair.verdict === verdict).length;
  const total = judged.flatMap((run) => run.pairs).filter((pair) => pair.b === "none").length;
  const domain = differencesDomain(judged.flatMap(rowsOf));
  return {
    id: "verdicts",
    title: "Verdicts",
    lecture:
      "If you don't see normalization helping, your problem is probably too easy. On deep or badly conditioned networks it is what makes training possible at all.",
    body: [
      figure({
        name: "figure-verdicts",
        title: "Differences in test accuracy, paired by seed",
        columns: 2,
        panels: judged.map((run) => ({
          title: run.label,
          description: run.pairs.map((pair) => `${shortVerdict(pair)}, ${points(pair.difference)} points`).join("; "),
          draw: (width: number) => differencesPlot(rowsOf(run), width, "worse", "better", domain),
        })),
        note: "Diamonds are mean differences, bars their 95\u00a0% intervals (from 6 seeds on), circles the single seeds. Inside the shaded zone a difference is too small to matter.",
      }),
      ...judged.map((run) => el("div.judged", judged.length > 1 ? el("h3", run.label) : null, verdictList(run), statistics(run))),
    ],
    finding: total > 0
      ? [`Of ${count(total, "comparison")} of a normalized arm with ${inText("none")}, ${counted("better")} came out better, ${counted("worse")} worse, ${counted("equivalent")} equivalent and ${counted("undecided")} undecided.`]
      : [],
  };
}
