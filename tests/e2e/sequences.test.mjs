// Whole sequences: from a signal to the letter, and all that keeps a letter from being sent.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { sharedStack } from "../support/shared-stack.mjs";
import { changePlan, seedStripe } from "../support/stack.mjs";
import { DAY, SEQUENCE, addShopper, eventually, mailConfig, mailing } from "../support/mailing.mjs";

describe("a sequence", () => {
  const stack = sharedStack({ dev: true, config: mailConfig() });
  let mails;
  before(async () => {
    Object.assign(stack, await seedStripe(stack.stripe, { tenant: "first" }));
    mails = mailing(stack);
  });
  const publish = async (config) => {
    const published = await stack.publish(mailConfig(config));
    assert.equal(published.status, 200, JSON.stringify(published.body));
  };

  test("writes as soon as the signal comes, tells of it everywhere, and writes once", async () => {
    await addShopper(stack, "acme");
    await mails.use("acme", 850);
    const [letter] = await mails.until("acme", 1);
    assert.deepEqual([letter.recipient, letter.to, letter.provider, letter.attempts], ["ada", "ada@acme.example", "log", 1]);
    assert.deepEqual(letter.parts.map(({ sequence, step, template }) => [sequence, step, template]), [["quota_emails", 0, "quota"]]);
    assert.equal(letter.subject, "Your quota is nearly used 85%");
    const { html, text } = await mails.letter("acme", letter.id);
    assert.match(html, /Hello .*Ada/);
    assert.match(text, /1 Cloud Street/);

    await eventually(async () => (await mails.outbox("?tenant=acme&state=sent")).letters.length === 1);
    const told = await mails.told("acme");
    assert.deepEqual(told.map(({ type }) => type).filter((type) => /Sequence|Letter/.test(type)), ["SequenceEntered", "LetterSent"]);
    await mails.use("acme", 10);
    const { enrolments, letters } = await mails.of("acme");
    assert.equal(letters.length, 1);
    assert.deepEqual(enrolments.map(({ state, next }) => [state, next.step]), [["waiting", 1]]);
  });

  test("goes on after two days, and ends", async (t) => {
    await addShopper(stack, "patient");
    await mails.use("patient", 900);
    await mails.until("patient", 1);
    t.after(() => mails.pass(0));
    await mails.pass(2 * DAY + 60_000, "patient");
    const letters = await mails.until("patient", 2);
    assert.deepEqual(letters.map(({ parts }) => parts[0].template).toSorted(), ["pace", "quota"]);
    const { enrolments } = await mails.of("patient");
    assert.deepEqual(enrolments.map(({ state, reason }) => [state, reason]), [["ended", "finished"]]);
  });

  test("says nothing more after an upgrade that Stripe tells of", async (t) => {
    const shopper = await addShopper(stack, "buyer");
    await mails.use("buyer", 900);
    await mails.until("buyer", 1);
    await changePlan(stack.stripe, shopper.subscription, stack.prices.Team);
    await eventually(async () => (await mails.of("buyer")).enrolments.every(({ state }) => state === "ended"));
    const { enrolments } = await mails.of("buyer");
    assert.deepEqual(enrolments.map(({ reason }) => reason), ["converted"]);
    t.after(() => mails.pass(0));
    await mails.pass(3 * DAY, "buyer");
    await eventually(async () => (await mails.told("buyer")).some(({ type }) => type === "SequenceLeft"));
    assert.equal((await mails.of("buyer")).letters.length, 1);
  });

  test("waits out the recipient's night, by their own clock", async (t) => {
    t.after(() => publish());
    const now = new Date();
    const hour = (n) => `${String((now.getUTCHours() + n + 24) % 24).padStart(2, "0")}:00`;
    await publish({ sequences: [{ ...SEQUENCE, quiet_hours: { from: hour(-1), to: hour(2) } }] });
    await addShopper(stack, "sleeper", { ada: { tz: "UTC" }, bob: { tz: "Asia/Tokyo" } });
    await mails.use("sleeper", 900);
    const [sent] = await mails.until("sleeper", 1);
    assert.equal(sent.recipient, "bob", "in Tokyo it is day");
    const { enrolments } = await mails.of("sleeper");
    assert.deepEqual(enrolments.filter(({ state }) => state === "waiting" ).map(({ recipient, reason }) => [recipient, reason]).filter(([who]) => who === "ada"), [["ada", "quiet_hours"]]);
    t.after(() => mails.pass(0));
    await mails.pass(3 * 3_600_000, "sleeper");
    const letters = await mails.until("sleeper", 2);
    assert.deepEqual(letters.map(({ recipient }) => recipient).toSorted(), ["ada", "bob"]);
  });

  test("merges what comes within the digest's window into one letter", async (t) => {
    t.after(() => publish());
    const other = { ...SEQUENCE, id: "seat_emails", enter: "signal.seats_full.active", exit: "converted", steps: [{ after: "0s", template: "seats" }] };
    await publish({ sequences: [{ ...SEQUENCE, digest: "1h" }, { ...other, digest: "1h" }] });
    await addShopper(stack, "evening");
    await mails.use("evening", 900);
    await mails.post({ tenant: "evening", events: [{ type: "usage", meter: "seats", set: 3 }] });
    t.after(() => mails.pass(0));
    assert.equal((await mails.of("evening")).enrolments.length, 2);
    await mails.pass(3_600_000 + 60_000, "evening");
    const letters = await mails.until("evening", 1);
    assert.equal(letters.length, 1);
    assert.deepEqual(letters[0].parts.map(({ template }) => template).toSorted(), ["quota", "seats"]);
    const { html } = await mails.letter("evening", letters[0].id);
    assert.match(html, /All seats are taken/);
    assert.match(html, /Your quota is nearly used/);
  });

  test("survives an end between two steps", async (t) => {
    await addShopper(stack, "survivor");
    await mails.use("survivor", 900);
    await mails.until("survivor", 1);
    await stack.worker.stop("SIGKILL");
    await stack.worker.start();
    t.after(() => mails.pass(0));
    await mails.pass(2 * DAY + 60_000, "survivor");
    assert.equal((await mails.until("survivor", 2)).length, 2);
  });

  test("leaves at the app's rate, however many tenants have a letter at once", async (t) => {
    t.after(() => publish());
    const rate = 5;
    await publish({ email: { rate } });
    const tenants = Array.from({ length: 20 }, (_, i) => `crowd-${i}`);
    for (const tenant of tenants) await addShopper(stack, tenant);
    await Promise.all(tenants.map((tenant) => mails.use(tenant, 900)));
    const sent = await Promise.all(tenants.map(async (tenant) => (await mails.until(tenant, 1))[0].settled_at));
    // A busy machine may only make it longer.
    const took = Math.max(...sent) - Math.min(...sent);
    assert.ok(took >= ((tenants.length - 1) * 1_000) / rate / 2, `${tenants.length} letters in ${took} ms`);
  });
});
