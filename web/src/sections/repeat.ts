// 11: the exact command, the machine, and the numbers themselves.
import {append, el} from "../dom";
import {seconds} from "../format";
import type {NamedRun} from "../runs";
import type {Section} from "../section";

function command(line: string): HTMLElement {
  const copy = el("button.quiet", {type: "button"}, "Copy");
  copy.addEventListener("click", () => {
    navigator.clipboard?.writeText(line).then(
      () => (copy.textContent = "Copied"),
      () => (copy.textContent = "Select it, then Ctrl-C"),
    );
  });
  return el("div.command", el("pre", {tabindex: "0"}, el("code", line)), copy);
}

function facts(entries: [string, unknown][]): HTMLElement {
  const list = el("dl.facts");
  for (const [name, value] of entries) {
    if (value === undefined || value === null || value === "") continue;
    append(list, el("div", el("dt", name), el("dd", String(value))));
  }
  return list;
}

function download(text: string, file: string, label: string): HTMLElement {
  const button = el("button.download", {type: "button"}, label);
  button.addEventListener("click", () => {
    const url = URL.createObjectURL(new Blob([text], {type: "application/json"}));
    el("a", {href: url, download: file}).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  });
  return button;
}

export function repeatSection(runs: NamedRun[]): Section {
  return {
    id: "repeat",
    title: "Repeat it",
    opening: "A picture convinces once it can be made again. With the same seeds these commands give the same weights, bit for bit, on any number of threads.",
    body: runs.flatMap(({label, summary}) => [
      runs.length > 1 ? el("h3", label) : null,
      summary.command_line ? command(summary.command_line) : null,
      facts([
        ["Evenkeel", summary.version],
        ["data", summary.arguments["data"]],
        ["network", summary.arguments["model"]],
        ["epochs", summary.arguments["epochs"]],
        ["batch size", summary.arguments["batch_size"]],
        ["seeds", summary.arguments["seeds"] ?? summary.arguments["seed"]],
        ["held-out rows", summary.arguments["validation_rows"]],
        ["processor", summary.machine?.cpu],
        ["threads", summary.arguments["threads"]],
        ["instruction set", summary.machine?.simd],
        ["took", seconds(summary.seconds)],
        ["weights", typeof summary.weights_sha256 === "string" ? `sha256 ${summary.weights_sha256.slice(0, 16)}…` : null],
      ]),
      summary.interrupted ? el("p.warning", "This run was interrupted: seeds that were not finished in every arm are left out.") : null,
    ]),
    finding: [
      el("span", "Every number on this page comes from the JSON it carries. ",
        ...(runs.length === 1
          ? [download(JSON.stringify(runs[0]?.summary, null, 2), "summary.json", "Download summary.json")]
          : [download(JSON.stringify({runs: runs.map((run) => run.summary)}, null, 2), "runs.json", "Download all numbers (JSON)")])),
    ],
  };
}
