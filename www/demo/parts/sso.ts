// A feature of the largest plan: locked for others, and their attempts are worth counting.

import type { Upcue } from "upcue";

import { say, tell } from "./backstage.js";
import { askAdmins, showPlans } from "./billing.js";
import { by } from "./dom.js";
import type { Visitor } from "./session.js";

let refused = false;

export function watchSso(upcue: () => Upcue | undefined, visitor: () => Visitor): void {
  by("sso-button").addEventListener("click", () => {
    if (isOpen(upcue())) return say("Here your identity provider would be asked for its address.");
    upcue()?.track("premium_feature_blocked", { feature: "sso" });
    refused = true;
    drawSso(upcue(), visitor());
    say("Single sign-on is part of Business.");
    tell("Blocked at single sign-on");
  });
  by("sso-way").addEventListener("click", () => {
    if (visitor() === "member") void askAdmins(upcue(), "sso");
    else showPlans("sso");
  });
}

export function drawSso(upcue: Upcue | undefined, visitor: Visitor): void {
  const open = isOpen(upcue);
  by("sso-tag").hidden = open;
  by("sso-button").dataset.locked = String(!open);
  by("sso-way").hidden = open || !refused;
  by("sso-way").textContent = visitor === "member" ? "Ask your admin" : "See what has it";
  by("sso-text").textContent =
    open && upcue?.ready
      ? "Included in your plan: SAML and OpenID Connect."
      : "Let your pilots in with the account they already have.";
}

const isOpen = (upcue: Upcue | undefined): boolean => upcue?.entitlement("sso").granted ?? true;
