// Sequences by the machine's own clock, while what runs them is put away, killed and started again.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { sharedStack } from "../support/shared-stack.mjs";
import { seedStripe } from "../support/stack.mjs";
import { SEQUENCE, addShopper, eventually, mailConfig, mailing } from "../support/mailing.mjs";

/** The runtime puts an object away that nobody has called for ten seconds. */
const PUT_AWAY = "13s";

describe("a sequence whose object does not live on", () => {
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
  const restart = async () => {
    await stack.worker.stop("SIGKILL");
    await stack.worker.start();
  };
  /** Waits without touching the tenant's own object. */
  const sent = (tenant, count) =>
    eventually(async () => (await mails.outbox(`?tenant=${tenant}&state=sent`)).letters.length >= count, () => `${count} letters of ${tenant}`);

  test("goes on after it was put away, and after a kill -9, at its own time", { timeout: 120_000 }, async (t) => {
    t.after(() => publish());
    const steps = ["0s", PUT_AWAY, PUT_AWAY].map((after, i) => ({ after, template: ["quota", "pace", "seats"][i] }));
    await publish({ sequences: [{ ...SEQUENCE, steps }] });
    await addShopper(stack, "lasting");
    await mails.use("lasting", 900);
    await sent("lasting", 1);
    await sent("lasting", 2); // put away in between: nobody called it
    await restart();
    await sent("lasting", 3);
    const { letters, enrolments } = await mails.of("lasting");
    const inOrder = letters.toSorted((a, b) => a.settled_at - b.settled_at);
    assert.deepEqual(inOrder.map(({ parts, attempts }) => [parts[0].template, attempts]), [["quota", 1], ["pace", 1], ["seats", 1]]);
    for (const [before, after] of [[0, 1], [1, 2]]) assert.ok(inOrder[after].settled_at - inOrder[before].settled_at >= 13_000);
    assert.deepEqual(enrolments.map(({ reason }) => reason), ["finished"]);
  });

  test("keeps the moment that its letter was given in the app's queue", { timeout: 120_000 }, async (t) => {
    t.after(() => publish());
    await publish({ email: { rate: 1 } });
    const tenants = Array.from({ length: 13 }, (_, i) => `queue-${i}`);
    for (const tenant of tenants) await addShopper(stack, tenant);
    await Promise.all(tenants.map((tenant) => mails.use(tenant, 900)));
    let given;
    await eventually(async () => {
      const waiting = (await mails.outbox("?state=waiting&limit=50")).letters.filter(({ reason }) => reason === "pace");
      given ??= new Map();
      for (const { tenant, waits_until: until } of waiting) given.set(tenant, until);
      return given.size >= tenants.length - 2;
    }, () => `${given?.size} wait`);
    await restart();
    for (const tenant of tenants) await sent(tenant, 1);
    for (const tenant of tenants) {
      const [letter] = (await mails.of(tenant)).letters;
      assert.equal(letter.attempts, 1);
      assert.ok(letter.settled_at >= (given.get(tenant) ?? 0), `${tenant} left before its moment`);
    }
  });

  test("knows after a restart what an owner without a user has met", { timeout: 120_000 }, async (t) => {
    t.after(() => publish());
    const own = (id, signal, template) => ({ ...SEQUENCE, id, enter: `signal.${signal}.active`, exit: "converted", to: "owner", steps: [{ after: "0s", template }] });
    await publish({
      sequences: [own("quota_own", "api_quota_80", "quota"), own("seats_own", "seats_full", "seats")],
      frequency: { cap: [{ max: 1, window: "1d", scope: "user" }] },
    });
    await addShopper(stack, "owned", {});
    await mails.post({ tenant: "owned", events: [{ type: "identify", owner: true, email: "boss@owned.example" }] });
    await mails.use("owned", 900);
    await sent("owned", 1);
    await restart();
    await mails.post({ tenant: "owned", events: [{ type: "usage", meter: "seats", set: 3 }] });
    let enrolments;
    await eventually(async () => {
      ({ enrolments } = await mails.of("owned"));
      return enrolments.some(({ sequence, reason }) => sequence === "seats_own" && reason === "cap");
    }, () => JSON.stringify(enrolments));
    assert.equal((await mails.of("owned")).letters.length, 1);
  });
});
