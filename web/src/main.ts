import {append, el} from "./dom";
import {header} from "./header";
import {comparisons, named} from "./runs";
import {sectionElement} from "./section";
import type {Section} from "./section";
import {accuracySection} from "./sections/accuracy";
import {batchSection} from "./sections/batch";
import {curvesSection} from "./sections/curves";
import {dataSection} from "./sections/data";
import {gammaSection} from "./sections/gamma";
import {insideSection} from "./sections/inside";
import {repeatSection} from "./sections/repeat";
import {sweepSection} from "./sections/sweep";
import {timeSection} from "./sections/time";
import {layersSection, trainingSection} from "./sections/training";
import {verdictsSection} from "./sections/verdicts";
import {waysSection} from "./sections/ways";
import {themeButton} from "./theme";
import type {Document} from "./types";

/** The order of the lecture. A section whose numbers are missing is left out; one that fails says so and spares the rest. */
function sections(document: Document): Section[] {
  const runs = named(document.runs);
  const compared = comparisons(runs);
  const makers: (() => Section | null)[] = [
    () => dataSection(runs),
    () => batchSection(runs),
    () => layersSection(runs),
    () => trainingSection(runs),
    () => curvesSection(compared),
    () => waysSection(compared),
    () => insideSection(runs),
    () => gammaSection(runs),
    () => accuracySection(compared),
    () => sweepSection(runs),
    () => timeSection(compared),
    () => verdictsSection(compared),
    () => repeatSection(runs),
  ];
  return makers.flatMap((make) => {
    try {
      return make() ?? [];
    } catch (problem) {
      console.error(problem);
      return [];
    }
  });
}

function contents(all: Section[]): HTMLElement {
  return el("nav.contents", {"aria-label": "Sections"}, el("ol", ...all.map((section) => el("li", el("a", {href: `#${section.id}`}, section.title)))));
}

/** The entry of the section that is being read is marked. */
function followReading(nav: HTMLElement): void {
  const links = new Map([...nav.querySelectorAll("a")].map((link) => [link.getAttribute("href")?.slice(1) ?? "", link]));
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute("aria-current");
      links.get(entry.target.id)?.setAttribute("aria-current", "true");
    }
  }, {rootMargin: "-20% 0px -70% 0px"});
  for (const id of links.keys()) {
    const target = document.getElementById(id);
    if (target) observer.observe(target);
  }
}

function start(): void {
  const data = JSON.parse(document.getElementById("runs")?.textContent ?? "{}") as Document;
  const page = document.getElementById("page");
  if (!page || !Array.isArray(data.runs)) return;
  const all = sections(data);
  const top = header(named(data.runs));
  const nav = contents(all);
  append(
    page,
    el("a.skip", {href: "#main"}, "To the results"),
    themeButton(),
    nav,
    el("main", {id: "main"}, top, ...all.map((section, i) => sectionElement(section, i + 1))),
    el("footer", "Made by Evenkeel. One file, no network: keep it, send it, print it."),
  );
  document.title = `${top.querySelector("h1")?.textContent ?? "Report"} · Evenkeel`;
  followReading(nav);
}

start();
