// A bug that panics costs the request it happens in, not the Worker: 500 at once, nothing hangs, the next request works.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sharedStack } from "../support/shared-stack.mjs";
import { CONFIG, call } from "../support/stack.mjs";

describe("panics", () => {
  const stack = sharedStack({ dev: true, config: CONFIG });
  const send = (seq) =>
    call(`${stack.worker.url}/v1/events`, {
      method: "POST",
      key: stack.secretKey,
      body: { tenant: "acme", client: "c", seq, events: [{ type: "usage", meter: "api_calls", value: 1 }] },
    });

  for (const where of ["panic", "panic-later", "panic-in-object"]) {
    test(`${where}: answered with a problem, and the Worker goes on`, async () => {
      const panicked = await stack.operator("POST", `/dev/${where}`, {});
      assert.deepEqual([panicked.status, panicked.body.code], [500, "internal"]);
      assert.equal(panicked.headers.get("content-type"), "application/problem+json");
      assert.equal((await send(1)).status, 202);
    });
  }

  test("requests in flight are answered too, and what was acknowledged is kept", async () => {
    const first = await send(2);
    assert.equal(first.body.accepted, 1);
    const crowd = Array.from({ length: 30 }, (_, i) => send(10 + i));
    const panicked = stack.operator("POST", "/dev/panic-in-object", {});
    const answers = await Promise.all([...crowd, panicked]);
    for (const { status } of answers) assert.ok(status === 202 || status === 500, `${status}`);
    // Sent again, as clients do, they all count, and count once.
    for (let i = 0; i < 30; i++) assert.equal((await send(10 + i)).status, 202);
    assert.equal(await stack.meter("acme", "api_calls"), 1 + 1 + 30);
  });
});
