// Rollout: the upgrade flow and campaigns come to internal tenants first, then to a share of all, always the same ones.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sharedStack } from "../support/shared-stack.mjs";
import { UPGRADE_CONFIG, addTenant, buyer, changesAtStripe, openShop } from "../support/upgrading.mjs";

const TENANTS = Array.from({ length: 200 }, (_, n) => `tenant-${n}`);

describe("the upgrade flow", () => {
  const stack = sharedStack({ config: UPGRADE_CONFIG });
  let shop;
  const open = async (rollout) => {
    shop ??= await openShop(stack);
    const published = await stack.publish({ ...UPGRADE_CONFIG, upgrade: { rollout } });
    assert.equal(published.status, 200, JSON.stringify(published.body));
  };
  const availability = async (tenant) => {
    const { status, body } = await stack.api("GET", `/v1/plans?tenant=${tenant}`);
    assert.equal(status, 200, JSON.stringify(body));
    return body.upgrade;
  };
  /** Those of the 200 who may upgrade. */
  const admitted = async () => {
    const open = await Promise.all(TENANTS.map(async (tenant) => (await availability(tenant)).available));
    return TENANTS.filter((_, n) => open[n]);
  };

  test("is open to named tenants alone at no per cent, and others are told so before they click", async () => {
    await open({ percent: 0, tenants: ["internal"] });
    const inside = buyer(stack, await addTenant(stack, "internal", shop.prices.Pro));
    const outside = buyer(stack, await addTenant(stack, "outside", shop.prices.Pro));
    assert.deepEqual((await inside.plans()).body.upgrade, { available: true });
    const { available, code, detail } = (await outside.plans()).body.upgrade;
    assert.deepEqual([available, code], [false, "not_rolled_out"]);
    assert.ok(detail.length > 10, "in words");

    const refused = await outside.quote({ plan: shop.products.Scale.id });
    assert.deepEqual([refused.status, refused.body.code], [403, "not_rolled_out"]);
    assert.equal((await inside.quote({ plan: shop.products.Scale.id })).status, 200);
    assert.deepEqual(await admitted(), []);
  });

  test("without a percentage is open to named tenants alone", async () => {
    await open({ tenants: ["tenant-7", "tenant-9"] });
    assert.deepEqual(await admitted(), ["tenant-7", "tenant-9"]);
  });

  test("at 50 per cent is open to about half, the same ones on every ask, and more per cent drop nobody", async () => {
    await open({ percent: 20 });
    const fifth = await admitted();
    await open({ percent: 50 });
    const half = await admitted();
    assert.ok(half.length >= 75 && half.length <= 125, `${half.length} of 200`);
    assert.ok(fifth.length >= 20 && fifth.length <= 60, `${fifth.length} of 200`);
    assert.deepEqual(await admitted(), half);
    assert.deepEqual(fifth.filter((tenant) => !half.includes(tenant)), []);
    await stack.worker.stop("SIGKILL");
    await stack.worker.start();
    assert.deepEqual(await admitted(), half, "whichever process is asked");
    const [one] = TENANTS.filter((tenant) => !half.includes(tenant));
    await open({ percent: 50, tenants: [one] });
    assert.deepEqual((await admitted()).toSorted(), [...half, one].toSorted());
    await open({ percent: 100 });
    assert.deepEqual(await admitted(), TENANTS);
  });

  test("that is taken back refuses a quote that was made before, and Stripe hears nothing of it", async () => {
    await open({ percent: 100 });
    const tenant = await addTenant(stack, "late", shop.prices.Pro);
    const page = buyer(stack, tenant);
    const { body: quote } = await page.quote({ plan: shop.products.Scale.id });
    await open({ percent: 0 });
    const refused = await page.upgrade(quote.token);
    assert.deepEqual([refused.status, refused.body.code], [403, "not_rolled_out"]);
    assert.deepEqual(await changesAtStripe(stack, tenant.subscription), []);
    assert.deepEqual(await page.told(), []);
  });

  test("members of a tenant outside may still ask, and are told that they are members first", async () => {
    await open({ percent: 0 });
    const tenant = await addTenant(stack, "members", shop.prices.Pro);
    const { upgrade } = (await buyer(stack, { ...tenant, admin: tenant.member }).plans()).body;
    assert.deepEqual([upgrade.available, upgrade.code], [false, "forbidden_role"]);
  });

  test("takes only what can be meant", async () => {
    for (const [rollout, pointer] of [
      [{ percent: 101 }, "/upgrade/rollout/percent"],
      [{ percent: 12.5 }, "/upgrade/rollout/percent"],
      [{ percent: "50" }, "/upgrade/rollout/percent"],
      [{ tenants: "internal" }, "/upgrade/rollout/tenants"],
      [{ percentage: 50 }, "/upgrade/rollout/percentage"],
    ]) {
      const { status, body } = await stack.publish({ ...UPGRADE_CONFIG, upgrade: { rollout } });
      assert.equal(status, 422, JSON.stringify(rollout));
      assert.ok(JSON.stringify(body).includes(pointer), JSON.stringify(body));
    }
  });
});

describe("a campaign", () => {
  const stack = sharedStack({});
  const campaign = (id, rollout) => ({ id, placement: "app.header", nudge: { title: id }, ...(rollout && { rollout }) });
  const seenBy = async (tenant) => {
    const { campaigns } = await stack.snapshot(await stack.token({ tenant }));
    return campaigns.map(({ id }) => id);
  };

  test("is sent to the tenants that it is rolled out to, and to nobody else", async () => {
    const campaigns = [campaign("everybody"), campaign("internal", { percent: 0, tenants: ["us"] }), campaign("half", { percent: 50 }), campaign("other_half", { percent: 50 })];
    const document = { ...UPGRADE_CONFIG, plans: { source: "inline", list: [{ id: "free", rank: 0 }] }, campaigns };
    const published = await stack.publish(document);
    assert.equal(published.status, 200, JSON.stringify(published.body));
    assert.deepEqual((await seenBy("us")).slice(0, 2), ["everybody", "internal"]);
    const seen = await Promise.all(TENANTS.map(seenBy));
    const having = (id) => TENANTS.filter((_, n) => seen[n].includes(id));
    assert.deepEqual([having("everybody").length, having("internal").length], [200, 0]);
    for (const id of ["half", "other_half"]) assert.ok(having(id).length >= 75 && having(id).length <= 125, `${having(id).length} of 200`);
    assert.notDeepEqual(having("half"), having("other_half"), "each campaign takes its own tenants first");
    assert.deepEqual(await Promise.all(TENANTS.map(seenBy)), seen, "the same ones on every ask");

    const decisions = await stack.api("GET", `/v1/tenants/${having("half")[0]}/decisions?user=ada&placement=app.header`);
    assert.ok(decisions.body.decisions[0].trace.some(({ campaign }) => campaign === "half"));

    const all = await stack.publish({ ...document, campaigns: campaigns.map(({ rollout, ...rest }) => (rollout ? { ...rest, rollout: { percent: 100 } } : rest)) });
    assert.equal(all.status, 200);
    for (const ids of await Promise.all(TENANTS.slice(0, 20).map(seenBy))) assert.equal(ids.length, 4);
  });
});
