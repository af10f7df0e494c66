// kill -9 in the middle of a load: what was acknowledged is there after the restart, and nothing twice.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CONFIG, call, startStack } from "../support/stack.mjs";

const CLIENTS = 8;
const ROUNDS = 3;
const TENANTS = ["alpha", "beta"];

test("a killed Worker loses nothing it acknowledged and counts nothing twice", async (t) => {
  const { worker, secretKey, meter } = await startStack(t, { config: CONFIG });
  const send = (body) => call(`${worker.url}/v1/events`, { method: "POST", key: secretKey, body });
  const sent = [];
  let acknowledged = 0;

  for (let round = 0; round < ROUNDS; round++) {
    let stopped = false;
    const killAfter = acknowledged + 150;
    const client = async (n) => {
      for (let seq = 1; !stopped; seq++) {
        const batch = { tenant: TENANTS[n % 2], client: `${round}-${n}`, seq, events: [{ type: "usage", meter: "api_calls", value: 1 + (seq % 3) }] };
        const entry = { batch, acknowledged: false };
        sent.push(entry);
        const answer = await send(batch).catch(() => undefined);
        if (answer?.status !== 202) return;
        entry.acknowledged = true;
        acknowledged += 1;
        if (acknowledged === killAfter) {
          stopped = true;
          worker.child.kill("SIGKILL");
        }
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, (_, n) => client(n)));
    await worker.stop("SIGKILL");
    await worker.start();

    for (const tenant of TENANTS) {
      const of = sent.filter(({ batch }) => batch.tenant === tenant);
      const sum = (entries) => entries.reduce((total, { batch }) => total + batch.events[0].value, 0);
      const counted = await meter(tenant, "api_calls");
      const certain = sum(of.filter((entry) => entry.acknowledged));
      assert.ok(counted >= certain, `${tenant}: ${counted} counted, ${certain} acknowledged`);
      assert.ok(counted <= sum(of), `${tenant}: ${counted} counted, ${sum(of)} ever sent`);
    }
  }

  // Every client sends everything again, as clients do that never heard back: now the count is exact.
  for (const { batch } of sent) assert.equal((await send(batch)).status, 202);
  for (const tenant of TENANTS) {
    const expected = sent.filter(({ batch }) => batch.tenant === tenant).reduce((total, { batch }) => total + batch.events[0].value, 0);
    assert.equal(await meter(tenant, "api_calls"), expected);
  }
  assert.ok(acknowledged >= 150 * ROUNDS);
});
