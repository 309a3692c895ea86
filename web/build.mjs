// Bundles the page into one HTML file: `node build.mjs FILE.html`, or FILE.cpp for the program, which embeds it.
import {createHash} from "node:crypto";
import {mkdirSync, readFileSync, writeFileSync} from "node:fs";
import {dirname} from "node:path";
import {buildSync} from "esbuild";

const place = "__EVENKEEL_RUNS__"; // where src/report/page.cpp puts the numbers

function bundle(entry) {
  const result = buildSync({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    target: "es2020",
    format: "iife",
    charset: "utf8",
    legalComments: "none",
    loader: {".woff2": "dataurl"},
  });
  return result.outputFiles[0].text.trim();
}

function page() {
  const script = bundle("src/main.ts");
  const style = bundle("src/style.css");
  if (/<\/script|<!--/i.test(script) || /<\/style/i.test(style)) throw new Error("the bundle would end its own element");
  const hash = createHash("sha256").update(script).digest("base64");
  // Functions as replacements, for a bundle is full of "$&".
  const html = readFileSync("src/page.html", "utf8")
    .replace("__SCRIPT_HASH__", () => `'sha256-${hash}'`)
    .replace("__STYLE__", () => style)
    .replace("__SCRIPT__", () => script);
  if (html.split(place).length !== 2) throw new Error(`expected ${place} once`);
  return html;
}

// In pieces, for a compiler need not take a literal of half a megabyte.
function cpp(html) {
  const pieces = html.match(/[^]{1,8000}/g).map((piece) => `R"~~~(${piece})~~~"`);
  return `// Made by web/build.mjs.
#include "report/page.hpp"

namespace evenkeel {

std::string_view page_template() {
    static constexpr char page[] =
${pieces.join("\n")};
    return {page, sizeof page - 1};
}

}  // namespace evenkeel
`;
}

const [out] = process.argv.slice(2);
const html = page();
if (html.includes(')~~~"')) throw new Error("the page holds the end of a C++ literal");
mkdirSync(dirname(out), {recursive: true});
writeFileSync(out, out.endsWith(".cpp") ? cpp(html) : html);
