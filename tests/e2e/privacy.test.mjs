// What is kept of people can be had, and goes: everywhere, whatever dies meanwhile, and nobody else loses anything.
//
// Traces are looked for row by row: pages of a database that were freed keep their bytes until they are written again.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { eventually } from "../support/eventually.mjs";
import { startReceiver } from "../support/hook-receiver.mjs";
import { FULL_CONFIG, exported, liveThrough, rowsOf, tracesIn } from "../support/leaving.mjs";
import { mailing } from "../support/mailing.mjs";
import { prompting } from "../support/prompting.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { openLive } from "../support/stack.mjs";
import { openShop } from "../support/upgrading.mjs";

describe("what is kept of a tenant", () => {
  const stack = sharedStack({ dev: true, config: FULL_CONFIG });
  const ends = [];
  let shop;
  before(async () => {
    shop = await openShop(stack);
    const receiver = await startReceiver({ after: (end) => ends.push(end) });
    const endpoint = await stack.api("POST", "/v1/webhooks", { url: `${receiver.url}/hooks` });
    assert.equal(endpoint.status, 201, JSON.stringify(endpoint.body));
  });
  after(() => ends.forEach((end) => end()));

  const erase = (path) => stack.api("DELETE", `/v1/tenants/${path}`);
  const words = ({ tenant, people, customer }) => [tenant, customer.id, ...Object.values(people).flatMap(Object.values)];
  /** What reports say of everybody. */
  const report = async () => {
    const { steps, campaigns } = (await stack.api("GET", "/v1/reports/funnel")).body;
    return { steps, campaigns };
  };

  test("an export has everything that is stored, and of one user theirs alone", async () => {
    const told = await liveThrough(stack, shop, "exporting");
    const { ada, bob } = told.people;
    const records = await exported(stack, "exporting");
    const kinds = new Set(records.map(({ kind }) => kind));
    for (const kind of [
      "profile", "subscription", "detected", "meter", "counts", "contact", "enrolment", "letter_state", "upgrade", "upgrade_request",
      "user", "letter", "timeline", "history", "listed", "segment", "customer", "listed_letter", "touch", "activity", "first_met",
      "conversion", "upgrade_told", "webhook",
    ]) {
      assert.ok(kinds.has(kind), `${kind} is not among ${[...kinds].join()}`);
    }
    const text = JSON.stringify(records);
    for (const word of words(told)) assert.ok(text.includes(word), word);
    assert.equal(new Set(records.map((record) => JSON.stringify(record))).size, records.length, "no record twice");

    const theirs = await exported(stack, "exporting", `&user=${bob.user}`);
    const theirText = JSON.stringify(theirs);
    for (const word of Object.values(bob)) assert.ok(theirText.includes(word), word);
    for (const word of Object.values(ada)) assert.ok(!theirText.includes(word), word);
    assert.deepEqual(new Set(theirs.map(({ kind }) => kind)), new Set(["contact", "upgrade_request", "user", "timeline", "history", "touch", "activity", "webhook"]));
    assert.deepEqual(await exported(stack, "nobody-was-here"), []);
    assert.deepEqual(tracesIn(await rowsOf(stack, "nobody-was-here"), ["nobody-was-here"]), [], "and asking keeps nothing");
  });

  test("an export's parameters are checked", async () => {
    for (const [query, detail] of [["cursor=x", "cursor"], ["user=a%20b", "user"], ["limit=0", "limit"], ["limit=1001", "limit"]]) {
      const answer = await stack.api("GET", `/v1/tenants/exporting/export?${query}`);
      assert.deepEqual([answer.status, answer.body.code], [422, "invalid_request"], query);
      assert.ok(answer.body.detail.includes(detail), answer.body.detail);
    }
    const token = await stack.token({ tenant: "exporting" });
    for (const [method, path] of [["GET", "exporting/export"], ["DELETE", "exporting"], ["DELETE", "exporting/users/ada"]]) {
      const answer = await stack.api(method, `/v1/tenants/${path}`, undefined, { key: token });
      assert.deepEqual([answer.status, answer.body.code], [403, "forbidden_credential"], path);
    }
  });

  test("DELETE leaves nothing of a tenant anywhere, and everything of the others", async (t) => {
    const leaving = await liveThrough(stack, shop, "leaving");
    const staying = await liveThrough(stack, shop, "staying");
    const live = await openLive(t, stack.worker, leaving.admin);
    const closed = once(live.socket, "close");
    const [link] = (await mailing(stack).letter("leaving", (await mailing(stack).of("leaving")).letters[0].id)).html.match(/http:[^"]*\/u\/[\w-]+/);
    const before = await exported(stack, "staying");
    assert.notDeepEqual(tracesIn(await rowsOf(stack, "leaving"), words(leaving)), []);
    const all = await report();

    const answer = await erase("leaving");
    assert.deepEqual([answer.status, answer.body.state, answer.body.of], [200, "done", "tenant"], JSON.stringify(answer.body));
    const [{ code }] = await closed;
    assert.equal(code, 4401, "its page is asked for a fresh token");

    // What was still on its way, at Stripe say, has come in by then.
    await stack.stripe.client.subscriptions.update(leaving.subscription.id, { metadata: { note: "later" } });
    await stack.stripe.control("POST", "/_sandbox/settle");
    assert.equal((await stack.api("POST", "/v1/stripe/reconcile", {})).status, 200);
    const rows = await rowsOf(stack, "leaving");
    assert.deepEqual(tracesIn(rows, words(leaving)), []);
    assert.deepEqual(rows.filter((row) => row.startsWith("leaving/")), [], "its object has no row at all");
    assert.deepEqual(await exported(stack, "leaving"), []);
    const { tenants } = (await stack.api("GET", "/v1/tenants")).body;
    assert.ok(!tenants.some(({ tenant }) => tenant === "leaving") && tenants.some(({ tenant }) => tenant === "staying"));

    const now = await report();
    const tenantsOf = ({ steps }) => steps.map(({ tenants }) => tenants);
    assert.deepEqual(tenantsOf(now), tenantsOf(all).map((count) => count - 1), "what prompted it is in no report");
    const kept = (records) => records.filter(({ kind }) => !["customer", "webhook"].includes(kind));
    assert.deepEqual(kept(await exported(stack, "staying")), kept(before));
    assert.equal((await stack.snapshot(staying.admin)).tenant, "staying");

    const again = await erase("leaving");
    assert.deepEqual([again.status, again.body.state], [200, "done"], "nothing to do any more");
    const { erasures } = (await stack.api("GET", "/v1/erasures")).body;
    assert.ok(erasures.length >= 2 && erasures.every(({ state }) => state === "done"));
    assert.equal(again.body.subject_hash, answer.body.subject_hash, "who knows the name finds what became of it");
    assert.ok(!JSON.stringify(erasures).includes("leaving"));
    assert.equal((await fetch(link)).status, 200, "a link of a letter that is still in a mailbox");
    assert.deepEqual(tracesIn(await rowsOf(stack, "leaving"), words(leaving)), []);
  });

  test("a tenant that comes again begins anew", async () => {
    const { tenant, people, customer } = await liveThrough(stack, shop, "returning");
    assert.equal((await erase(tenant)).body.state, "done");
    const { use, post } = prompting(stack);
    await use(tenant, 7);
    assert.equal(await stack.meter(tenant, "api_calls"), 7);
    const known = await post({ tenant, user: people.ada.user, events: [{ type: "usage", meter: "api_calls", value: 1, id: `evt-${people.ada.user}` }] });
    assert.deepEqual(known, { accepted: 1, duplicates: 0, rejected: [] }, "not even the ids of its events are remembered");
    await eventually(async () => {
      const { tenants } = (await stack.api("GET", "/v1/tenants")).body;
      assert.ok(tenants.some((row) => row.tenant === tenant));
    });
    // Now that it is there again, Stripe's word about it counts again.
    assert.equal((await stack.api("POST", "/v1/stripe/reconcile", {})).status, 200);
    const { plan } = (await stack.api("GET", `/v1/subscription?tenant=${tenant}`)).body;
    assert.equal(plan.name, "Pro");
    const records = await exported(stack, tenant);
    assert.ok(records.some((record) => record.kind === "customer" && record.customer === customer.id));
    assert.ok(!JSON.stringify(records).includes(people.ada.email));
  });

  test("facts that are on their way bring nobody back", async () => {
    const { use } = prompting(stack);
    const tenants = Array.from({ length: 20 }, (_, n) => `hasty_${n}`);
    for (const tenant of tenants) {
      await use(tenant, 900); // its facts leave now
      assert.equal((await erase(tenant)).body.state, "done");
    }
    assert.deepEqual(tracesIn(await rowsOf(stack, ...tenants), ["hasty_"]), []);
  });

  test("DELETE leaves nothing of a user, and of the tenant everything else", async (t) => {
    const told = await liveThrough(stack, shop, "shrinking");
    const { ada, bob } = told.people;
    const mine = await openLive(t, stack.worker, told.admin);
    const other = await openLive(t, stack.worker, told.member);
    const closed = once(mine.socket, "close");
    const before = await report();
    const answer = await erase(`shrinking/users/${ada.user}`);
    assert.deepEqual([answer.status, answer.body.state, answer.body.of], [200, "done", "user"], JSON.stringify(answer.body));
    assert.equal((await closed)[0].code, 4401);
    assert.equal(other.socket.readyState, WebSocket.OPEN, "a teammate's page goes on");

    const rows = await rowsOf(stack, "shrinking");
    assert.deepEqual(tracesIn(rows, Object.values(ada)), []);
    for (const word of Object.values(bob)) assert.notDeepEqual(tracesIn(rows, [word]), [], word);
    assert.equal(await stack.meter("shrinking", "api_calls"), 950, "what was used was used");
    assert.deepEqual(await report(), before, "and reports are of tenants");
    const { entries } = (await stack.api("GET", "/v1/tenants/shrinking/timeline?limit=500")).body;
    const upgraded = entries.find(({ type }) => type === "SubscriptionUpgradeRequested");
    assert.deepEqual(upgraded.actor, { kind: "user", user: "erased user" });
    assert.deepEqual(await exported(stack, "shrinking", `&user=${ada.user}`), []);
    const replay = (await stack.api("GET", "/v1/tenants/shrinking/replay")).body;
    assert.equal(replay.matches, true, JSON.stringify(replay));

    // What the page does next is somebody new's.
    await prompting(stack).prompt("shrinking", "quota", ["render"], { user: ada.user, decision: "next" });
    const again = await exported(stack, "shrinking", `&user=${ada.user}`);
    assert.ok(again.some(({ kind }) => kind === "user"));
    assert.ok(!JSON.stringify(again).includes(ada.email));
  });

  test("who wanted no more mail gets none when they come back", async () => {
    const mails = mailing(stack);
    await mails.know("quiet", "eve");
    await mails.use("quiet", 900);
    const [{ id }] = await mails.until("quiet", 1);
    const [link] = (await mails.letter("quiet", id)).html.match(/http:[^"]*\/u\/[\w-]+/);
    await fetch(link, { method: "POST", body: new URLSearchParams({ stop: "all" }) });
    assert.equal((await erase("quiet")).body.state, "done");
    assert.deepEqual(tracesIn(await rowsOf(stack, "quiet"), ["eve@quiet.example"]), [], "the address is a hash");
    await mails.know("quiet", "eve");
    await mails.use("quiet", 900);
    const [letter] = await mails.until("quiet", 1, "failed");
    assert.equal(letter.reason, "suppressed");
  });

  for (const point of ["erase.before_tenant", "erase.after_tenant"]) {
    for (const kind of ["error", "panic", "kill"]) {
      test(`an erasure that meets a ${kind} at ${point} is finished by itself`, async () => {
        const tenant = `${point.replace(/\W/, "-")}-${kind}`.replaceAll("_", "-");
        const { use } = prompting(stack);
        await use(tenant, 900);
        await eventually(async () => assert.notDeepEqual(tracesIn(await rowsOf(stack), [tenant]), []));
        await stack.operator("POST", "/dev/fault", { at: point, kind: kind === "kill" ? "error" : kind });
        const answer = await erase(tenant);
        assert.deepEqual(kind === "panic" ? answer.status : [answer.status, answer.body.state], kind === "panic" ? 500 : [202, "pending"]);
        if (kind === "panic") await erase(tenant); // the alarm would, half a minute later
        if (kind === "kill") {
          await stack.worker.stop("SIGKILL");
          await stack.worker.start();
        }
        await eventually(async () => {
          const { erasures } = (await stack.api("GET", "/v1/erasures")).body;
          assert.ok(erasures.every(({ state }) => state === "done"), JSON.stringify(erasures));
        });
        assert.deepEqual(tracesIn(await rowsOf(stack, tenant), [tenant]), []);
      });
    }
  }
});
