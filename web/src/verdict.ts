// Verdicts in short words. "Undecided" and "equivalent" are results too, and are said as plainly as "better".
import {inText} from "./arms";
import {points} from "./format";
import type {Pair} from "./types";

export const signs = {better: "▲", worse: "▼", equivalent: "=", undecided: "?"} as const;

/** "before is better than none", "after and none are equivalent". */
export function shortVerdict(pair: Pair): string {
  switch (pair.verdict) {
    case "better":
    case "worse":
      return `${inText(pair.a)} is ${pair.verdict} than ${inText(pair.b)}`;
    case "equivalent":
      return `${inText(pair.a)} and ${inText(pair.b)} are equivalent${pair.margin ? ` (within ${margin(pair)} points)` : ""}`;
    case "undecided":
      return `${inText(pair.a)} against ${inText(pair.b)} is undecided`;
  }
}

export const margin = (pair: Pair) => (pair.margin === undefined ? "" : String(Number((100 * pair.margin).toFixed(4))));

/** What a card says about an arm beside none. */
export function cardVerdict(pair: Pair): string {
  switch (pair.verdict) {
    case "better":
      return `better, ${points(pair.difference)} points`;
    case "worse":
      return `worse, ${points(pair.difference)} points`;
    case "equivalent":
      return "no difference that matters";
    case "undecided":
      return `undecided, ${points(pair.difference)} points`;
  }
}
