// A real Chromium, and pages that the real program made.
import {execFileSync} from "node:child_process";
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {pathToFileURL} from "node:url";
import {chromium} from "playwright-core";

const program = process.env.EVENKEEL;
if (!program) throw new Error("EVENKEEL must name the built program");
export const evenkeel = (...words) => execFileSync(program, words, {encoding: "utf8", stdio: ["ignore", "pipe", "pipe"]});

export const folder = mkdtempSync(join(tmpdir(), "evenkeel-page-"));
process.on("exit", () => rmSync(folder, {recursive: true, force: true}));

let made = 0;
/** `evenkeel report` over summaries, each in a folder of its own; gives the page's file. */
export function report(...summaries) {
  made += 1;
  const folders = summaries.map((summary, i) => {
    const run = join(folder, `run-${made}-${i}`);
    mkdirSync(run);
    writeFileSync(join(run, "summary.json"), JSON.stringify(summary));
    return run;
  });
  const out = join(folder, `page-${made}.html`);
  evenkeel("report", ...folders, "--out", out);
  return out;
}

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
  });

/** Opens a page and waits until its figures are drawn. `wrong` gathers errors and requests, of which there must be none. */
export async function open(browser, file, {width = 1280, height = 900, dark = false} = {}) {
  const page = await browser.newPage({viewport: {width, height}, colorScheme: dark ? "dark" : "light"});
  const wrong = [];
  page.on("console", (message) => message.type() !== "log" && wrong.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => wrong.push(`error: ${error.message}`));
  page.on("request", (request) => {
    const url = request.url();
    if (url !== pathToFileURL(file).href && !url.startsWith("data:") && !url.startsWith("blob:")) wrong.push(`request: ${url}`);
  });
  await page.goto(pathToFileURL(file).href);
  await page.waitForFunction(() => {
    const plots = [...document.querySelectorAll(".plot")];
    return plots.length > 0 && plots.every((plot) => plot.querySelector("svg"));
  });
  return {page, wrong};
}

/** How many marks of a kind a figure has, over all its panels. */
export const marks = (page, figure, kind) => page.$$eval(`#${figure} .${kind} > *`, (all) => all.length);
export const size = (file) => readFileSync(file).length;
