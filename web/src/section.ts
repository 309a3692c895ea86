import {el, rich} from "./dom";
import type {Child} from "./dom";

export interface Section {
  id: string;
  title: string;
  /** What the lecture says, in our words; a section that the lecture does not have may have an opening of its own. */
  lecture?: string;
  opening?: string;
  /** Pictures and tables. */
  body: Child[];
  /** What they show, from the numbers alone. */
  finding?: (string | Node)[];
}

export function sectionElement(section: Section, number: number): HTMLElement {
  const heading = `${section.id}-title`;
  return el(
    "section",
    {id: section.id, "aria-labelledby": heading},
    el("h2", {id: heading}, el("span.section-number", {"aria-hidden": "true"}, number), section.title),
    section.lecture ? el("p.lecture", el("b.label", "The lecture"), section.lecture) : null,
    section.opening ? el("p.lecture", section.opening) : null,
    ...section.body,
    section.finding && section.finding.length > 0
      ? el("div.finding", el("b.label", "This run"), ...section.finding.map((sentence) => el("p", typeof sentence === "string" ? rich(sentence) : sentence)))
      : null,
  );
}
