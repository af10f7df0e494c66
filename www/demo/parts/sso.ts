// A feature of the largest plan: locked for others, and their attempts are worth counting.

import type { Upcue } from "upcue";

import { say, tell } from "./backstage.js";
import { by } from "./dom.js";

export function watchSso(upcue: () => Upcue | undefined): void {
  by("sso-button").addEventListener("click", () => {
    if (isOpen(upcue())) return say("Here your identity provider would be asked for its address.");
    upcue()?.track("premium_feature_blocked", { feature: "sso" });
    say("Single sign-on is part of Business.");
    tell("Blocked at single sign-on");
  });
}

export function drawSso(upcue: Upcue | undefined): void {
  const open = isOpen(upcue);
  by("sso-tag").hidden = open;
  by("sso-button").dataset.locked = String(!open);
  by("sso-text").textContent =
    open && upcue?.ready ? "Included in your plan: SAML and OpenID Connect." : "Let your pilots in with the account they already have.";
}

const isOpen = (upcue: Upcue | undefined): boolean => upcue?.entitlement("sso").granted ?? true;
