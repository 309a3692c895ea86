// An arm has one colour and one formula, everywhere on the page. Grey, blue and orange stay apart for every
// kind of colour vision, and in print.
const known = new Map<string, string>([
  ["none", "z → g"],
  ["before", "z → BN → g"],
  ["after", "z → g → BN"],
]);
const spare = ["var(--spare-1)", "var(--spare-2)", "var(--spare-3)"];

export function colour(arm: string): string {
  if (known.has(arm)) return `var(--${arm})`;
  const sum = [...arm].reduce((total, letter) => total + letter.charCodeAt(0), 0);
  return spare[sum % spare.length] ?? "currentColor";
}

/** An arm's name inside a sentence: rich() sets it in its colour, bare() leaves the word. */
export const inText = (arm: string) => `\u2060${arm}\u2060`;
export const bare = (text: string) => text.replace(/\u2060/g, "");

export const formula = (arm: string) => known.get(arm) ?? "";
