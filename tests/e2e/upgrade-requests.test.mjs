// A member asks the admins for an upgrade: once each, added up, capped, and answered by the upgrade.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sharedStack } from "../support/shared-stack.mjs";
import { call, changePlan, openLive } from "../support/stack.mjs";
import { UPGRADE_CONFIG, addTenant, buyer, openShop } from "../support/upgrading.mjs";

const HOUR = 3_600_000;

describe("a member who asks", () => {
  const stack = sharedStack({ dev: true, config: UPGRADE_CONFIG });
  let shop;
  /** A tenant on Pro, with what its members and its admin do. */
  async function team(name) {
    if (!shop) {
      shop = await openShop(stack);
      await stack.stripe.control("POST", "/_sandbox/settle");
    }
    const tenant = await addTenant(stack, name, shop.prices.Pro);
    const member = (user, claims = {}) => stack.token({ tenant: name, user, role: "member", ...claims });
    const ask = async (user, body, claims) =>
      call(`${stack.worker.url}/v1/upgrade-requests`, { method: "POST", key: await member(user, claims), body });
    const plans = async (key) => {
      const { status, body } = await call(`${stack.worker.url}/v1/plans`, { key });
      assert.equal(status, 200, JSON.stringify(body));
      return body;
    };
    const page = buyer(stack, tenant);
    return {
      ...tenant, page, member, ask,
      forAdmin: () => plans(tenant.admin),
      forMember: async (user) => plans(await member(user)),
      asked: async () => (await page.timeline()).filter(({ type }) => type === "UpgradeAsked"),
    };
  }
  const answered = ({ status, body }) => [status, body.status, body.label, body.count];
  const nothing = { plan: null, feature: null, meter: null };

  test("is heard for a feature, more of a meter, a plan, or nothing in particular", async () => {
    const { ask, asked, forAdmin, forMember } = await team("kinds");
    assert.deepEqual(answered(await ask("bob", { feature: "sso" })), [202, "asked", "Single sign-on", 1]);
    assert.deepEqual(answered(await ask("bob", { meter: "api_calls" })), [202, "asked", "API calls", 1]);
    assert.deepEqual(answered(await ask("bob", { plan: shop.products.Scale.id })), [202, "asked", "Scale", 1]);
    assert.deepEqual(answered(await ask("bob", {})), [202, "asked", "", 1]);
    assert.deepEqual(answered(await ask("cem", undefined)), [202, "asked", "", 2], "no body is nothing in particular");

    const { requests } = await forAdmin();
    assert.deepEqual(requests.map(({ label, count }) => [label, count]), [["", 2], ["Single sign-on", 1], ["API calls", 1], ["Scale", 1]]);
    const mine = (await forMember("bob")).asked;
    assert.deepEqual(mine, [
      { ...nothing, feature: "sso" }, { ...nothing, meter: "api_calls" }, { ...nothing, plan: shop.products.Scale.id }, nothing,
    ]);
    assert.deepEqual((await forMember("cem")).asked, [nothing]);
    assert.deepEqual((await forMember("dora")).asked, []);
    assert.deepEqual((await asked()).map(({ label, actor }) => [label, actor.user]), [
      ["Single sign-on", "bob"], ["API calls", "bob"], ["Scale", "bob"], ["", "bob"], ["", "cem"],
    ]);
  });

  test("is heard once for one thing", async () => {
    const { ask, asked, forAdmin } = await team("twice");
    assert.deepEqual(answered(await ask("bob", { feature: "sso" })), [202, "asked", "Single sign-on", 1]);
    assert.deepEqual(answered(await ask("bob", { feature: "sso" })), [202, "already_asked", "Single sign-on", 1]);
    const clicks = await Promise.all([1, 2, 3].map(() => ask("cem", { feature: "sso" })));
    assert.deepEqual(clicks.map(({ body }) => body.status).sort(), ["already_asked", "already_asked", "asked"], "a double click");
    assert.equal((await asked()).length, 2);
    assert.equal((await forAdmin()).requests[0].count, 2);
  });

  test("is added up with teammates, and that is why the admin comes", async (t) => {
    const { ask, admin, forAdmin, forMember, tenant } = await team("four");
    assert.equal((await forAdmin()).reason, null);
    const live = await openLive(t, stack.worker, admin);
    const pushed = live.next();
    const before = Date.now();
    for (const user of ["bob", "cem", "dora", "eli"]) await ask(user, { feature: "sso" });
    await pushed; // an open page hears of it
    await ask("bob", { feature: "audit_log" });

    const { reason, requests, role } = await forAdmin();
    assert.equal(role, "admin");
    const { kind, count, feature, meter, plan, label, last_at } = reason;
    assert.deepEqual([kind, count, feature, meter, plan, label], ["requests", 4, "sso", null, null, "Single sign-on"], "4 teammates asked for Single sign-on");
    assert.ok(last_at >= before - 1_000);
    assert.deepEqual(requests.map(({ feature, count }) => [feature, count]), [["sso", 4], ["audit_log", 1]], "most asked for first");
    const seen = await forMember("bob");
    assert.deepEqual([seen.requests, seen.reason], [[], null], "teammates' wishes are for admins");

    const listed = await call(`${stack.worker.url}/v1/upgrade-requests`, { key: admin });
    const byKey = await stack.api("GET", `/v1/upgrade-requests?tenant=${tenant}`);
    assert.deepEqual([listed.status, byKey.status], [200, 200]);
    assert.deepEqual(listed.body.requests, requests);
    assert.deepEqual(byKey.body, listed.body);
  });

  test("is not an admin, a back end or somebody of another tenant", async () => {
    const { admin, member, tenant } = await team("roles");
    const post = (key, query = "") => call(`${stack.worker.url}/v1/upgrade-requests${query}`, { method: "POST", key, body: { feature: "sso" } });
    const get = (key, query = "") => call(`${stack.worker.url}/v1/upgrade-requests${query}`, { key });
    for (const [what, answer, status, code] of [
      ["an admin", post(admin), 403, "member_only"],
      ["a back end", post(stack.secretKey, `?tenant=${tenant}`), 403, "forbidden_credential"],
      ["nobody", post(undefined), 401, "missing_credential"],
      ["another tenant's member", post(await stack.token({ tenant: "elsewhere", user: "mal", role: "member" }), `?tenant=${tenant}`), 403, "forbidden_tenant"],
      ["a member who looks", get(await member("bob")), 403, "forbidden_role"],
      ["a back end that names no tenant", get(stack.secretKey), 422, "invalid_request"],
    ]) {
      const { status: found, body } = await answer;
      assert.deepEqual([found, body.code], [status, code], what);
    }
  });

  test("is told what is wrong with a name", async () => {
    const { ask, asked } = await team("names");
    for (const [body, words] of [
      [{ feature: "ssso" }, /feature `ssso`/],
      [{ meter: "calls" }, /meter `calls`/],
      [{ plan: "prod_none" }, /plan `prod_none`/],
      [{ feature: "sso", meter: "api_calls" }, /not both/],
      [{ feature: "sso", plan: "prod_none" }, /plan `prod_none`/],
    ]) {
      const answer = await ask("bob", body);
      assert.deepEqual([answer.status, answer.body.code], [422, "invalid_request"], JSON.stringify(body));
      assert.match(answer.body.detail, words);
    }
    for (const body of [{ feature: 1 }, { colour: "red" }, [], "sso"]) {
      const answer = await ask("bob", body);
      assert.ok([400, 422].includes(answer.status), JSON.stringify([body, answer.body]));
    }
    assert.deepEqual(await asked(), []);
  });

  test("too often is told to wait, while teammates are still heard", async () => {
    const { ask, asked } = await team("eager");
    const subjects = [];
    for (const plan of Object.values(shop.products)) {
      for (const wish of [{}, { feature: "sso" }, { feature: "audit_log" }, { meter: "seats" }]) subjects.push({ plan: plan.id, ...wish });
    }
    for (const body of subjects.slice(0, 10)) assert.equal((await ask("bob", body)).status, 202);
    const answer = await ask("bob", subjects[10]);
    assert.deepEqual([answer.status, answer.body.code], [429, "too_many_requests"]);
    assert.ok(Number(answer.headers.get("retry-after")) > 0);
    assert.equal((await ask("bob", subjects[0])).body.status, "already_asked", "what was asked is still known");
    assert.equal((await ask("cem", subjects[10])).status, 202);
    assert.equal((await asked()).length, 11);
  });

  test("is answered by the upgrade", async () => {
    const { ask, page, forAdmin, forMember } = await team("granted");
    await ask("bob", { feature: "sso" });
    assert.equal((await page.buy({ plan: shop.products.Scale.id })).answer.body.status, "upgraded");
    const { requests, reason } = await forAdmin();
    assert.deepEqual([requests, reason], [[], null]);
    assert.deepEqual((await forMember("bob")).asked, []);
    assert.equal((await ask("bob", { feature: "audit_log" })).body.status, "asked", "and may ask for more");
  });

  test("is answered by an upgrade at Stripe as well", async () => {
    const { ask, subscription, forAdmin, forMember } = await team("portal");
    await ask("bob", { feature: "sso" });
    await changePlan(stack.stripe, subscription, shop.prices.Scale);
    await stack.stripe.control("POST", "/_sandbox/settle");
    const { requests, reason, current } = await forAdmin();
    assert.deepEqual([current.name, requests, reason], ["Scale", [], null], "nobody is told to buy what they have");
    assert.deepEqual((await forMember("bob")).asked, []);
  });

  test("is not answered by an upgrade that fails", async () => {
    const { ask, page, forAdmin } = await team("declined");
    await ask("bob", { feature: "sso" });
    await stack.stripe.control("POST", "/_sandbox/faults", { method: "POST", path_prefix: "/v1/subscriptions/", play: "insufficient_funds" });
    assert.equal((await page.buy({ plan: shop.products.Scale.id })).answer.status, 402);
    assert.equal((await forAdmin()).requests[0].count, 1);
  });

  test("is remembered through a restart, and for 30 days", async () => {
    const { ask, tenant } = await team("patient");
    await ask("bob", { feature: "sso" });
    await stack.worker.stop("SIGKILL");
    await stack.worker.start();
    assert.equal((await ask("bob", { feature: "sso" })).body.status, "already_asked");
    await stack.operator("POST", "/dev/clock", { offset: 722 * HOUR });
    const late = { expires: "723h" };
    assert.deepEqual((await stack.api("GET", `/v1/upgrade-requests?tenant=${tenant}`)).body.requests, []);
    assert.deepEqual(answered(await ask("bob", { feature: "sso" }, late)), [202, "asked", "Single sign-on", 1]);
    await stack.operator("POST", "/dev/clock", { offset: 0 });
  });
});
