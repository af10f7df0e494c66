// The upgrade over HTTP: quote, confirmation, what Stripe was told, what the timeline tells.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sharedStack } from "../support/shared-stack.mjs";
import { UPGRADE_CONFIG, addTenant, buyer, changesAtStripe, openShop } from "../support/upgrading.mjs";

describe("the upgrade", () => {
  const stack = sharedStack({ dev: true, config: UPGRADE_CONFIG });
  let shop;
  const open = async () => (shop ??= await openShop(stack));

  test("a quote shows what is charged, and what is charged is what it showed", async () => {
    await open();
    const tenant = await addTenant(stack, "acme", shop.prices.Pro, { quantity: 3 });
    const page = buyer(stack, tenant);
    const { quote, answer } = await page.buy({ plan: shop.products.Scale.id });
    console.log(JSON.stringify(quote, null, 1), JSON.stringify(answer.body, null, 1));
    console.log(JSON.stringify(await page.timeline(), null, 1), await changesAtStripe(stack, tenant.subscription));
    console.log(JSON.stringify((await page.plans()).body, null, 1));
    console.log(JSON.stringify((await stack.api("GET", "/v1/reports/upgrades")).body));
  });
});
