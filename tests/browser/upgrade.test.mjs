// The four scenarios of the upgrade, as an admin lives through them in Chromium: nothing is played here, neither the Worker
// nor Stripe's sandbox.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openPage, serveApp, startChromium } from "../support/browser.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { UPGRADE_CONFIG, addTenant, buyer, changesAtStripe, openShop } from "../support/upgrading.mjs";

describe("an admin upgrades", () => {
  const stack = sharedStack({ config: UPGRADE_CONFIG });
  const ends = [];
  const suite = { after: (end) => ends.unshift(end) };
  let browser;
  let shop;
  before(async () => {
    browser = await startChromium(suite);
    shop = await openShop(stack);
  });
  after(async () => {
    for (const end of ends) await end();
  });

  /** A tenant on Pro that has used 92 % of its calls, and its admin's page with the plans and the dialog. */
  const arrive = async (t, name, { card, role = "admin", user = "ada" } = {}) => {
    const tenant = await addTenant(stack, name, shop.prices.Pro, { card });
    await stack.api("POST", "/v1/events", { tenant: name, events: [{ type: "usage", meter: "api_calls", value: 46_000 }] });
    const app = await serveApp(t, { endpoint: stack.worker.url, token: () => stack.token({ tenant: name, user, role }) });
    const context = await browser.newContext();
    t.after(() => context.close());
    const enter = async () => {
      const page = await openPage(context, app);
      await addElements(page);
      return page;
    };
    return { ...tenant, enter, page: await enter(), calls: buyer(stack, tenant) };
  };

  const confirm = async (page) => {
    await page.getByRole("button", { name: "Switch to Scale" }).click();
    await page.getByRole("button", { name: /^Pay \$/ }).click();
  };
  const changes = async ({ subscription }) => (await changesAtStripe(stack, subscription)).length;

  test("successfully: the amount on the button is what Stripe charges, and the page follows at once", async (t) => {
    const tenant = await arrive(t, "shining");
    const { page } = tenant;
    await page.getByText("You’ve used 92% of your API calls").waitFor();
    await page.getByText("Fits your pace").waitFor();
    await page.getByRole("button", { name: "Compare plans" }).waitFor();
    await page.getByRole("button", { name: "Switch to Scale" }).click();
    const button = page.getByRole("button", { name: /^Pay \$/ });
    const amount = (await button.textContent()).match(/\$([\d.]+)/)[1];
    await page.getByText("Single sign-on", { exact: true }).last().waitFor();
    await button.click();
    await page.getByRole("heading", { name: "You’re on Scale" }).waitFor();
    await page.getByText(`$${amount} was charged.`).first().waitFor();
    await page.getByRole("button", { name: "Done" }).click();
    // The nudge goes, the feature comes, the comparison marks the new plan.
    await page.getByRole("button", { name: "Compare plans" }).waitFor({ state: "hidden" });
    await page.getByText("You’re on Scale, $99 per month.").waitFor();
    assert.equal(await page.evaluate(() => window.upcue.entitlement("sso").granted), true);
    const { latest_invoice: invoice } = await stack.stripe.client.subscriptions.retrieve(tenant.subscription.id, {
      expand: ["latest_invoice"],
    });
    assert.equal((invoice.amount_paid / 100).toFixed(2), amount);
    assert.equal(await changes(tenant), 1);
    assert.deepEqual(page.problems, []);
  });

  test("not with a card that is declined: the bank's reason is shown, and nothing has changed", async (t) => {
    const tenant = await arrive(t, "broke", { card: "pm_card_chargeDeclinedInsufficientFunds" });
    const { page } = tenant;
    await confirm(page);
    await page.getByRole("alert").getByText("Your card has insufficient funds.").waitFor();
    assert.equal(await changes(tenant), 0);
    assert.equal(await tenant.calls.plan(), "Pro");
    assert.ok(await page.getByRole("button", { name: /^Pay \$/ }).isEnabled(), "it can be tried again");
  });

  test("elsewhere, at Stripe: every open page hears of it by webhook", async (t) => {
    const tenant = await arrive(t, "elsewhere");
    const { page, subscription } = tenant;
    await page.getByText("You’re on Pro").waitFor();
    await stack.stripe.client.subscriptions.update(subscription.id, {
      items: [{ id: subscription.items.data[0].id, price: shop.prices.Scale.id, quantity: 1 }],
    });
    await page.getByText("You’re on Scale").waitFor();
    await page.getByRole("button", { name: "Compare plans" }).waitFor({ state: "hidden" });
  });

  test("once, in two tabs and with a double click", async (t) => {
    const tenant = await arrive(t, "eager");
    const pages = [tenant.page, await tenant.enter()];
    const buttons = [];
    for (const page of pages) {
      await page.getByRole("button", { name: "Switch to Scale" }).click();
      const button = page.getByRole("button", { name: /^Pay \$/ });
      await button.waitFor();
      buttons.push(button);
    }
    await Promise.all(buttons.map((button) => button.dblclick({ noWaitAfter: true })));
    for (const page of pages) await page.getByRole("heading", { name: /You’re on (Scale|this plan already)/ }).waitFor();
    assert.equal(await changes(tenant), 1);
    assert.deepEqual(await tenant.calls.told(), ["Requested", "d"]);
  });

  test("by way of Stripe's page, when the bank asks", async (t) => {
    const tenant = await arrive(t, "careful", { card: "pm_card_authenticationRequired" });
    const { page } = tenant;
    await confirm(page);
    await page.getByRole("dialog", { name: "Your bank wants you to confirm" }).waitFor();
    await page.waitForURL((url) => url.origin === stack.stripe.url);
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.locator("html[data-loaded]").waitFor({ state: "attached" });
    await addElements(page);
    await page.getByRole("heading", { name: "You’re on Scale" }).waitFor();
    assert.equal(new URL(page.url()).search, "");
    assert.equal(await changes(tenant), 1);
  });

  test("members ask, and their admin sees who did", async (t) => {
    const member = await arrive(t, "asking", { user: "milo", role: "member" });
    await member.page.getByRole("button", { name: "Ask your admin: Scale" }).click();
    await member.page.getByText("Asked", { exact: true }).waitFor();
    const app = await serveApp(t, { endpoint: stack.worker.url, token: () => stack.token({ tenant: "asking" }) });
    const context = await browser.newContext();
    t.after(() => context.close());
    const admin = await openPage(context, app);
    await addElements(admin);
    await admin.getByText("A teammate asked for Scale").waitFor();
  });
});

const addElements = (page) =>
  page.evaluate(() => {
    const plans = document.createElement("upcue-plans");
    plans.setAttribute("heading-level", "2");
    document.querySelector("main").append(plans, document.createElement("upcue-upgrade"));
  });
