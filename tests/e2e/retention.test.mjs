// How long things are kept that name people: as long as the operator says, and gone by themselves after that.
//
// Only the Worker's clock is moved; alarms go by the machine's, so the app is given a reason to look: a setting that is set again.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { eventually } from "../support/eventually.mjs";
import { startReceiver } from "../support/hook-receiver.mjs";
import { FULL_CONFIG, exported, liveThrough } from "../support/leaving.mjs";
import { DAY } from "../support/mailing.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { openShop } from "../support/upgrading.mjs";

describe("retention", () => {
  const stack = sharedStack({ dev: true, config: FULL_CONFIG });
  before(async () => {
    stack.shop = await openShop(stack);
  });
  const set = (retention) => stack.operator("PATCH", `/v1/apps/${stack.app}`, { retention });
  const move = async (ms) => assert.equal((await stack.operator("POST", "/dev/clock", { offset: ms })).status, 200);

  test("is as long as usual, may be shorter, and says what is wrong", async () => {
    const usual = { history: "2160h", facts: "9600h", letters: "2160h", deliveries: "720h" };
    assert.deepEqual((await set({})).body.retention, usual);
    assert.deepEqual((await set({ history: "30d", letters: "36h" })).body.retention, { ...usual, history: "720h", letters: "36h" });
    assert.deepEqual((await set({ history: null, letters: null })).body.retention, usual);
    for (const [retention, detail] of [
      [{ history: "91d" }, '`retention.history` must be a duration from "1d" to "90d"'],
      [{ facts: "401d" }, '"400d"'],
      [{ letters: "23h" }, "`retention.letters`"],
      [{ deliveries: 7 }, "`retention.deliveries`"],
      [{ letter: "7d" }, "did you mean `letters`?"],
    ]) {
      const answer = await set(retention);
      assert.deepEqual([answer.status, answer.body.code], [422, "invalid_request"], JSON.stringify(retention));
      assert.ok(answer.body.detail.includes(detail), answer.body.detail);
    }
    assert.deepEqual((await set({})).body.retention, usual, "and nothing of what is refused is taken");
  });

  test("what is older goes by itself, of tenants that are silent as well", async (t) => {
    const receiver = await startReceiver(t);
    assert.equal((await stack.api("POST", "/v1/webhooks", { url: `${receiver.url}/hooks` })).status, 201);
    t.after(() => move(0));
    await liveThrough(stack, stack.shop, "silent");
    const name = ({ kind, id, message, prompt, decision, seq, type, at }) => JSON.stringify([kind, id, message, prompt, decision, seq, type, kind === "history" && at]);
    const kindOf = (known) => JSON.parse(known)[0];
    const names = async () => (await exported(stack, "silent")).map(name);
    const first = await eventually(async () => {
      assert.ok(receiver.received.length > 3);
      return new Set(await names());
    });
    /** Of which kinds something is left that was there at first. */
    const kinds = async () => new Set((await names()).filter((known) => first.has(known)).map(kindOf));
    const aging = { history: ["history"], facts: ["touch", "activity", "timeline"], letters: ["letter", "listed_letter"], deliveries: ["webhook"] };
    for (const kind of Object.values(aging).flat()) assert.ok((await kinds()).has(kind), kind);

    let gone = [];
    await set({ history: "20d", facts: "30d", letters: "5d", deliveries: "10d" });
    for (const [days, what] of [[4, undefined], [6, "letters"], [11, "deliveries"], [21, "history"], [31, "facts"]]) {
      await move(days * DAY);
      // Told how long it is, and told again: the alarms look.
      await set({ facts: "29d" });
      await set({ facts: "30d" });
      gone = [...gone, ...(aging[what] ?? [])];
      await eventually(async () => {
        const left = await kinds();
        assert.deepEqual(gone.filter((kind) => left.has(kind)), [], `${days} days later`);
      });
      const left = await kinds();
      for (const kind of Object.values(aging).flat()) assert.equal(left.has(kind), !gone.includes(kind), `${kind} after ${days} days`);
    }
    const left = new Set((await names()).map(kindOf));
    for (const kind of ["user", "contact", "meter", "upgrade", "conversion", "first_met", "listed"]) assert.ok(left.has(kind), `${kind} stays`);
    const replay = (await stack.api("GET", "/v1/tenants/silent/replay")).body;
    assert.equal(replay.matches, true, JSON.stringify(replay));
  });
});
