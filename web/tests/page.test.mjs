// The report page in a real Chromium, over summaries that were made up from the contract (fixtures.mjs).
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {after, before, test} from "node:test";
import * as fixtures from "./fixtures.mjs";
import {launch, marks, open, report, size} from "./browser.mjs";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const ids = (page) => page.$$eval("section", (all) => all.map((section) => section.id));
const pages = {
  full: () => report(fixtures.full()),
  two: () => report(fixtures.full(), fixtures.compare({optimizer: "adam", out: "runs/b"})),
  sweep: () => report({...fixtures.compare(), sweep: fixtures.sweep()}),
  train: () => report(fixtures.train()),
  alone: () => report(fixtures.compare({seeds: 1})),
};

test("each kind of page: sections in the lecture's order, no error, no request, no sideways scroll", async () => {
  const expected = {
    full: ["data", "curves", "ways", "inside", "gamma", "accuracy", "time", "verdicts", "repeat"],
    two: ["data", "curves", "ways", "inside", "gamma", "accuracy", "time", "verdicts", "repeat"],
    sweep: ["curves", "ways", "accuracy", "sweep", "time", "verdicts", "repeat"],
    train: ["data", "layers", "training", "repeat"],
    alone: ["curves", "ways", "accuracy", "time", "verdicts", "repeat"],
  };
  for (const [kind, make] of Object.entries(pages)) {
    const file = make();
    for (const width of [390, 1280, 1920]) {
      const {page, wrong} = await open(browser, file, {width, dark: width === 1920});
      assert.deepEqual(await ids(page), expected[kind], kind);
      assert.deepEqual(wrong, [], `${kind} at ${width}`);
      const [inner, whole] = await page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
      assert.equal(whole, inner, `${kind} scrolls sideways at ${width}`);
      await page.close();
    }
  }
});

test("figures have as many marks as the data has", async () => {
  const summary = fixtures.full(); // six seeds, one of none diverged
  const {page} = await open(browser, report(summary));
  const runs = summary.arms.flatMap((arm) => arm.runs);
  const lost = runs.filter((run) => run.diverged).length;
  assert.equal(lost, 1);
  assert.equal(await marks(page, "figure-accuracy", "seeds"), runs.length - lost);
  assert.equal(await marks(page, "figure-accuracy", "diverged"), lost);
  assert.equal(await marks(page, "figure-accuracy", "pairs"), 6);
  assert.equal(await marks(page, "figure-accuracy", "intervals"), 3);
  assert.equal(await marks(page, "figure-validation-accuracy", "means"), 3);
  assert.equal(await marks(page, "figure-validation-accuracy", "bands"), 3);
  assert.equal(await marks(page, "figure-validation-accuracy", "epochs"), 3 * 3);
  assert.equal(await marks(page, "figure-data", "bins"), 2 * 20);
  assert.equal(await marks(page, "figure-ways", "seeds"), 6);
  assert.equal(await marks(page, "figure-verdicts", "seeds"), 3 * 6);
  assert.equal(await marks(page, "figure-verdicts", "intervals"), 3);
  assert.equal(await marks(page, "figure-inside", "medians"), 3 * 2);
  assert.equal(await marks(page, "figure-inside", "bands"), 3 * 2);
  assert.equal(await marks(page, "figure-gradient-norm", "series"), 3 * 2);
  assert.equal(await marks(page, "figure-dead", "series"), 3 * 2);
  assert.equal(await marks(page, "figure-saturated", "series"), 0); // relu has none, so the figure is left out
  assert.equal(await marks(page, "figure-gamma", "neurons"), 2 * (16 + 8));
  assert.equal(await marks(page, "figure-time", "epochs"), runs.reduce((sum, run) => sum + run.epochs.length, 0));
  assert.equal(await page.$$eval(".card .strip i", (all) => all.length), runs.length);
});

test("two runs stand side by side", async () => {
  const {page} = await open(browser, report(fixtures.compare({out: "a"}), fixtures.compare({optimizer: "adam", out: "b"})));
  assert.equal(await page.$$eval("#figure-accuracy .panel", (all) => all.length), 2);
  assert.equal(await marks(page, "figure-accuracy", "seeds"), 2 * 3 * 6);
  const titles = await page.$$eval("#figure-accuracy h4", (all) => all.map((title) => title.textContent));
  assert.deepEqual(titles, ["SGD, learning rate 0.1", "Adam, learning rate 0.1"]);
  assert.match(await page.textContent(".headline"), /With SGD, .*With Adam, /);
});

test("a sweep shows every arm at every value, and which runs diverged", async () => {
  for (const [scale, values] of [["log", [0.001, 0.01, 0.1, 1, 10]], ["linear", [1, 2, 3, 4, 5]], ["ordinal", ["sgd", "adam", "rmsprop", "adamw", "nesterov"]]]) {
    const sweep = fixtures.sweep({scale, values});
    const {page, wrong} = await open(browser, report({...fixtures.compare(), sweep}));
    const cells = sweep.cells.flatMap((cell) => cell.arms);
    const lost = cells.filter((arm) => arm.runs.some((run) => run.diverged)).length;
    assert.ok(lost > 0);
    assert.equal(await marks(page, "figure-sweep", "points"), cells.length - lost, scale);
    assert.equal(await marks(page, "figure-sweep", "diverged"), lost, scale);
    assert.equal(await marks(page, "figure-sweep", "intervals"), cells.length, scale);
    assert.equal(await marks(page, "figure-sweep", "ranges"), scale === "ordinal" ? 0 : 2, scale);
    assert.deepEqual(wrong, []);
    await page.close();
  }
});

