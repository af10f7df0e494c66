// Segments over HTTP: who is in them follows what tenants do, lists hold still while tenants come and go, and a spreadsheet can
// be given the table.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually } from "../support/eventually.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { CONFIG, call } from "../support/stack.mjs";

const RULES = {
  ...CONFIG,
  campaigns: [],
  plans: { source: "inline", default: "free", list: [{ id: "free", rank: 0, limits: { seats: 100 } }, { id: "pro", rank: 1 }] },
  signals: [
    { id: "near", builtin: "limit_approaching", meter: "seats", weight: 50 },
    { id: "growing", when: "usage.seats.value >= 60", weight: 20 },
    { id: "reached", builtin: "limit_reached", meter: "seats", weight: 30 },
  ],
  segments: {
    ready: { label: "Ready to upgrade", enter: "score >= 20 && usage.seats.ratio >= 0.6", exit: "usage.seats.ratio < 0.3" },
    crowded: { enter: "usage.seats.ratio >= 0.8" },
  },
};

describe("segments", () => {
  const stack = sharedStack({ config: RULES });
  const use = async (tenant, seats) => {
    const answer = await stack.api("POST", "/v1/events", { tenant, events: [{ type: "usage", meter: "seats", set: seats }] });
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
  };
  const read = async (route) => {
    const { status, body } = await stack.api("GET", route);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  };
  const names = async (route) => {
    const body = await read(route);
    return (body.members ?? body.tenants).map(({ tenant }) => tenant);
  };
  /** Tenants tell their app by an alarm: asked again until it has heard. */
  const settles = (ask, expected) => eventually(async () => assert.deepEqual(await ask(), expected));
  /** All tenants of a list, page by page; `between` runs after each. */
  const paged = async (route, between = () => {}) => {
    const seen = [];
    for (let cursor = ""; cursor !== null; ) {
      const body = await read(`${route}${cursor && `&cursor=${cursor}`}`);
      seen.push((body.members ?? body.tenants).map(({ tenant }) => tenant));
      cursor = body.next_cursor;
      await between(seen.length);
    }
    return seen;
  };
  const download = (route, headers = {}) => call(`${stack.worker.url}${route}`, { key: stack.secretKey, headers });

  test("are all listed with their labels, before anybody is in one", async () => {
    assert.deepEqual(await read("/v1/segments"), {
      segments: [
        { segment: "ready", label: "Ready to upgrade", members: 0 },
        { segment: "crowded", label: "crowded", members: 0 },
      ],
    });
    assert.deepEqual(await read("/v1/segments/ready"), { segment: "ready", label: "Ready to upgrade", total: 0, members: [], next_cursor: null });
  });

  test("follow what tenants do: in, still in below the threshold, and out", async () => {
    const before = Date.now();
    for (const [tenant, seats] of [["ada", 65], ["bert", 85], ["cora", 100], ["dora", 10], ["=evil", 70]]) await use(tenant, seats);
    await settles(() => names("/v1/segments/ready"), ["cora", "bert", "=evil", "ada"]);
    const { total, members } = await read("/v1/segments/ready");
    assert.deepEqual([total, members.map(({ score }) => score)], [4, [100, 70, 20, 20]]);
    for (const { since, scored_at: at, seen_at: seen, plan, status } of members) {
      assert.ok([since, at, seen].every((moment) => moment >= before && moment <= Date.now()));
      assert.deepEqual([plan, status], [null, null]);
    }
    assert.deepEqual(await names("/v1/segments/ready?sort=tenant"), ["=evil", "ada", "bert", "cora"]);
    assert.deepEqual(await names("/v1/segments/crowded"), ["cora", "bert"]);

    await use("bert", 50);
    await settles(() => names("/v1/segments/crowded"), ["cora"]);
    assert.ok((await names("/v1/segments/ready")).includes("bert"), "its exit is further down");
    await use("bert", 20);
    await settles(() => names("/v1/segments/ready?sort=tenant"), ["=evil", "ada", "cora"]);
    assert.deepEqual((await read("/v1/segments")).segments.map(({ members }) => members), [3, 1]);
  });

  test("an unknown one is told with the one that was probably meant", async () => {
    const answer = await stack.api("GET", "/v1/segments/redy");
    assert.deepEqual([answer.status, answer.body.code], [404, "not_found"]);
    assert.match(answer.body.detail, /unknown segment `redy`; did you mean `ready`\?/);
    const filter = await stack.api("GET", "/v1/tenants?segment=redy");
    assert.deepEqual([filter.status, filter.body.code], [422, "invalid_request"]);
    assert.match(filter.body.detail, /did you mean `ready`\?/);
  });

  test("only the back end may ask, and what it asks for must make sense", async () => {
    const token = await stack.token();
    for (const route of ["/v1/segments", "/v1/segments/ready"]) {
      assert.equal((await call(stack.worker.url + route, { key: token })).body.code, "forbidden_credential");
    }
    const { next_cursor: cursor } = await read("/v1/segments/ready?limit=1");
    for (const [query, words] of [
      ["limit=501", /1 to 500/],
      ["limit=0", /1 to 500/],
      ["sort=plan", /tenant or score/],
      ["format=xml", /json or csv/],
      ["cursor=acme", /next_cursor/],
      [`sort=tenant&cursor=${cursor}`, /another order/],
    ]) {
      const answer = await stack.api("GET", `/v1/segments/ready?${query}`);
      assert.deepEqual([answer.status, answer.body.code], [422, "invalid_request"], query);
      assert.match(answer.body.detail, words);
    }
  });

  test("pages neither skip nor repeat a tenant while others come and go between them", async () => {
    assert.deepEqual(await paged("/v1/segments/ready?limit=2"), [["cora", "=evil"], ["ada"]]);
    const seen = await paged("/v1/segments/ready?limit=1", async (page) => {
      if (page !== 1) return;
      // The one just listed leaves, and another comes in before it: a page that counted rows would skip `=evil`.
      await use("cora", 5);
      await use("amy", 100);
      await settles(() => names("/v1/segments/ready"), ["amy", "=evil", "ada"]);
    });
    assert.deepEqual(seen, [["cora"], ["=evil"], ["ada"]]);
  });

  test("a table for spreadsheets has every member once, and none that is a formula", async () => {
    for (const [route, headers] of [["/v1/segments/ready?format=csv"], ["/v1/segments/ready?limit=1", { accept: "text/csv" }]]) {
      const answer = await download(route, headers);
      assert.equal(answer.status, 200);
      assert.match(answer.headers.get("content-type"), /^text\/csv; charset=utf-8/);
      assert.equal(answer.headers.get("content-disposition"), 'attachment; filename="ready.csv"');
      const [header, ...rows] = answer.body.trimEnd().split("\r\n");
      assert.equal(header, "tenant,since,score,scored_at,plan,status,seen_at");
      assert.deepEqual(rows.map((row) => row.split(",")[0]), ["amy", "'=evil", "ada"]);
      const { members } = await read("/v1/segments/ready");
      const moment = (at) => new Date(at).toISOString();
      const [amy] = members;
      assert.equal(rows[0], ["amy", moment(amy.since), "100", moment(amy.scored_at), "", "", moment(amy.seen_at)].join(","));
    }
    assert.match((await download("/v1/segments/ready?format=json", { accept: "text/csv" })).headers.get("content-type"), /json/);
  });

  test("the list of tenants tells score and segments, and is cut down and sorted by them", async () => {
    const { tenants } = await read("/v1/tenants");
    assert.deepEqual(
      tenants.map(({ tenant, segments }) => [tenant, segments]),
      [["=evil", ["ready"]], ["ada", ["ready"]], ["amy", ["crowded", "ready"]], ["bert", []], ["cora", []], ["dora", []]],
    );
    const { score, scored_at: at, plan, status } = tenants.find(({ tenant }) => tenant === "dora");
    assert.deepEqual([score, at, plan, status], [null, null, null, null], "nothing was ever detected there");
    assert.deepEqual(await names("/v1/tenants?segment=crowded"), ["amy"]);
    assert.deepEqual(await names("/v1/tenants?segment=ready&sort=score&limit=2"), ["amy", "=evil"]);
    assert.deepEqual(await names("/v1/tenants?plan=pro"), []);
    // What cora and bert have done still counts for a while.
    assert.deepEqual(await paged("/v1/tenants?sort=score&limit=4"), [["amy", "cora", "bert", "=evil"], ["ada", "dora"]]);
    assert.deepEqual((await paged("/v1/tenants?limit=5")).flat(), ["=evil", "ada", "amy", "bert", "cora", "dora"]);
  });

  test("plans and states are told by Stripe, and can be asked for", async () => {
    await stack.publish({ ...RULES, plans: { source: "stripe" } });
    const { client, control } = stack.stripe;
    const product = await client.products.create({ name: "Pro", metadata: { upcue_rank: "1", upcue_limit_seats: "100" } });
    const price = await client.prices.create({ product: product.id, currency: "usd", unit_amount: 100, recurring: { interval: "month" } });
    const customer = await client.customers.create({ name: "amy", metadata: { upcue_tenant: "amy" } });
    await client.subscriptions.create({ customer: customer.id, items: [{ price: price.id }], trial_period_days: 7 });
    await control("POST", "/_sandbox/settle");
    await settles(() => names(`/v1/tenants?plan=${product.id}`), ["amy"]);
    assert.deepEqual(await names("/v1/tenants?status=trialing"), ["amy"]);
    assert.deepEqual(await names("/v1/tenants?status=active"), []);
  });

  test("one that the configuration no longer has is gone at once, and begins anew when it comes back", async () => {
    await settles(() => names("/v1/segments/ready"), ["amy"]);
    const { crowded } = RULES.segments;
    assert.equal((await stack.publish({ ...RULES, segments: { crowded } })).status, 200);
    assert.deepEqual((await read("/v1/segments")).segments.map(({ segment }) => segment), ["crowded"]);
    assert.equal((await stack.api("GET", "/v1/segments/ready")).status, 404);
    await settles(async () => (await read("/v1/tenants")).tenants.flatMap((row) => row.segments), []);
    assert.equal((await stack.publish(RULES)).status, 200);
    // Who is between the thresholds has stayed, but would not come now.
    await settles(() => names("/v1/segments/ready"), ["=evil", "ada"]);
  });

  test("a tenant leaves one that is gone as soon as it is heard of", async () => {
    assert.equal((await stack.publish({ ...RULES, segments: {} })).status, 200);
    await use("ada", 66);
    const left = async () => {
      const { body } = await stack.api("GET", "/v1/tenants/ada/timeline");
      return body.entries.some(({ type, segment }) => type === "SegmentLeft" && segment === "ready");
    };
    await settles(left, true);
    // Published once more, it is entered by what holds then.
    await use("ada", 31);
    assert.equal((await stack.publish(RULES)).status, 200);
    await use("ada", 32);
    await settles(() => names("/v1/segments/ready"), ["=evil"]);
  });
});
