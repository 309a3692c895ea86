// Numbers as a person reads them: a true minus, a thin unit, as many digits as mean something.
import type {Interval, Num} from "./types";

const minus = (text: string) => text.replace(/-/g, "−");

export function percent(share: Num | undefined, digits = 2): string {
  return share === null || share === undefined ? "–" : `${minus((100 * share).toFixed(digits))}\u00a0%`;
}

/** A difference of shares in percentage points, with its sign: "+0.52". */
export function points(difference: Num | undefined, digits = 2): string {
  if (difference === null || difference === undefined) return "–";
  const text = Math.abs(100 * difference).toFixed(digits);
  return Number(text) === 0 ? text : (difference < 0 ? "−" : "+") + text;
}

export function percents(interval: Interval | undefined): string {
  return interval ? `${(100 * interval[0]).toFixed(2)} … ${(100 * interval[1]).toFixed(2)}\u00a0%` : "–";
}

export function pointsInterval(interval: Interval | undefined): string {
  return interval ? `${points(interval[0])} … ${points(interval[1])}` : "–";
}

/** In three significant digits, without an exponent where it can be helped. */
export function plain(value: Num | undefined, digits = 3): string {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e7 || size < 1e-4) return minus(value.toExponential(digits - 1).replace(/\.?0+e/, "e").replace("e+", "e"));
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  const text = value.toFixed(Math.min(decimals, 8));
  return grouped(minus(text.includes(".") ? text.replace(/\.?0+$/, "") : text));
}

export function fixed(value: Num | undefined, digits: number): string {
  if (value === null || value === undefined) return "–";
  const text = value.toFixed(digits);
  return minus(Number(text) === 0 ? text.replace("-", "") : text);
}

/** 60000 → 60 000; four digits stay as they are. */
const grouped = (text: string) => (/^−?\d{5,}$/.test(text) ? text.replace(/\B(?=(\d{3})+$)/g, "\u202f") : text);

export function whole(value: number): string {
  return grouped(minus(String(Math.round(value))));
}

export function seconds(value: Num | undefined): string {
  if (value === null || value === undefined) return "–";
  if (value < 1e-3) return `${plain(value * 1e6)}\u00a0µs`;
  if (value < 1) return `${plain(value * 1e3)}\u00a0ms`;
  if (value < 120) return `${plain(value)}\u00a0s`;
  return `${Math.floor(value / 60)} min ${String(Math.round(value % 60)).padStart(2, "0")} s`;
}

export function p(value: Num | undefined): string {
  if (value === null || value === undefined) return "–";
  return value < 0.0005 ? "< 0.001" : value.toFixed(3);
}

/** "a", "a and b", "a, b and c". */
export function list(words: string[]): string {
  const last = words[words.length - 1] ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}

export function count(n: number, word: string, words = `${word}s`): string {
  return `${whole(n)} ${n === 1 ? word : words}`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
