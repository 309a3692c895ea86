// Pages of real runs: what compare and train write beside their summary.json.
import assert from "node:assert/strict";
import {readFileSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import {after, before, test} from "node:test";
import {evenkeel, folder, launch, marks, open} from "./browser.mjs";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const summaryOf = (run) => JSON.parse(readFileSync(join(run, "summary.json"), "utf8"));
const carried = (page) => page.evaluate(() => JSON.parse(document.getElementById("runs").textContent).runs);

test("compare writes a page that agrees with its summary.json", async () => {
  const run = join(folder, "compare");
  evenkeel("compare", "--data", "digits", "--epochs", "1", "--seeds", "2", "--out", run, "--quiet");
  const summary = summaryOf(run);
  assert.match(summary.command_line, /^evenkeel compare --data digits --epochs 1 --seeds 2 --out /);
  const {page, wrong} = await open(browser, join(run, "report.html"));
  assert.deepEqual(wrong, []);
  assert.deepEqual(await carried(page), [summary]);
  const ids = await page.$$eval("section", (all) => all.map((section) => section.id));
  for (const id of ["data", "batch", "curves", "ways", "accuracy", "time", "verdicts", "repeat"]) assert.ok(ids.includes(id), id);
  assert.equal(await marks(page, "figure-accuracy", "seeds"), 3 * 2);
  assert.equal(await marks(page, "figure-batch", "values"), 2 * 4 * 5);
  assert.equal(await marks(page, "figure-data", "bins"), 2 * 51);
  const shown = await page.$$eval(".card .big", (all) => all.map((card) => card.textContent));
  assert.deepEqual(shown, summary.arms.map((arm) => `${(100 * arm.test_accuracy.mean).toFixed(2)}\u00a0%`));
});

test("the input's numbers are those of the data", () => {
  const run = join(folder, "inputs");
  const rows = Array.from({length: 40}, (_, i) => [i, 1000 + 10 * i, i % 2]);
  writeFileSync(join(folder, "rows.csv"), `age,income,class\n${rows.map((row) => row.join(",")).join("\n")}\n`);
  evenkeel("compare", "--data", join(folder, "rows.csv"), "--target", "class", "--model", "mlp:2-4-2", "--epochs", "1", "--seeds", "1", "--arms", "none", "--out", run, "--quiet");
  const {input} = summaryOf(run);
  assert.equal(input.scaling, "normalization");
  assert.deepEqual(input.before.features.map((f) => f.name), ["age", "income"]);
  assert.equal(input.before.histogram.counts.reduce((a, b) => a + b), 2 * input.rows);
  assert.equal(input.after.histogram.edges.length, input.after.histogram.counts.length + 1);
  for (const feature of input.after.features) {
    assert.ok(Math.abs(feature.mean) < 1e-6);
    assert.ok(Math.abs(feature.std - 1) < 1e-5);
  }
  assert.ok(input.before.features[1].mean > 1000);
});

test("train writes one too, and one report joins several runs", async () => {
  const run = join(folder, "train");
  evenkeel("train", "--data", "digits", "--epochs", "1", "--out", run, "--quiet");
  const single = await open(browser, join(run, "report.html"));
  assert.deepEqual(single.wrong, []);
  assert.deepEqual(await carried(single.page), [summaryOf(run)]);
  assert.equal(await single.page.$$eval("#layers tbody tr", (rows) => rows.length), summaryOf(run).model.config.layers.length);

  const joined = join(folder, "joined.html");
  evenkeel("report", join(folder, "compare"), run, "--out", joined);
  const both = await open(browser, joined);
  assert.deepEqual(both.wrong, []);
  assert.equal((await carried(both.page)).length, 2);
});
