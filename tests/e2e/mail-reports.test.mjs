// What a provider says of a letter after it took it, or takes back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { INLINE, eventually, mailConfig, mailing } from "../support/mailing.mjs";
import { ownStack } from "../support/own-stack.mjs";
import { delivery, event, startResend } from "../support/resend-double.mjs";
import { call } from "../support/stack.mjs";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/** A stack whose app sends by the double. */
async function sending(t) {
  const resend = await startResend(t);
  const stack = await ownStack(t, { dev: true, config: mailConfig({ plans: INLINE }), resend: resend.url });
  const email = { provider: "resend", api_key: resend.apiKey, webhook_secrets: [SECRET] };
  assert.equal((await stack.operator("PATCH", "/v1/apps/demo", { email })).status, 200);
  const report = async (told) => {
    const { body, headers } = delivery(SECRET, told);
    const answer = await call(`${stack.worker.url}/webhooks/email/demo/resend`, { method: "POST", raw: body, headers });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  };
  return { resend, stack, report, mails: mailing(stack) };
}

test("a letter that the provider could not send after all is told as failed, with its words", async (t) => {
  const { resend, stack, report, mails } = await sending(t);
  await mails.know("acme");
  await mails.use("acme", 850);
  const [letter] = await mails.until("acme", 1);
  const [mail] = resend.sent();
  assert.equal(mail.key, letter.id);
  const failed = event("email.failed", mail, { failed: { reason: "reached_daily_quota" } });
  await report(failed);
  await report(failed); // at least once
  const { letters } = await mails.of("acme");
  const told = letters.find(({ id }) => id === letter.id);
  assert.deepEqual([told.state, told.reason, told.detail, told.report.what], ["failed", "refused", "reached_daily_quota", "failed"]);
  let found;
  await eventually(async () => ({ letters: found } = await mails.outbox("?state=failed")) && found.length > 0, () => "the outbox never heard of it");
  assert.deepEqual(found.map(({ id, detail, report: what }) => [id, detail, what]), [[letter.id, "reached_daily_quota", "failed"]]);
  assert.deepEqual((await mails.outbox("?state=sent")).letters, []);
  // The address is not at fault: the next letter goes there.
  assert.deepEqual((await stack.api("GET", "/v1/email/suppressions")).body.suppressions, []);
});

test("what may have been sent is asked for again as it was, though its recipient has moved", async (t) => {
  const { resend, mails } = await sending(t);
  await mails.know("acme");
  resend.fail({ hangUp: true, afterwards: true });
  await mails.use("acme", 850);
  await eventually(async () => (await mails.of("acme")).letters.some(({ state, unsure }) => state === "waiting" && unsure === 1));
  await mails.know("acme", "ada", { email: "ada@moved.example" });
  await mails.pass(60_000, "acme");
  const [letter] = await mails.until("acme", 1);
  // One mail, and the record says where it went.
  assert.deepEqual(resend.sent().map(({ to }) => to), [["Ada <ada@acme.example>"]]);
  assert.deepEqual([letter.to, letter.provider_id], ["ada@acme.example", resend.sent()[0].id]);
});
