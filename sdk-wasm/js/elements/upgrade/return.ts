// The way back from Stripe's page: which upgrade it was, and how it ended.

import type { UpgradeState } from "../../buying/types.js";
import { after, now } from "../../host.js";
import type { Upcue } from "../../upcue.js";

/** What Stripe's page adds to the address it leads back to: the name of the upgrade. */
const PARAMETER = "upcue_upgrade";

/** Webhooks seldom take longer. */
const PATIENCE = 60_000;
const FIRST_WAIT = 700;
const LONGEST_WAIT = 5000;

type Settled = Exclude<UpgradeState, { status: "pending" }>;

/** The upgrade that the page was left for. */
export const returnedUpgrade = (): string | null => new URL(location.href).searchParams.get(PARAMETER);

/** This page's address, as it was before it was ever returned to. */
export function ownAddress(): string {
  const here = new URL(location.href);
  here.searchParams.delete(PARAMETER);
  return here.href;
}

/** Takes the name of the upgrade out of the page's address. */
export function forgetReturn(): void {
  if (returnedUpgrade() !== null) history.replaceState(history.state, "", ownAddress());
}

/** How the upgrade ended; nothing when that is not known for a minute. Goes on while it is `wanted`. */
export async function followUp(upcue: Upcue, upgrade: string, wanted: () => boolean): Promise<Settled | undefined> {
  const until = now() + PATIENCE;
  for (let wait = FIRST_WAIT; wanted(); wait = Math.min(wait * 1.5, LONGEST_WAIT)) {
    const state = await ask(upcue, upgrade);
    if (state.status !== "pending") return state;
    if (now() > until) return;
    await news(upcue, wait);
  }
  return;
}

/** An answer that cannot be had is none yet. */
function ask(upcue: Upcue, upgrade: string): Promise<UpgradeState> {
  return upcue.upgradeState(upgrade).catch((error: { code?: string; status?: number }) => {
    const { code, status = 0 } = error;
    if (code === "network" || code === "upgrade_in_progress" || status >= 500 || status === 429) return { status: "pending" };
    throw error;
  });
}

/** Resolves when something changed at the Worker, and after `wait` at the latest. */
function news(upcue: Upcue, wait: number): Promise<void> {
  return new Promise((done) => {
    const end = () => {
      stop();
      deaf();
      done();
    };
    const stop = after(wait, end);
    const deaf = upcue.on("change", end);
  });
}
