// Why a placement shows what it shows, gate by gate. The Worker has the words for it; loaded when somebody first asks.

import { call } from "./buying/call.js";
import type { Page } from "./page.js";
import type { Account, Explanation, Reason } from "./types.js";

/** A decision as `GET /v1/decisions` tells it. */
interface Told {
  readonly campaign: string | null;
  readonly reason: Reason;
  readonly trace: readonly Account[];
  readonly settled: number;
}

/** Lays the Worker's account over what the page knows by itself. */
export async function explain(page: Page, local: Explanation): Promise<Explanation> {
  const path = `/v1/decisions?placement=${encodeURIComponent(local.placement)}`;
  const { decisions } = await call<{ decisions: [Told] }>(page, path);
  const [{ campaign, reason, trace, settled }] = decisions;
  return { ...local, campaign, reason, trace, settled };
}
