// A letter sent to whoever tries it out: by the app's own provider, as it would be to its recipient, counted nowhere.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startMailServer } from "../support/mail-server.mjs";
import { INLINE, mailConfig, mailing } from "../support/mailing.mjs";
import { ownStack } from "../support/own-stack.mjs";
import { startResend } from "../support/resend-double.mjs";
import { sharedStack } from "../support/shared-stack.mjs";

const TO = "me@nimbus.example";
/** Two templates of our own beside those of the sequence, and one whose value nobody knows yet. */
const config = mailConfig({
  plans: INLINE,
  templates: {
    near: { builtin: "limit_approaching", meter: "api_calls" },
    greets: { subject: "For {{recipient.name}}", html: "<p>Hello {{recipient.name}}, {{best_plan.name}} fits.</p>" },
  },
});

const trial = (stack, wish) => stack.api("POST", "/v1/email/test", wish);
/** The answer to a wish that is carried out. */
const tried = async (stack, wish) => {
  const answer = await trial(stack, { to: TO, ...wish });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
};

describe("a letter that is tried out", () => {
  const stack = sharedStack({ config });
  const by = (email) => stack.operator("PATCH", "/v1/apps/demo", { email });

  test("comes by a real mail server, marked, with its footer, and is counted nowhere", async (t) => {
    const server = await startMailServer(t, { plain: true });
    await by({ provider: "smtp", host: "127.0.0.1", port: server.port, security: "none" });
    const told = await tried(stack, { template: "near" });
    assert.match(told.subject, /^\[Test\] .*: 92% used$/);
    assert.deepEqual(told, { state: "sent", id: "queued as 7F3A", provider: "smtp", template: "near", facts: "sample", to: TO, subject: told.subject });
    const [{ envelope, parsed }, ...more] = server.received;
    assert.equal(more.length, 0);
    assert.deepEqual([envelope.mailFrom.address, envelope.rcptTo.map((to) => to.address)], ["hello@nimbus.example", [TO]]);
    assert.equal(parsed.subject, told.subject);
    assert.equal(parsed.from.text, '"Nimbus" <hello@nimbus.example>');
    for (const part of [parsed.html, parsed.text]) {
      assert.match(part, /Nimbus Inc\., 1 Cloud Street, Berlin/);
      assert.match(part, /Unsubscribe/);
      assert.ok(part.includes(TO), "the footer says who got it");
    }
    assert.equal(parsed.headers.has("list"), false, "a mail program offers no way out of what nobody is in");
    assert.deepEqual((await mailing(stack).outbox()).letters, []);
  });

  test("has the facts of a tenant, and its user's name", async (t) => {
    const server = await startMailServer(t, { plain: true });
    await by({ provider: "smtp", host: "127.0.0.1", port: server.port, security: "none" });
    const { know, use, of, told: timeline } = mailing(stack);
    await know("acme", "ada", { name: "Ada Byron" });
    await use("acme", 500);
    const before = [await of("acme"), await timeline("acme")];
    const told = await tried(stack, { sequence: "quota_emails", tenant: "acme", user: "ada" });
    assert.deepEqual([told.template, told.facts, told.subject], ["quota", "tenant", "[Test] Your quota is nearly used 50%"]);
    assert.match(server.received[0].parsed.text, /Hello Ada Byron, Your quota/);
    // Nobody is enrolled by it, and nothing of it is written down.
    assert.deepEqual([await of("acme"), await timeline("acme")], before);
  });

  test("may be of a document that is not published", async (t) => {
    const server = await startMailServer(t, { plain: true });
    await by({ provider: "smtp", host: "127.0.0.1", port: server.port, security: "none" });
    const draft = { ...config, sequences: [], templates: { draft: { subject: "Draft", html: "<p>Of {{app.name}}</p>" } } };
    const told = await tried(stack, { config: draft });
    assert.deepEqual([told.template, told.state], ["draft", "sent"]);
    assert.match(server.received[0].parsed.html, /Of <bdi>Nimbus<\/bdi>/);
  });

  test("says in the provider's words why it did not go", async (t) => {
    const server = await startMailServer(t, { plain: true, refuse: (step) => step === "sender" && { code: 550, message: "5.7.1 nimbus.example is not yours" } });
    await by({ provider: "smtp", host: "127.0.0.1", port: server.port, security: "none" });
    const told = await tried(stack, { template: "near" });
    assert.deepEqual([told.state, /550 .*not yours/.test(told.detail)], ["later", true], JSON.stringify(told));
  });

  test("what cannot be sent is refused with place and remedy, and nothing goes", async (t) => {
    const server = await startMailServer(t, { plain: true });
    await by({ provider: "smtp", host: "127.0.0.1", port: server.port, security: "none" });
    const wrong = { ...config, templates: { ...config.templates, near: { builtin: "limit_reached", meter: "calls" } } };
    const nobody = { ...config, email: { links: config.email.links }, sequences: [] };
    await mailing(stack).post({ tenant: "fresh", events: [{ type: "track", name: "tick" }] });
    for (const [wish, status, code, pointer, words] of [
      [{ template: "neer" }, 404, "not_found", undefined, /did you mean `near`/],
      [{ sequence: "quota_email" }, 404, "not_found", undefined, /did you mean `quota_emails`/],
      [{ sequence: "quota_emails", template: "near" }, 422, "invalid_request", undefined, /no step of `quota_emails`/],
      [{ template: "near", to: "me" }, 422, "invalid_request", "/to", /no @/],
      [{ template: "near", to: "me@nimbus.example\r\nBcc: eve@evil.example" }, 422, "invalid_request", "/to", /`to`/],
      [{ template: "near", tenant: "nobody" }, 404, "unknown_tenant", "/tenant", /leave `tenant` out/],
      [{ template: "greets", tenant: "fresh" }, 422, "missing_values", "/templates/greets", /`recipient\.name`, `best_plan\.name`.*\{\{name\|words\}\}/],
      [{ template: "near", config: nobody }, 422, "no_sender", "/email/from", /email\.from/],
      [{ config: wrong, template: "near" }, 422, "invalid_config", undefined, /./],
      [{ template: "near", colour: "red" }, 422, "invalid_request", undefined, /colour/],
    ]) {
      const { status: answered, body } = await trial(stack, { to: TO, ...wish });
      assert.deepEqual([answered, body.code, body.pointer], [status, code, pointer], JSON.stringify(body));
      assert.match(body.detail, words);
    }
    const unaddressed = await trial(stack, { template: "near" });
    assert.deepEqual([unaddressed.status, unaddressed.body.pointer], [422, "/to"], JSON.stringify(unaddressed.body));
    assert.equal((await stack.api("POST", "/v1/email/suppressions", { email: TO })).status, 200);
    const kept = await trial(stack, { to: "Me@Nimbus.example", template: "near" });
    assert.deepEqual([kept.status, kept.body.code, kept.body.pointer], [422, "suppressed_address", "/to"], JSON.stringify(kept.body));
    assert.equal((await stack.api("DELETE", "/v1/email/suppressions", { email: TO })).status, 200);
    assert.equal(server.received.length, 0);
    assert.equal((await trial({ api: stack.operator }, { to: TO, template: "near" })).status, 401);
    assert.equal((await tried(stack, { template: "near" })).state, "sent");
  });
});

