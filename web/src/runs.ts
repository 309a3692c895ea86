// What the sections ask of summaries again and again.
import type {Arm, Num, Pair, Summary} from "./types";

const optimizers = new Map([
  ["sgd", "SGD"], ["momentum", "SGD with momentum"], ["nesterov", "Nesterov"], ["rmsprop", "RMSprop"], ["adam", "Adam"],
  ["adamw", "AdamW"],
]);

export interface NamedRun {
  /** "SGD, learning rate 0.1": what tells this run from the others on the page. */
  label: string;
  short: string;
  summary: Summary;
}

export interface Comparison extends NamedRun {
  arms: Arm[];
  pairs: Pair[];
}

const text = (value: unknown) => (typeof value === "string" ? value : typeof value === "number" ? String(value) : "");

export const argument = (summary: Summary, key: string) => text(summary.arguments[key]);
/** What the data is called in a sentence. */
export const dataName = (summary: Summary) => {
  const name = argument(summary, "data");
  return name === "mnist" ? "the MNIST" : name || "the data";
};
export const numberArgument = (summary: Summary, key: string): number | null => {
  const value = summary.arguments[key];
  return typeof value === "number" ? value : null;
};

function optimizer(summary: Summary): string {
  const word = argument(summary, "optimizer");
  return optimizers.get(word) ?? word;
}

export function named(summaries: Summary[]): NamedRun[] {
  const runs = summaries.map((summary) => {
    // In a sweep the arms are compared each at its own best value.
    const own = summary.sweep ? `each arm at its own best ${summary.sweep.key.replace(/_/g, " ")}` : null;
    const short = summary.sweep?.key === "optimizer" ? (own ?? "") : optimizer(summary);
    const label = own === short ? short : `${short}, ${own ?? `learning rate ${argument(summary, "learning_rate")}`}`;
    return {label, short, summary};
  });
  // Runs that would read the same are told apart by their folders.
  const twice = (pick: (run: NamedRun) => string, run: NamedRun) => runs.filter((other) => pick(other) === pick(run)).length > 1;
  return runs.map((run) => {
    const folder = argument(run.summary, "out");
    const label = twice((r) => r.label, run) && folder ? `${run.label} (${folder})` : run.label;
    return {...run, label, short: twice((r) => r.short, run) ? label : run.short};
  });
}

export function comparisons(runs: NamedRun[]): Comparison[] {
  return runs.flatMap((run) => {
    const {arms, pairs} = run.summary;
    return arms && arms.some((arm) => arm.runs.length > 0) ? [{...run, arms, pairs: pairs ?? []}] : [];
  });
}

export function seeds(comparison: Comparison): number {
  return comparison.arms[0]?.runs.length ?? 0;
}

export function mean(values: (Num | undefined)[]): Num {
  const finite = values.filter((v): v is number => typeof v === "number" && Number.isFinite(v));
  return finite.length > 0 ? finite.reduce((sum, v) => sum + v, 0) / finite.length : null;
}

export function median(values: (Num | undefined)[]): Num {
  const finite = values.filter((v): v is number => typeof v === "number" && Number.isFinite(v)).sort((a, b) => a - b);
  if (finite.length === 0) return null;
  const middle = finite.length >> 1;
  const upper = finite[middle] as number;
  return finite.length % 2 === 1 ? upper : (upper + (finite[middle - 1] as number)) / 2;
}

/** The comparison of two arms, whichever of them came first. */
export function pairOf(comparison: Comparison, a: string, b: string): Pair | undefined {
  return comparison.pairs.find((pair) => pair.a === a && pair.b === b);
}

/** The same value of several runs once: ["SGD", "Adam"] on one data set have one input. */
export function distinct<T>(runs: NamedRun[], pick: (summary: Summary) => T | undefined): {runs: NamedRun[]; value: T}[] {
  const groups = new Map<string, {runs: NamedRun[]; value: T}>();
  for (const run of runs) {
    const value = pick(run.summary);
    if (value === undefined || value === null) continue;
    const key = JSON.stringify(value);
    const group = groups.get(key);
    if (group) group.runs.push(run);
    else groups.set(key, {runs: [run], value});
  }
  return [...groups.values()];
}
