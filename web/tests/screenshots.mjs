// Pictures of a report for the documents: `node screenshots.mjs REPORT.html FOLDER`. Each stays under 200 kB.
import {statSync} from "node:fs";
import {join, resolve} from "node:path";
import {pathToFileURL} from "node:url";
import {chromium} from "playwright-core";

const [report, folder] = process.argv.slice(2);
const most = 200_000;

// What is shown, how wide, and in which theme; a selector's element, or the first screen.
const pictures = [
  {name: "top", width: 1180, height: 800},
  {name: "top-dark", width: 1180, height: 800, dark: true},
  {name: "phone", width: 390, height: 844},
  {name: "data", selector: "#figure-data"},
  {name: "batch", selector: "#figure-batch"},
  {name: "curves", selector: "#figure-validation-accuracy"},
  {name: "inside", selector: "#figure-inside"},
  {name: "gamma", selector: "#figure-gamma"},
  {name: "accuracy", selector: "#figure-accuracy"},
  {name: "verdicts", selector: "#figure-verdicts"},
];

const browser = await chromium.launch({executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]});
for (const {name, width = 1000, height = 900, dark = false, selector} of pictures) {
  const page = await browser.newPage({viewport: {width, height}, colorScheme: dark ? "dark" : "light", deviceScaleFactor: width < 500 ? 1.5 : 1});
  await page.goto(pathToFileURL(resolve(report)).href);
  await page.waitForFunction(() => [...document.querySelectorAll(".plot")].every((plot) => plot.querySelector("svg")));
  await page.evaluate(() => document.fonts.ready);
  await page.addStyleTag({content: "figure { padding: 20px; margin: 0 -20px; }"});
  const path = join(folder, `${name}.png`);
  const element = selector ? await page.$(selector) : page;
  if (element) {
    await element.screenshot({path});
    const {size} = statSync(path);
    console.log(`${path}  ${Math.round(size / 1000)} kB`);
    if (size >= most) throw new Error(`${path} has ${size} bytes, more than ${most}`);
  } else {
    console.log(`${path} is left as it was: this report has no ${selector}`);
  }
  await page.close();
}
await browser.close();
