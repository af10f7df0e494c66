// What a Worker writes to its log while people use it, misuse it and it fails: nobody's address, name, token or key.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually } from "../support/eventually.mjs";
import { FULL_CONFIG, exported, liveThrough } from "../support/leaving.mjs";
import { mailing } from "../support/mailing.mjs";
import { STRIPE_KEY, call, openLive, startStack } from "../support/stack.mjs";
import { openShop } from "../support/upgrading.mjs";

for (const dev of [false, true]) {
  describe(`the log of the ${dev ? "dev" : "release"} build`, () => {
    test("tells of every request and names nobody", async (t) => {
      const stack = await startStack(t, { dev, config: FULL_CONFIG });
      const shop = await openShop(stack);
      const told = await liveThrough(stack, shop, "overheard");
      const { ada, bob } = told.people;
      const { url, log } = stack.worker;
      await openLive(t, stack.worker, told.admin);

      const mails = mailing(stack);
      const [{ id }] = (await mails.of("overheard")).letters;
      const links = (await mails.letter("overheard", id)).html.match(/http:[^"]*\/[ue]\/[\w-]+/g);
      for (const link of links) await fetch(link, { redirect: "manual" });
      await fetch(links.find((link) => link.includes("/u/")), { method: "POST", body: new URLSearchParams({ stop: "all" }) });
      await exported(stack, "overheard");

      // What goes wrong is told as well, and says no more.
      const forged = `${told.admin.slice(0, -6)}AAAAAA`;
      const wrong = [
        ["GET", `/v1/tenants/${ada.email}/nothing`, undefined, stack.secretKey],
        ["GET", `/v1/snapshot?token=${told.admin}`, undefined, forged],
        ["GET", `/${ada.email}?key=${stack.secretKey}`, undefined, told.member],
        ["POST", "/v1/events", { tenant: "overheard", user: ada.email, events: [{ type: "nothing", email: ada.email, name: ada.name }] }, stack.secretKey],
        ["POST", "/v1/events", { tenant: "overheard", events: [{ type: "identify", email: `${ada.email}@`, owner: true }] }, stack.secretKey],
        ["POST", "/v1/upgrades", { quote: `${bob.email}` }, told.admin],
        ["POST", "/v1/email/suppressions", { email: `not ${ada.email}` }, stack.secretKey],
        ["POST", "/v1/apps", { id: ada.email }, stack.operatorKey],
        ["POST", `/webhooks/stripe/${stack.app}`, { email: ada.email }, stack.webhookSecret],
        ["PUT", "/v1/config", { [ada.email]: ada.name }, stack.secretKey],
      ];
      const statuses = [];
      for (const [method, path, body, key] of wrong) statuses.push((await call(url + path, { method, body, key, headers: { "if-match": "*" } })).status);
      assert.ok(statuses.every((status) => status >= 400 && status < 500), statuses.join());
      if (dev) {
        // A failure of ours: the panic's place is told, not what it was about.
        const failed = await stack.operator("POST", "/dev/panic-later", { email: ada.email });
        assert.equal(failed.status, 500);
      }
      assert.equal((await stack.api("DELETE", `/v1/tenants/overheard/users/${ada.user}`)).status, 200);
      assert.equal((await stack.api("DELETE", "/v1/tenants/overheard")).status, 200);

      const lines = await eventually(() => {
        const deletions = log.filter((line) => line.includes('"DELETE"'));
        assert.equal(deletions.length, 2, "the last lines have come");
        return log.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
      });
      assert.ok(lines.length > 60 && lines.some(({ status }) => status === 202), `${lines.length} lines`);
      assert.ok(lines.some(({ tenant }) => /^[0-9a-f]{16}$/.test(tenant)), "a tenant is a hash");
      const secrets = [
        ...Object.values(ada), ...Object.values(bob), "overheard", told.customer.id, told.admin, told.member, forged, stack.secretKey,
        stack.operatorKey, stack.webhookSecret, stack.signingKey.secret, STRIPE_KEY, ...links.map((link) => link.split("/").at(-1)),
      ];
      const whole = log.join("\n");
      for (const secret of secrets) {
        // Of a token the last part is its signature, whatever is said of the rest.
        for (const part of [secret, secret.split(".").at(-1)]) {
          const at = part.length > 8 ? whole.indexOf(part) : -1;
          assert.equal(at, -1, `${part} in ${whole.slice(Math.max(0, at - 200), at + 200)}`);
        }
      }
    });
  });
}
