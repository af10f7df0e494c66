// An app's mail provider: what an operator sets, what is refused and why, and the test mail that says whether it works.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sharedStack } from "../support/shared-stack.mjs";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

describe("mail settings", () => {
  const stack = sharedStack();
  const set = (email) => stack.operator("PATCH", "/v1/apps/demo", { email });
  const trial = async (to = { address: "ada@acme.example" }) => {
    const answer = await stack.operator("POST", "/v1/apps/demo/email/test", { from: { address: "hello@nimbus.example", name: "Nimbus" }, to });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  };

  test("what is wrong is told by field, and changes nothing", async () => {
    const smtp = { provider: "smtp", host: "smtp.example", username: "ada", password: "secret" };
    for (const [email, field, words] of [
      [{ provider: "postmark" }, "provider", /resend, smtp, cloudflare or log/],
      [{ provider: "resend" }, "api_key", /re_/],
      [{ provider: "resend", api_key: "sk_live" }, "api_key", /re_/],
      [{ provider: "resend", api_key: "re_a b" }, "api_key", /spaces/],
      [{ provider: "resend", api_key: "re_1", webhook_secrets: ["secret"] }, "webhook_secrets", /whsec_/],
      [{ provider: "resend", api_key: "re_1", host: "smtp.example" }, "host", /of smtp/],
      [{ provider: "log", api_key: "re_1" }, "api_key", /of resend/],
      [{ provider: "smtp" }, "host", /name or address/],
      [{ ...smtp, host: "smtp.example:465" }, "host", /name or address/],
      [{ ...smtp, host: "smtp.example\r\n" }, "host", /name or address/],
      [{ ...smtp, port: 25 }, "port", /Cloudflare blocks/],
      [{ ...smtp, port: 0 }, "port", /1 to 65535/],
      [{ ...smtp, security: "ssl" }, "security", /tls, starttls or none/],
      [{ ...smtp, security: "none", port: 2525 }, "security", /127\.0\.0\.1/],
      [{ ...smtp, password: undefined }, "username", /together/],
      [{ provider: "smtp", host: "127.0.0.1", security: "none" }, "port", /missing/],
    ]) {
      const { status, body } = await set(email);
      assert.deepEqual([status, body.code, body.pointer], [422, "invalid_request", `/email/${field}`], JSON.stringify(email));
      assert.match(body.detail, words);
      assert.ok(!/secret\b|re_1|sk_live/.test(body.detail), body.detail);
    }
    assert.equal((await trial()).provider, "log");
    const unknown = await set({ provider: "log", colour: "red" });
    assert.deepEqual([unknown.status, /colour/.test(unknown.body.detail)], [422, true]);
  });

  test("what is absent stays as it is, as long as the provider does", async () => {
    assert.equal((await set({ provider: "resend", api_key: "re_1" })).status, 200);
    assert.equal((await set({ provider: "resend", webhook_secrets: [SECRET] })).status, 200);
    assert.equal((await set({ provider: "smtp", host: "127.0.0.1", port: 2525, security: "none" })).status, 200);
    assert.equal((await set({ provider: "smtp", username: "ada", password: "secret" })).status, 200);
    assert.equal((await set({ provider: "smtp", host: "smtp.example" })).body.pointer, "/email/security");
    assert.equal((await set({ provider: "resend" })).body.pointer, "/email/api_key");
    const answer = await set({ provider: "log" });
    // It tells what is kept how long, and nothing of what was set.
    assert.deepEqual([answer.status, Object.keys(answer.body)], [200, ["id", "retention"]]);
  });

  test("a test mail says what becomes of it", async () => {
    await set({ provider: "log" });
    assert.deepEqual(await trial(), { provider: "log", idempotent: true, state: "sent", id: null });
    const wrong = await trial({ address: "ada" });
    assert.deepEqual([wrong.state, wrong.address], ["refused", true]);
    await set({ provider: "cloudflare" });
    const unbound = await trial();
    assert.deepEqual([unbound.provider, unbound.idempotent, unbound.state], ["cloudflare", false, "later"]);
    assert.match(unbound.detail, /send_email/);
    const stranger = await stack.api("POST", "/v1/apps/demo/email/test", {});
    assert.deepEqual([stranger.status, stranger.body.code], [401, "unknown_key"]);
  });
});
