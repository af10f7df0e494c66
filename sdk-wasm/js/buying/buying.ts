// Plans, quotes and upgrades: calls to the Worker, loaded when somebody first asks. Prices are never decided in a page.

import { letter } from "../arrival.js";
import type { UpcueError } from "../failure.js";
import { after, random16, randomName } from "../host.js";
import type { Page } from "../page.js";
import { call, retryAfter } from "./call.js";
import type { Choice, Comparison, Quote, UpgradeRequested, UpgradeResult, UpgradeState, UpgradeWish } from "./types.js";

/** Half a second, doubled each time, eight seconds at most: after so many attempts half a minute has gone by. */
const ATTEMPTS = 8;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 8000;

interface Attempt {
  /** The Worker makes one change of all calls with this key. */
  readonly key: string;
  running?: Promise<UpgradeResult> | undefined;
}

/** Of each page, by the quote's token. */
const pages = new WeakMap<Page, Map<string, Attempt>>();

export function comparePlans(page: Page, options: { for?: string } = {}): Promise<Comparison> {
  const asked = new URLSearchParams();
  if (options.for) asked.set("for", options.for);
  const ref = letter();
  if (ref) asked.set("ref", ref);
  return call(page, `/v1/plans${asked.size ? `?${asked}` : ""}`);
}

export const quote = (page: Page, { plan, price, quantity }: Choice): Promise<Quote> =>
  call(page, "/v1/upgrade/quotes", { method: "POST", body: { plan, price, quantity } });

/** Called again for the same quote, it answers with what is under way. */
export function upgrade(page: Page, { token }: Quote, { returnUrl }: { returnUrl?: string } = {}): Promise<UpgradeResult> {
  const attempts = pages.get(page) ?? new Map<string, Attempt>();
  pages.set(page, attempts);
  const attempt: Attempt = attempts.get(token) ?? { key: randomName() };
  attempts.set(token, attempt);
  attempt.running ??= insist(page, attempt.key, { quote: token, return_url: returnUrl }).then(
    (result) => result,
    (error: UpcueError) => {
      attempt.running = undefined;
      // What the Worker refused for good begins anew; what nobody knows the end of keeps its key.
      if (error.status && !isOpen(error)) attempts.delete(token);
      throw error;
    },
  );
  return attempt.running;
}

export const upgradeState = (page: Page, upgrade: string): Promise<UpgradeState> =>
  call(page, `/v1/upgrades/${encodeURIComponent(upgrade)}`);

export const requestUpgrade = (page: Page, { plan, feature, meter }: UpgradeWish = {}): Promise<UpgradeRequested> =>
  call(page, "/v1/upgrade-requests", { method: "POST", body: { plan, feature, meter } });

async function insist(page: Page, idempotencyKey: string, body: object): Promise<UpgradeResult> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call(page, "/v1/upgrades", { method: "POST", body, idempotencyKey });
    } catch (error) {
      if (attempt === ATTEMPTS || !(error instanceof page.Problem_) || !isOpen(error)) throw error;
      await pause(error, attempt);
    }
  }
}

/** Whether the upgrade may have happened, or may yet. */
function isOpen({ code, status = 0, upgrade }: UpcueError): boolean {
  if (code === "stripe_unavailable") return !!upgrade;
  return code === "network" || code === "upgrade_in_progress" || status === 429 || status >= 500;
}

/** Jitter keeps two tabs from asking in step. */
function pause(error: UpcueError, attempt: number): Promise<void> {
  const wait = Math.min(FIRST_WAIT * 2 ** (attempt - 1), LONGEST_WAIT);
  return new Promise((done) => after(Math.max(wait * (0.5 + random16() / 131_070), retryAfter(error) ?? 0), done));
}
