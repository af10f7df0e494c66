// Mail by Resend: the double answers as Resend's own client expects, the Worker's mails are what they should be, and every
// answer has its consequence; webhooks are believed only when signed.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Resend } from "resend";
import { delivery, event, startResend } from "../support/resend-double.mjs";
import { ownStack } from "../support/own-stack.mjs";
import { call } from "../support/stack.mjs";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

describe("the double", () => {
  const email = { from: "Nimbus <hello@nimbus.example>", to: "ada@acme.example", subject: "Hello", html: "<p>Hello</p>" };

  test("answers Resend's own client as Resend does", async (t) => {
    const double = await startResend(t);
    const client = new Resend(double.apiKey, { baseUrl: double.url });
    const first = await client.emails.send(email, { idempotencyKey: "one" });
    assert.equal(first.error, null);
    const again = await client.emails.send(email, { idempotencyKey: "one" });
    assert.equal(again.data.id, first.data.id);
    assert.equal(double.sent().length, 1);
    const shown = await client.emails.get(first.data.id);
    assert.deepEqual([shown.data.object, shown.data.to, shown.data.last_event], ["email", ["ada@acme.example"], "sent"]);

    const refused = async (change, options, status, name) => {
      const { data, error } = await client.emails.send({ ...email, ...change }, options);
      assert.deepEqual([data, error.statusCode, error.name], [null, status, name]);
    };
    await refused({ subject: "Other" }, { idempotencyKey: "one" }, 409, "invalid_idempotent_request");
    await refused({}, { idempotencyKey: "x".repeat(257) }, 400, "invalid_idempotency_key");
    await refused({ to: "nobody" }, {}, 422, "validation_error");
    await refused({ from: "nobody" }, {}, 422, "invalid_from_address");
    await refused({ subject: undefined }, {}, 422, "missing_required_field");
    await refused({ tags: [{ name: "a b", value: "1" }] }, {}, 422, "validation_error");
    double.unverified.add("nimbus.example");
    await refused({}, {}, 403, "validation_error");
    double.fail({ status: 429, name: "rate_limit_exceeded", headers: { "retry-after": "1" } });
    const limited = await client.emails.send(email);
    assert.deepEqual([limited.error.name, limited.headers["retry-after"]], ["rate_limit_exceeded", "1"]);
    const unknown = await client.emails.get("49a3999c-0ce1-4ea6-ab68-afcd6dc2e794");
    assert.deepEqual([unknown.error.statusCode, unknown.error.name], [404, "not_found"]);
    const stranger = new Resend("re_other", { baseUrl: double.url });
    assert.equal((await stranger.emails.send(email)).error.statusCode, 401);
  });

  test("signs webhooks so that Resend's own client believes them", async (t) => {
    const double = await startResend(t);
    const client = new Resend(double.apiKey, { baseUrl: double.url });
    const { body, headers } = delivery(SECRET, event("email.bounced", { id: "1", to: ["ada@acme.example"] }));
    const signed = { id: headers["svix-id"], timestamp: headers["svix-timestamp"], signature: headers["svix-signature"] };
    const seen = client.webhooks.verify({ payload: body, headers: signed, webhookSecret: SECRET });
    assert.equal(seen.type, "email.bounced");
  });
});

/** A stack whose app sends by the double, and what sends a mail. */
async function sending(t) {
  const resend = await startResend(t);
  const stack = await ownStack(t, { dev: true, resend: resend.url });
  const settings = { provider: "resend", api_key: resend.apiKey, webhook_secrets: [OTHER, SECRET] };
  const set = await stack.operator("PATCH", "/v1/apps/demo", { email: settings });
  assert.equal(set.status, 200, JSON.stringify(set.body));
  const mail = {
    app: "demo",
    key: "letter-1",
    from: { address: "hello@nimbus.example", name: "Nimbus" },
    to: { address: "ada@bücher.example", name: "Byron, Ada" },
    reply_to: { address: "support@nimbus.example" },
    subject: "You’ve used 80 %",
    html: "<p>Hello <b>Ada</b></p>",
    text: "Hello Ada",
    unsubscribe: "https://nimbus.example/u/abc",
  };
  const send = async (change = {}) => {
    const answer = await stack.operator("POST", "/dev/mail", { ...mail, ...change });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  };
  return { resend, stack, send };
}

