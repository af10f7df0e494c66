// How long after a signal its letter is at the mail server: from the moment the usage is sent to the last byte of the mail.
//
// Twenty tenants, one after the other as signals come, and then twenty at once at a rate that holds nobody back. The server is a
// real one on this machine (npm `smtp-server`), spoken to as any other: a connection and a dialogue for every letter.

import assert from "node:assert/strict";
import { startMailServer } from "../support/mail-server.mjs";
import { INLINE, mailConfig, mailing } from "../support/mailing.mjs";
import { startStack } from "../support/stack.mjs";
import { QUICK, bench, row } from "./support/report.mjs";

const TENANTS = QUICK ? 3 : 20;
/** So soon a letter leaves when nothing holds it back, in milliseconds. */
const PROMISED = 5_000;
/** A letter that takes longer is lost. */
const LOST = 30_000;
const PATIENCE = 180_000;

await bench("first-mail", PATIENCE, async (t) => {
  const server = await startMailServer(t, { plain: true });
  const stack = await startStack(t, { config: mailConfig({ plans: INLINE, email: { rate: 1_000 } }) });
  const email = { provider: "smtp", host: "127.0.0.1", port: server.port, security: "none" };
  assert.equal((await stack.operator("PATCH", "/v1/apps/demo", { email })).status, 200);
  const { know, use } = mailing(stack);

  /** Uses what makes the signal, and waits for the letter. */
  const first = async (tenant) => {
    const began = performance.now();
    await use(tenant, 850);
    while (!server.received.some(({ envelope }) => envelope.rcptTo[0].address === `ada@${tenant}.example`)) {
      assert.ok(performance.now() - began < LOST, `no letter came to ${tenant}`);
      await new Promise(setImmediate);
    }
    return performance.now() - began;
  };
  const names = (kind) => Array.from({ length: TENANTS }, (_, n) => `${kind}-${n}`);
  const [alone, together] = [names("alone"), names("together")];
  for (const tenant of [...alone, ...together]) await know(tenant);
  const times = [];
  for (const tenant of alone) times.push(await first(tenant));
  const crowd = await Promise.all(together.map(first));
  return [
    row("first-mail-p50", at(times, 50), "ms", PROMISED, PROMISED),
    row("first-mail-p95", at(times, 95), "ms", PROMISED, PROMISED),
    row("first-mail-at-once-p50", at(crowd, 50), "ms", PROMISED, PROMISED),
    row("first-mail-at-once-p95", at(crowd, 95), "ms", PROMISED, PROMISED),
  ];
});

/** The value below which `percent` of all lie, by nearest rank. */
function at(values, percent) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil((percent / 100) * sorted.length) - 1];
}
