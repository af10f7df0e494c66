// A shop that writes mails: the configuration, the people, and what a test waits for.

import assert from "node:assert/strict";
import { CONFIG, call } from "./stack.mjs";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** After this a letter that has not come is taken for lost. */
const PATIENCE = 30_000;

/** A template in a line. */
const letter = (words) => ({
  subject: `${words} {{usage.api_calls.percent}}`,
  html: `<p>Hello {{recipient.name|there}}, ${words}. <a href="{{links.plans}}">Plans</a></p>`,
});

/** One sequence about the API quota, from the first moment on. */
export const SEQUENCE = {
  id: "quota_emails",
  enter: "signal.api_quota_80.active",
  exit: "converted || !signal.api_quota_80.active",
  campaign: null,
  to: "admins",
  steps: [
    { after: "0s", template: "quota" },
    { after: "2d", template: "pace" },
  ],
};

/** Plans without Stripe: everybody is on the first. */
export const INLINE = {
  source: "inline",
  default: "free",
  list: [
    { id: "free", name: "Free", rank: 0, limits: { api_calls: 1_000 } },
    { id: "pro", name: "Pro", rank: 1, limits: { api_calls: 100_000 } },
  ],
};

/** The configuration, with `sequences` and whatever else a test needs. */
export const mailConfig = ({ sequences = [SEQUENCE], email = {}, templates = {}, ...rest } = {}) => ({
  ...CONFIG,
  signals: [
    { id: "api_quota_80", when: "usage.api_calls.ratio >= 0.8", weight: 30, half_life: "7d" },
    { id: "seats_full", when: "usage.seats.ratio >= 1.0", weight: 20, half_life: "7d" },
  ],
  email: {
    from: { address: "hello@nimbus.example", name: "Nimbus" },
    postal_address: "Nimbus Inc., 1 Cloud Street, Berlin",
    links: { plans: "https://app.nimbus.example/plans?tab=all#top", app: "https://app.nimbus.example/" },
    rate: 100,
    ...email,
  },
  sequences,
  templates: { quota: letter("Your quota is nearly used"), pace: letter("At this pace it ends soon"), seats: letter("All seats are taken"), ...templates },
  ...rest,
});

/** The calls about mails of one stack. */
export function mailing(stack) {
  const get = async (route) => {
    const answer = await stack.api("GET", route);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  };
  const post = async (body) => {
    const answer = await stack.api("POST", "/v1/events", body);
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
    return answer.body;
  };
  return {
    /** Says who somebody is. */
    know: (tenant, user = "ada", said = {}) =>
      post({ tenant, user, events: [{ type: "identify", email: `${user}@${tenant}.example`, name: "Ada", role: "admin", ...said }] }),
    /** Uses so many of 1,000 calls. */
    use: (tenant, value) => post({ tenant, events: [{ type: "usage", meter: "api_calls", value }] }),
    post,
    /** The outbox of all tenants, newest first. */
    outbox: (query = "") => get(`/v1/email/outbox${query}`),
    /** Everything about a tenant's mails. */
    of: (tenant) => get(`/v1/tenants/${tenant}/letters`),
    /** A letter with its text. */
    letter: (tenant, id) => get(`/v1/tenants/${tenant}/letters/${id}`),
    /** The types in a tenant's timeline, oldest first. */
    told: async (tenant) => (await get(`/v1/tenants/${tenant}/timeline?limit=500`)).entries.toReversed(),
    /** Moves the Worker's clock; alarms go by the machine's, so whatever tenants are named hear of it by an event. */
    async pass(ms, ...tenants) {
      const moved = await stack.operator("POST", "/dev/clock", { offset: ms });
      assert.equal(moved.status, 200);
      for (const tenant of tenants) await post({ tenant, events: [{ type: "track", name: "tick" }] });
    },
    /** The tenant's letters in this state, once there are so many. */
    async until(tenant, count, state = "sent") {
      let letters;
      await eventually(async () => {
        ({ letters } = await this.of(tenant));
        return letters.filter((letter) => letter.state === state).length >= count;
      }, () => `${count} letters ${state} of ${tenant}: ${JSON.stringify(letters, undefined, 1)}`);
      return letters.filter((letter) => letter.state === state);
    },
  };
}

/** Polls until `holds`. */
export async function eventually(holds, told = () => "it never came true", deadline = Date.now() + PATIENCE) {
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, told());
    await new Promise(setImmediate); // so that what is waited for can happen
  }
}

/** The first address in a letter's text that begins like this at the Worker. */
export function linkIn({ html }, worker, path) {
  const found = html.match(new RegExp(`${worker.url}/${path}/[A-Za-z0-9_-]+`));
  assert.ok(found, `no /${path}/ link in ${html}`);
  return found[0];
}

/** Follows a link as a browser does, up to the first answer. */
export const follow = (url, method = "GET", headers = {}) => fetch(url, { method, redirect: "manual", headers });

/** A tenant on a plan of 1,000 calls, with one admin. */
export async function addShopper(stack, tenant, people = { ada: {} }) {
  const { client } = stack.stripe;
  const customer = await client.customers.create({ name: tenant, metadata: { upcue_tenant: tenant } });
  const subscription = await client.subscriptions.create({ customer: customer.id, items: [{ price: stack.prices.Starter.id }] });
  await stack.stripe.control("POST", "/_sandbox/settle");
  for (const [user, said] of Object.entries(people)) await mailing(stack).know(tenant, user, said);
  return { tenant, customer, subscription };
}

export { call };
