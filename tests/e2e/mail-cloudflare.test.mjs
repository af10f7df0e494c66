// Mail by Cloudflare's Email Service: what its binding is given, and what its errors come to. The binding is a service with the method
// `send`, as wrangler has it on one's own machine; what is behind it here is a double that says what it got.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { ownStack } from "../support/own-stack.mjs";

/** A double that takes what it is given, until `fail` says with which error it answers next. */
async function startService(t) {
  const service = { got: [], faults: [] };
  const server = createServer(async (request, response) => {
    const message = JSON.parse(Buffer.concat(await Array.fromAsync(request)).toString());
    const fault = service.faults.shift();
    if (!fault) service.got.push(message);
    response.writeHead(fault ? 400 : 200).end(JSON.stringify(fault ?? { messageId: `cf-${service.got.length}` }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  service.url = `http://127.0.0.1:${server.address().port}/`;
  return service;
}

test("Cloudflare's binding is given a mail in its parts, and its errors have their consequences", async (t) => {
  const service = await startService(t);
  const stack = await ownStack(t, { dev: true, sendEmail: service.url });
  assert.equal((await stack.operator("PATCH", "/v1/apps/demo", { email: { provider: "cloudflare" } })).status, 200);
  const send = async () => {
    const answer = await stack.operator("POST", "/dev/mail", {
      app: "demo",
      key: "letter-1",
      from: { address: "hello@nimbus.example", name: "Nimbus" },
      to: { address: "ada@bücher.example", name: "Ada" },
      reply_to: { address: "support@nimbus.example" },
      subject: "You’ve used 80 %\r\nBcc: eve@evil.example",
      html: "<p>Hello <b>Ada</b></p>",
      text: "Hello Ada",
      unsubscribe: "https://nimbus.example/u/abc",
    });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  };
  assert.deepEqual(await send(), { state: "sent", id: "cf-1" });
  assert.deepEqual(service.got, [
    {
      from: { email: "hello@nimbus.example", name: "Nimbus" },
      to: "ada@xn--bcher-kva.example",
      replyTo: "support@nimbus.example",
      subject: "You’ve used 80 %  Bcc: eve@evil.example",
      html: "<p>Hello <b>Ada</b></p>",
      text: "Hello Ada",
      headers: {
        "List-Unsubscribe": "<https://nimbus.example/u/abc>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
      },
    },
  ]);
  for (const [code, message, expected] of [
    ["E_RATE_LIMIT_EXCEEDED", "slow down", { state: "later" }],
    ["E_SENDER_NOT_VERIFIED", "nimbus.example is not verified", { state: "later" }],
    ["E_RECIPIENT_SUPPRESSED", "it bounced before", { state: "refused", address: true }],
    ["E_VALIDATION_ERROR", "no subject", { state: "refused", address: false }],
    ["E_DELIVERY_FAILED", "who knows", { state: "unknown" }],
  ]) {
    service.faults.push({ code, message });
    const told = await send();
    assert.deepEqual({ ...told, ...expected }, told, code);
    assert.ok(told.detail.includes(message), told.detail);
  }
  assert.equal(service.got.length, 1);
});
