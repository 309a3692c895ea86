// Installs what the page is built from: `node install.mjs NPM [--with-tests]`. A moment where it is there already.
import {spawnSync} from "node:child_process";
import {existsSync, statSync} from "node:fs";

const [npm = "npm", ...flags] = process.argv.slice(2);
const withTests = flags.includes("--with-tests");
const installed = "node_modules/.package-lock.json"; // npm writes it last
const complete =
  existsSync(installed) &&
  statSync(installed).mtimeMs >= statSync("package-lock.json").mtimeMs &&
  (!withTests || existsSync("node_modules/playwright-core"));
if (!complete) {
  const words = ["ci", "--no-audit", "--no-fund", "--loglevel=error", ...(withTests ? [] : ["--omit=dev"])];
  const {status, stdout, stderr} = spawnSync(npm, words, {encoding: "utf8"});
  if (status !== 0) {
    process.stderr.write(`${stdout ?? ""}${stderr ?? ""}\nThe report page could not be built: npm found no packages. `);
    process.stderr.write("Build without it by cmake -DEVENKEEL_PAGE=OFF.\n");
    process.exit(1);
  }
}
