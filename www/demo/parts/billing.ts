// Plans and billing: Upcue's two elements, and the ways that lead to them.

import { UpcueError, type Upcue } from "upcue";

import { say, tell } from "./backstage.js";
import { by, every } from "./dom.js";

/** What each campaign is about: a meter or a feature. */
const ABOUT: Record<string, string> = {
  api_limit: "api_calls",
  api_quota: "api_calls",
  seats_nearly_full: "seats",
  sso_wanted: "sso",
};
const FEATURES = ["sso"];

export const aboutOf = (campaign: string): string | undefined => ABOUT[campaign];

export function watchBilling(): void {
  for (const button of every("[data-view]")) {
    button.addEventListener("click", () => {
      by("plans").setAttribute("view", button.dataset.view ?? "cards");
      for (const other of every("[data-view]")) other.setAttribute("aria-pressed", String(other === button));
    });
  }
  document.addEventListener("upcue-choose", ({ detail }) => tell(`Chose ${detail.plan}: the dialog asks Stripe what it costs`));
  document.addEventListener("upcue-upgraded", ({ detail }) => tell(`Upgraded to ${detail.plan}, recorded as ${detail.upgrade}`));
  document.addEventListener("upcue-contact", (event) => {
    // Nobody wants their mail program opened by a demo.
    event.preventDefault();
    say("Here your sales team would be written to.");
  });
}

/** Shows the plans, and why: the meter or feature that made the user ask. */
export function showPlans(about?: string): void {
  const plans = by("plans");
  if (about) plans.setAttribute("for", about);
  else plans.removeAttribute("for");
  const section = by("billing");
  section.scrollIntoView({ block: "center" });
  by("billing-title").focus({ preventScroll: true });
  section.classList.remove("called");
  // Starts the highlight again when it is called twice.
  void section.offsetWidth;
  section.classList.add("called");
}

/** What a member does instead of choosing. */
export async function askAdmins(upcue: Upcue | undefined, about: string): Promise<void> {
  try {
    const asked = await upcue?.requestUpgrade(FEATURES.includes(about) ? { feature: about } : { meter: about });
    if (!asked) return;
    const others = asked.count > 1 ? ` ${asked.count} of you want it.` : "";
    say(`${asked.status === "asked" ? "Your admins have been asked." : "Your admins know already."}${others}`);
    tell(`Asked the admins for ${asked.label}: ${asked.count} in all`);
    document.querySelector("upcue-plans")?.reload();
  } catch (error) {
    say("Your admins could not be asked.");
    tell(error instanceof UpcueError ? (error.detail ?? error.message) : String(error));
  }
}
