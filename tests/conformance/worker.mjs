// A Worker with the development clock as a side of the conformance run: an app for each case, one tenant, times as the
// case has them.

import assert from "node:assert/strict";
import { SignJWT } from "jose";
import { call, createApp } from "../support/stack.mjs";

const TENANT = "acme";
const USER = "ada";
const SOMEBODY_ELSE = "bob";

/** How a case is opened at the Worker of `stack`, which was started with `dev`. */
export function workerSide(stack) {
  let cases = 0;
  return async ({ role, tz, config, now }) => {
    const app = await createApp({ ...stack, id: `case-${++cases}`, origins: [] });
    const side = new WorkerSide(stack, app, role, tz);
    await side.publish(config, now);
    return side;
  };
}

class WorkerSide {
  #clock;
  #page;

  constructor(stack, app, role, tz) {
    Object.assign(this, { stack, app, role, tz });
  }

  happen = (event, now) => this.#send(USER, event, now);

  elsewhere = (event, now) => this.#send(SOMEBODY_ELSE, event, now);

  async publish(config, now) {
    await this.#be(now);
    this.#page = undefined;
    const { status, body } = await this.app.publish(config);
    assert.equal(status, 200, JSON.stringify(body));
  }

  async decide(placement, now) {
    const query = new URLSearchParams({ user: USER, role: this.role, placement, ...(this.tz && { tz: this.tz }) });
    const { decisions } = await this.#get(`/v1/tenants/${TENANT}/decisions?${query}`, now);
    assert.equal(decisions.length, 1);
    const [{ campaign, reason, title, trace }] = decisions;
    const told = { campaign, reason, title, trace: trace.map((row) => [row.campaign, row.reason]) };
    if (campaign === null) return told;
    told.variant = trace.find((row) => row.campaign === campaign).variant;
    const { campaigns } = await this.#snapshot(now);
    const { kind, body, cta, ...same } = campaigns.find(({ id }) => id === campaign);
    assert.equal(same.title, title, "snapshot and decision word it differently");
    return { ...told, kind, body, cta };
  }

  /** A meter as GET /v1/subscription has it; a feature as the snapshot has it, and the subscription must agree. */
  async entitlement(key, now) {
    const subscription = await this.#get(`/v1/subscription?tenant=${TENANT}`, now);
    const meter = subscription.meters.find((row) => row.meter === key);
    if (meter) {
      const { granted, reason, limit, value: used, remaining } = meter;
      return { granted, reason, limit, used, remaining };
    }
    const feature = (await this.#snapshot(now)).features.find((row) => row.feature === key);
    const { granted, reason } = feature ?? { granted: true, reason: "unknown" };
    assert.equal(subscription.features[key] ?? true, granted, "subscription and snapshot differ");
    return { granted, reason, limit: null, used: 0, remaining: null };
  }

  /** What the user's page gets: the binary snapshot. */
  async frame(now) {
    const answer = await fetch(`${this.stack.worker.url}/v1/snapshot`, {
      headers: { authorization: `Bearer ${await this.#token(now)}`, accept: "application/vnd.upcue.snapshot" },
    });
    assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, "application/vnd.upcue.snapshot"]);
    return Buffer.from(await answer.arrayBuffer());
  }

  async #send(user, event, now) {
    await this.#be(now);
    this.#page = undefined;
    const { status, body } = await this.app.api("POST", "/v1/events", { tenant: TENANT, user, events: [event] });
    assert.deepEqual({ status, ...body }, { status: 202, accepted: 1, duplicates: 0, rejected: [] });
  }

  async #get(route, now) {
    await this.#be(now);
    const { status, body } = await this.app.api("GET", route);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  }

  /** The snapshot as JSON, asked for once between two events. */
  async #snapshot(now) {
    const key = await this.#token(now);
    this.#page ??= await call(`${this.stack.worker.url}/v1/snapshot`, { key });
    assert.equal(this.#page.status, 200, JSON.stringify(this.#page.body));
    return this.#page.body;
  }

  async #token(now) {
    await this.#be(now);
    const { app, signingKey } = this.app;
    return new SignJWT({ tenant: TENANT, role: this.role, tz: this.tz })
      .setProtectedHeader({ alg: "HS256", kid: signingKey.kid })
      .setIssuer(app)
      .setAudience("upcue")
      .setSubject(USER)
      .setIssuedAt(new Date(now))
      .setExpirationTime(new Date(now + 3_600_000))
      .sign(new TextEncoder().encode(signingKey.secret));
  }

  /** Makes it `now`, or a moment later, at the Worker. Its clock goes on from there, so it is set once for each moment. */
  async #be(now) {
    if (this.#clock === now) return;
    this.#clock = now;
    this.#page = undefined;
    const { status, body } = await this.stack.operator("POST", "/dev/clock", { offset: now - Date.now() });
    assert.equal(status, 200, JSON.stringify(body));
    assert.ok(body.now >= now, `the Worker's clock shows ${body.now} instead of ${now}`);
  }
}