describe("Resend", () => {
  test("takes a mail once, however often it is handed over", async (t) => {
    const { resend, send } = await sending(t);
    const first = await send();
    assert.equal(first.state, "sent");
    assert.equal((await send()).id, first.id);
    const [mail, ...more] = resend.sent();
    assert.equal(more.length, 0);
    assert.equal(mail.key, "letter-1");
    assert.equal(mail.from, "Nimbus <hello@nimbus.example>");
    assert.deepEqual(mail.to, ['"Byron, Ada" <ada@xn--bcher-kva.example>']);
    assert.equal(mail.reply_to, "support@nimbus.example");
    assert.equal(mail.subject, "You’ve used 80 %");
    assert.deepEqual(mail.tags, [{ name: "upcue", value: "letter-1" }]);
    assert.deepEqual(mail.headers, {
      "List-Unsubscribe": "<https://nimbus.example/u/abc>",
      "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
      "Auto-Submitted": "auto-generated",
    });

    // The connection ends after the mail was taken: what happened is unknown, and asking again tells without a second mail.
    resend.fail({ hangUp: true, afterwards: true });
    assert.equal((await send({ key: "letter-2" })).state, "unknown");
    assert.equal((await send({ key: "letter-2" })).state, "sent");
    assert.equal(resend.sent().length, 2);
    // The facts moved on meanwhile: the mail that was taken is the one that counts.
    assert.equal((await send({ key: "letter-2", subject: "You’ve used 82 %" })).state, "sent");
    assert.equal(resend.sent().length, 2);
  });

  test("every refusal has its consequence", async (t) => {
    const { resend, send, stack } = await sending(t);
    const states = [
      [{ status: 429, name: "rate_limit_exceeded", headers: { "retry-after": "2" } }, { state: "later", wait_ms: 2_000 }],
      [{ status: 429, name: "daily_quota_exceeded" }, { state: "later", wait_ms: 3_600_000 }],
      [{ status: 409, name: "concurrent_idempotent_requests" }, { state: "later", wait_ms: null }],
      [{ status: 500, name: "application_error" }, { state: "unknown" }],
      [{ hangUp: true }, { state: "unknown" }],
      [{ status: 422, name: "validation_error", message: "Invalid `to` field." }, { state: "refused", address: true }],
      [{ status: 422, name: "missing_required_field", message: "Missing `subject` field." }, { state: "refused", address: false }],
    ];
    for (const [fault, expected] of states) {
      resend.fail(fault);
      const told = await send();
      assert.deepEqual({ ...told, ...expected }, told, JSON.stringify(fault));
    }
    assert.equal(resend.sent().length, 0);
    resend.unverified.add("nimbus.example");
    const unverified = await send();
    assert.deepEqual([unverified.state, /not verified/.test(unverified.detail)], ["later", true]);
    // Wrong addresses do not even get there.
    const asked = resend.requests.length;
    assert.deepEqual((await send({ to: { address: "ada@acme.example\r\nBcc: eve@evil.example" } })).address, true);
    assert.deepEqual((await send({ from: { address: "nimbus" } })).address, false);
    assert.equal(resend.requests.length, asked);
    await stack.operator("PATCH", "/v1/apps/demo", { email: { provider: "resend", api_key: "re_wrong" } });
    assert.equal((await send()).state, "later");
    assert.ok(!stack.worker.log.some((line) => /re_wrong|re_test_key|acme\.example|whsec_/.test(line)), "the log holds no secret and no address");
  });

  test("webhooks count only when signed", async (t) => {
    const { resend, stack, send } = await sending(t);
    await send();
    const [mail] = resend.sent();
    const url = `${stack.worker.url}/webhooks/email/demo/resend`;
    const post = async ({ body, headers }) => call(url, { method: "POST", raw: body, headers });
    const bounce = event("email.bounced", mail, { bounce: { type: "Permanent", subType: "General", message: "no such user" } });
    for (const secret of [SECRET, OTHER]) {
      const answer = await post(delivery(secret, bounce));
      assert.deepEqual([answer.status, answer.body], [200, { received: true, suppresses: true }]);
    }
    assert.deepEqual((await post(delivery(SECRET, event("email.delivered", mail)))).body, { received: true, suppresses: false });
    assert.deepEqual((await post(delivery(SECRET, event("email.opened", mail)))).body, { received: true, suppresses: false });
    const good = delivery(SECRET, bounce);
    const refused = [
      [delivery("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", bounce), "invalid_signature"],
      [{ ...good, body: good.body.replace("Permanent", "Transient") }, "invalid_signature"],
      [{ ...good, headers: { ...good.headers, "svix-id": "msg_other" } }, "invalid_signature"],
      [{ ...good, headers: { "content-type": "application/json" } }, "missing_signature"],
      [delivery(SECRET, bounce, { at: new Date(Date.now() - 400_000) }), "signature_expired"],
    ];
    for (const [wrong, code] of refused) {
      const answer = await post(wrong);
      assert.deepEqual([answer.status, answer.body.code], [400, code]);
    }
    const elsewhere = await call(`${stack.worker.url}/webhooks/email/demo/postmark`, { method: "POST", raw: good.body, headers: good.headers });
    assert.deepEqual([elsewhere.status, elsewhere.body.code], [404, "not_found"]);
  });
});