test("a letter that is tried out goes by Resend once, and at the app's rate", async (t) => {
  const resend = await startResend(t);
  const stack = await ownStack(t, { config: { ...config, email: { ...config.email, rate: 1 } }, resend: resend.url });
  const set = await stack.operator("PATCH", "/v1/apps/demo", { email: { provider: "resend", api_key: resend.apiKey } });
  assert.equal(set.status, 200);
  const told = await tried(stack, { template: "near", name: "Ada" });
  const [mail, ...more] = resend.sent();
  assert.deepEqual([told.state, told.id, more.length], ["sent", mail.id, 0]);
  assert.deepEqual([mail.to, mail.from, mail.subject], [["Ada <me@nimbus.example>"], "Nimbus <hello@nimbus.example>", told.subject]);
  assert.deepEqual(mail.headers, { "Auto-Submitted": "auto-generated" });
  resend.fail({ status: 403, name: "validation_error", message: "The nimbus.example domain is not verified." });
  const refused = await tried(stack, { template: "near" });
  assert.deepEqual([refused.state, /not verified/.test(refused.detail)], ["later", true]);
  // One a second: of twenty at once those wait whose turn comes soon, and the others are told when.
  const all = await Promise.all(Array.from({ length: 20 }, () => tried(stack, { template: "near" })));
  const later = all.filter(({ state }) => state === "later");
  assert.ok(later.length > 0 && later.every(({ wait_ms }) => wait_ms > 0), JSON.stringify(all));
  assert.equal(resend.sent().length, 1 + 20 - later.length);
});
