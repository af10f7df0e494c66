// The team: as many people as the gauge says.

import type { Upcue } from "upcue";

import { say, tell } from "./backstage.js";
import { by, make, redraw } from "./dom.js";

const PEOPLE = [
  "Ada Lindqvist",
  "Milo Brandt",
  "Noor Haddad",
  "Teodor Vance",
  "Sunniva Aas",
  "Kofi Mensah",
  "Ines Carvalho",
  "Jonas Petrov",
  "Mei Tanaka",
  "Ruth Okafor",
  "Pavel Horák",
  "Leila Farsi",
];
const FOUNDERS = 2;
const LISTED = 6;
const WITHOUT_UPCUE = 3;

export function watchTeam(upcue: () => Upcue | undefined): void {
  by("invite").addEventListener("click", () => invite(upcue()));
  by("team").addEventListener("click", ({ target }) => {
    const button = (target as Element).closest("button");
    if (button) resize(upcue(), size(upcue()) - 1, `${button.dataset.name} left`);
  });
}

export function drawTeam(upcue: Upcue | undefined): void {
  const people = size(upcue);
  redraw(by("team"), String(people), () => {
    const rows = Array.from({ length: Math.min(people, LISTED) }, (_, i) => row(i, i === people - 1));
    const more = people - LISTED;
    if (more > 0) rows.push(make("li", { class: "more" }, `and ${more} more`));
    return rows;
  });
}

function row(i: number, last: boolean): HTMLLIElement {
  const name = nameOf(i);
  const initials = name.split(" ").map((word) => word[0]).join("");
  const made = make(
    "li",
    {},
    make("span", { class: `avatar tint-${(i % 6) + 1}`, "aria-hidden": "true" }, initials),
    make("span", { class: "name" }, name),
  );
  if (i < FOUNDERS) made.append(make("span", { class: "tag quiet" }, i === 0 ? "Admin" : "Member"));
  else if (last) made.append(make("button", { type: "button", class: "link-button", "data-name": name, "aria-label": `Remove ${name}` }, "Remove"));
  return made;
}

function invite(upcue: Upcue | undefined): void {
  if (upcue && !upcue.entitlement("seats").granted) return say("Every seat is taken. A larger plan has more.");
  const people = size(upcue);
  resize(upcue, people + 1, `${nameOf(people)} joined the team`);
}

function resize(upcue: Upcue | undefined, people: number, what: string): void {
  upcue?.usage("seats", { set: people });
  say(what);
  tell(`Seats: ${people}`);
}

const size = (upcue: Upcue | undefined): number => upcue?.meter("seats")?.value ?? WITHOUT_UPCUE;

const nameOf = (i: number): string => PEOPLE[i] ?? `Pilot ${i + 1}`;
