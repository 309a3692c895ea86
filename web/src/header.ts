// The top of the page: what was compared, and how it came out, to be read in ten seconds.
import {colour, formula, inText} from "./arms";
import {el, rich} from "./dom";
import {capital, count, list, percent, percents, plain, points, seconds} from "./format";
import {argument, comparisons, dataName, pairOf, seeds} from "./runs";
import type {Comparison, NamedRun} from "./runs";
import {metricOf} from "./sections/training";
import type {Pair} from "./types";
import {cardVerdict, signs} from "./verdict";

/** "it helps: before +0.52 and after +0.44 points", from the verdicts of the paired tests and nothing else. */
function outcome(run: Comparison): string {
  const pairs = run.arms.map((arm) => pairOf(run, arm.name, "none")).filter((pair): pair is Pair => pair !== undefined);
  const of = (verdict: Pair["verdict"]) => pairs.filter((pair) => pair.verdict === verdict);
  const sized = (some: Pair[]) => list(some.map((pair) => `${inText(pair.a)} ${points(pair.difference)}`));
  const names = (some: Pair[]) => list(some.map((pair) => inText(pair.a)));
  if (pairs.length === 0) return `no arm was compared with ${inText("none")}`;
  const only = (["better", "worse", "equivalent", "undecided"] as const).find((verdict) => of(verdict).length === pairs.length);
  if (only === "better") return `it helps: ${sized(pairs)} points`;
  if (only === "worse") return `it hurts: ${sized(pairs)} points`;
  if (only === "equivalent") return `it makes no difference that matters (${sized(pairs)} points)`;
  if (only === "undecided") return `no verdict can be given: neither an effect nor equivalence is shown (${sized(pairs)} points)`;
  const words = [["better", "helps"], ["worse", "hurts"], ["equivalent", "makes no difference that matters"], ["undecided", "shows no clear effect"]] as const;
  return list(words.flatMap(([verdict, word]) => (of(verdict).length > 0 ? [`${names(of(verdict))} ${of(verdict).length > 1 ? plural(word) : word} (${of(verdict).map((pair) => points(pair.difference)).join(", ")} points)`] : [])));
}
const plural = (word: string) => word.replace(/^(help|hurt|make|show)s/, "$1");

/** "With SGD, it helps: … With Adam, it makes no difference that matters." */
export function headline(all: Comparison[]): string {
  return all.map((run) => `With ${run.summary.sweep ? run.label : run.short}, ${outcome(run)}.`).join(" ");
}

function strip(run: Comparison, name: string): HTMLElement | null {
  const values = run.arms.flatMap((arm) => arm.runs.map((r) => r.test_accuracy));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const arm = run.arms.find((one) => one.name === name);
  if (!arm || high === low) return null;
  const place = (v: number) => `${(2 + 96 * ((v - low) / (high - low))).toFixed(2)}%`;
  return el("div.strip", {"aria-hidden": "true"}, ...arm.runs.map((r) => el("i", {style: `left:${place(r.test_accuracy)}`})));
}

function card(run: Comparison, name: string): HTMLElement {
  const arm = run.arms.find((one) => one.name === name);
  const pair = pairOf(run, name, "none");
  const lost = arm?.runs.filter((r) => r.diverged).length ?? 0;
  return el(
    "div.card",
    {style: `--arm:${colour(name)}`},
    el("div.card-name", el("b", name), el("span.formula", formula(name))),
    el("div.big", percent(arm?.test_accuracy?.mean)),
    strip(run, name),
    el("div.soft", arm?.test_accuracy?.ci95 ? `95\u00a0% interval ${percents(arm.test_accuracy.ci95)}` : "one seed has no interval"),
    pair ? el(`div.card-verdict.${pair.verdict}`, el("span.badge", el("span", {"aria-hidden": "true"}, signs[pair.verdict]), cardVerdict(pair))) : el("div.card-verdict.soft", name === "none" ? "what the others are compared with" : ""),
    lost > 0 ? el("div.soft", `${lost} of ${arm?.runs.length ?? 0} runs diverged`) : null,
  );
}

/** What all arms share; of a sweep, the value at which each is shown. */
function setting(run: Comparison): string {
  const {summary} = run;
  const best = (summary.sweep?.best ?? []).map((b) => `${b.arm} ${b.value}`);
  const batch = summary.sweep?.key === "batch_size" ? "" : `, batches of ${argument(summary, "batch_size")}`;
  return `${count(seeds(run), "seed")}, ${count(Number(argument(summary, "epochs")), "epoch")}${batch}${best.length > 0 ? `; ${list(best)}` : ""}`;
}

function comparisonCards(run: Comparison): HTMLElement {
  return el("div.result", el("h2.result-title", capital(run.label), el("span.soft", ` ${setting(run)}`)), el("div.cards", {style: `--cards:${run.arms.length}`}, ...run.arms.map((arm) => card(run, arm.name))));
}

function trainCard(run: NamedRun): HTMLElement {
  const metric = metricOf(run.summary);
  const value = run.summary[`test_${metric}`];
  const loss = run.summary["test_loss"];
  return el("div.result", el("h2.result-title", capital(run.label)),
    el("div.cards", {style: "--cards:3"},
      el("div.card", el("div.card-name", `test ${metric}`), el("div.big", typeof value !== "number" ? "–" : metric.endsWith("accuracy") ? percent(value) : plain(value, 4))),
      el("div.card", el("div.card-name", "test loss"), el("div.big", typeof loss === "number" ? plain(loss, 4) : "–")),
      el("div.card", el("div.card-name", "epochs"), el("div.big", run.summary.epochs?.length ?? 0), el("div.soft", seconds(run.summary.seconds)))));
}

const unique = (values: string[]) => list([...new Set(values.filter((v) => v !== ""))]);

export function header(runs: NamedRun[]): HTMLElement {
  const compared = comparisons(runs);
  const data = unique(runs.map((run) => dataName(run.summary)));
  const model = unique(runs.map((run) => argument(run.summary, "model")));
  const title = compared.length > 0 ? `Does batch normalization help on ${data}?` : `${model} on ${data}`;
  return el(
    "header.top",
    el("p.kicker", "Evenkeel"),
    el("h1", title),
    compared.length > 0 ? el("p.headline", ...rich(headline(compared))) : null,
    compared.length > 0 ? el("p.soft", `Network ${model}. Below: mean test accuracy of each arm; the dots are single seeds.`) : null,
    ...runs.map((run) => {
      const comparison = compared.find((one) => one.summary === run.summary);
      return comparison ? comparisonCards(comparison) : run.summary.command === "train" ? trainCard(run) : null;
    }),
  );
}