test("one seed has no intervals, and no verdict is made up", async () => {
  const {page} = await open(browser, report(fixtures.compare({seeds: 1})));
  assert.equal(await marks(page, "figure-accuracy", "intervals"), 0);
  assert.equal(await marks(page, "figure-verdicts", "intervals"), 0);
  assert.match(await page.textContent(".card"), /no interval/);
});

test("an equivalence is said as plainly as an effect", async () => {
  const summary = fixtures.compare({levels: [0.97, 0.97, 0.97]});
  for (const pair of summary.pairs) pair.verdict = "equivalent";
  const {page} = await open(browser, report(summary));
  const headline = await page.textContent(".headline");
  assert.match(headline, /makes no difference that matters/);
  assert.doesNotMatch(headline, /helps/);
});

test("folds open by keyboard and hold the numbers of the JSON", async () => {
  const summary = fixtures.compare();
  const {page} = await open(browser, report(summary));
  const fold = page.locator("#figure-accuracy details");
  assert.equal(await fold.evaluate((element) => element.open), false);
  await fold.locator("summary").focus();
  await page.keyboard.press("Enter");
  assert.equal(await fold.evaluate((element) => element.open), true);
  const cells = await fold.locator("tbody tr").evaluateAll((rows) => rows.map((row) => row.cells[3].textContent));
  const expected = summary.arms.flatMap((arm) => arm.runs.map((run) => `${(100 * run.test_accuracy).toFixed(2)}\u00a0%`));
  assert.deepEqual(cells, expected);
  for (const figure of await page.$$("figure")) assert.ok(await figure.getAttribute("aria-labelledby"));
  for (const plot of await page.$$(".plot > *")) assert.ok((await plot.getAttribute("aria-label")).length > 10);
});

test("dark and light: as the system says, then as the reader says; paper is white", async () => {
  const file = report(fixtures.compare());
  const background = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await open(browser, file);
  const dark = await open(browser, file, {dark: true});
  const [bright, dim] = [await background(light.page), await background(dark.page)];
  assert.notEqual(bright, dim);
  await light.page.click("button.theme");
  assert.equal(await background(light.page), dim);
  assert.equal(await light.page.getAttribute("button.theme", "aria-pressed"), "true");
  await dark.page.emulateMedia({media: "print"});
  assert.equal(await background(dark.page), "rgb(255, 255, 255)");
});

test("hover shows values; the choice of neurons draws anew", async () => {
  const {page, wrong} = await open(browser, report(fixtures.full()));
  const dot = page.locator("#figure-accuracy .seeds > *").first();
  await dot.scrollIntoViewIfNeeded();
  const box = await dot.boundingBox();
  await page.mouse.move(box.x + 3, box.y + 3);
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.waitForFunction(() => /seed/.test(document.querySelector("#figure-accuracy .tips")?.textContent ?? ""));
  const path = () => page.getAttribute("#figure-inside .medians path", "d");
  const first = await path();
  await page.click("#figure-inside label:has-text('all neurons pooled')");
  assert.notEqual(await path(), first);
  assert.deepEqual(wrong, []);
});

test("names from files are text: nothing in them runs or breaks the page", async () => {
  for (const name of fixtures.hostile) {
    const summary = {...fixtures.full(), sweep: fixtures.sweep({key: name, scale: "ordinal", values: [name, "b", "c", "d", "e"]}), input: fixtures.input([name, "income"])};
    summary.arguments = {...summary.arguments, data: name, out: name, model: name, optimizer: name};
    summary.command_line = `evenkeel compare --data '${name}'`;
    summary.machine.cpu = name;
    summary.arms[1].name = name;
    for (const pair of summary.pairs) Object.assign(pair, {sentence: name, a: name});
    const {page, wrong} = await open(browser, report(summary, fixtures.compare({out: name})));
    assert.equal(await page.evaluate(() => window.hurt), undefined, name);
    assert.deepEqual(wrong, [], name);
    assert.deepEqual(await page.evaluate(() => [document.scripts.length, document.images.length]), [2, 0], name);
    const text = await page.evaluate(() => document.querySelector(".features td").textContent);
    assert.equal(text, name);
    await page.close();
  }
});

test("the page carries the summary, unchanged, and hands it out", async () => {
  const summary = {...fixtures.full(), note: fixtures.hostile.join(" ")};
  const file = report(summary);
  const {page} = await open(browser, file);
  assert.deepEqual(await page.evaluate(() => JSON.parse(document.getElementById("runs").textContent)), {runs: [summary]});
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("button.download")]);
  assert.deepEqual(JSON.parse(readFileSync(await download.path(), "utf8")), summary);
});

test("the page stays small", () => {
  assert.ok(size(report(fixtures.compare())) < 700_000);
  assert.ok(size(pages.two()) < 1_500_000);
});
