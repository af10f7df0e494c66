// Those who are prompted beside those who would have been: the report on lift, from what pages tell of both arms.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { DAY } from "../support/mailing.mjs";
import { PROMPT_CONFIG, prompting } from "../support/prompting.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { changePlan } from "../support/stack.mjs";
import { addTenant, openShop } from "../support/upgrading.mjs";

const TENANTS = 24;
const [quota, welcome] = PROMPT_CONFIG.campaigns;

describe("lift", () => {
  const stack = sharedStack({ dev: true, config: { ...PROMPT_CONFIG, campaigns: [{ ...quota, holdout: 0.5 }, welcome] } });
  let prompts;
  const arms = { treated: [], control: [] };
  before(async () => {
    const shop = await openShop(stack);
    prompts = prompting(stack);
    for (let i = 0; i < TENANTS; i++) {
      const tenant = `tenant-${i}`;
      const { subscription } = await addTenant(stack, tenant, shop.prices.Pro);
      // A page of either arm tells what it is in; the arm is the tenant's, whatever is told.
      await prompts.prompt(tenant, "quota", ["ghost_exposure"]);
      const [{ held_out }] = (await prompts.get(`/v1/tenants/${tenant}`)).campaigns;
      if (!held_out) await prompts.prompt(tenant, "quota", ["render", "exposure"]);
      arms[held_out ? "control" : "treated"].push(subscription);
    }
    // Three of those who were prompted upgrade, and one of the others.
    for (const subscription of [...arms.treated.slice(0, 3), arms.control[0]]) await changePlan(stack.stripe, subscription, shop.prices.Scale);
    await stack.stripe.control("POST", "/_sandbox/settle");
  });

  test("counts a tenant once its window is over", async () => {
    const early = await prompts.report("lift?campaign=quota", ({ treated, control }) => treated.waiting + control.waiting === TENANTS);
    assert.deepEqual([early.treated.waiting, early.treated.tenants, early.control.waiting], [arms.treated.length, 0, arms.control.length]);
    assert.equal(early.interval, null);
    assert.match(early.summary, /Too little is known/);
    await stack.operator("POST", "/dev/clock", { offset: 8 * DAY });
    const report = await prompts.report("lift?campaign=quota", ({ treated }) => treated.converted === 3);
    assert.deepEqual([report.treated.tenants, report.control.tenants, report.control.converted], [arms.treated.length, arms.control.length, 1]);
    assert.equal(report.difference, 3 / arms.treated.length - 1 / arms.control.length);
    assert.equal(report.certain, false);
    assert.deepEqual([report.sample_ratio.expected, report.sample_ratio.mismatch], [0.5, false]);
    assert.equal(report.treated.revenue, 3 * (9900 - 2900));
    const longer = await prompts.get("/v1/reports/lift?campaign=quota&window=30d");
    assert.equal(longer.treated.tenants, 0, "with a longer window it is not over yet");
  });

  test("begins anew where another share is held out", async () => {
    const config = (holdout) => ({ ...PROMPT_CONFIG, campaigns: [{ ...quota, holdout }, welcome] });
    assert.equal((await stack.publish(config(0.4))).status, 200);
    const report = await prompts.report("lift?campaign=quota", ({ treated, control }) => treated.tenants + control.tenants === 0);
    assert.deepEqual([report.treated.waiting, report.control.waiting, report.sample_ratio], [0, 0, null]);
    assert.equal((await stack.publish(config(0.5))).status, 200);
    await prompts.report("lift?campaign=quota", ({ treated, control }) => treated.tenants + control.tenants === TENANTS);
  });

  test("says so where nobody is held out", async () => {
    await prompts.prompt("tenant-0", "welcome", ["exposure"]);
    const report = await prompts.report("lift?campaign=welcome", ({ treated }) => treated.waiting === 1);
    assert.match(report.summary, /Nobody is held out/);
    assert.equal(report.sample_ratio, null);
  });
});
