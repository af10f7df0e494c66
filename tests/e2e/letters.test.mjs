// Letter templates: checked when they are published, and looked at before anybody gets one.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sharedStack } from "../support/shared-stack.mjs";
import { CONFIG, call } from "../support/stack.mjs";

const column = (inner) => `<mjml><mj-body><mj-section><mj-column>${inner}</mj-column></mj-section></mj-body></mjml>`;

const document = {
  ...CONFIG,
  features: { sso: { label: "Single sign-on" } },
  plans: {
    source: "inline",
    default: "free",
    list: [
      { id: "free", name: "Free", rank: 0, limits: { api_calls: 1_000 } },
      { id: "pro", name: "Pro & Co", rank: 1, limits: { api_calls: 100_000 } },
    ],
  },
  email: { links: { plans: "https://app.nimbus.example/plans" } },
  templates: {
    near: { builtin: "limit_approaching", meter: "api_calls" },
    own: {
      subject: "{{recipient.name|Hello}}: {{usage.api_calls.percent}} for {{best_plan.name}}",
      mjml: column('<mj-text><p>Hi {{recipient.name|there}}, {{tenant.id}} has {{best_plan.name}} in reach.</p></mj-text><mj-button href="{{links.plans}}">Compare</mj-button>'),
    },
  },
};

describe("letters", () => {
  const stack = sharedStack({ config: document });
  const preview = (body, headers = {}) => call(`${stack.worker.url}/v1/email/preview`, { method: "POST", key: stack.secretKey, body, headers });

  test("what is wrong with a template is told at its place, and nothing is published", async () => {
    const mjml = column("<mj-text>{{recipient.nam}} {{links.plan}}</mj-text><mj-buton>x</mj-buton>");
    const templates = { near: { builtin: "limit_reached", meter: "calls" }, own: { mjml }, html: { subject: "s", html: '<a href="javascript:x" onclick="y">x</a>' } };
    const answer = await stack.publish({ ...document, templates });
    assert.deepEqual([answer.status, answer.body.code], [422, "invalid_config"]);
    const told = answer.body.problems.map(({ pointer, code, offset }) => [pointer, code, offset]);
    assert.deepEqual(told, [
      ["/templates/near/meter", "unknown_meter", undefined],
      ["/templates/own/subject", "missing", undefined],
      ["/templates/own/mjml", "unknown_fact", mjml.indexOf("{{recipient")],
      ["/templates/own/mjml", "unknown_link", mjml.indexOf("{{links")],
      ["/templates/own/mjml", "bad_markup", mjml.indexOf("<mj-buton")],
      ["/templates/html/html", "bad_link", 9],
      ["/templates/html/html", "forbidden_markup", 23],
    ]);
    assert.equal((await stack.api("GET", "/v1/config")).body.templates.own.subject, document.templates.own.subject);
  });

  test("elements that are nested without end are told, and end nothing", async () => {
    const deep = (levels) => column(`<mj-text>${"<b>".repeat(levels)}deep${"</b>".repeat(levels)}</mj-text>`);
    const html = (levels) => `${"<div>".repeat(levels)}deep${"</div>".repeat(levels)}`;
    const validate = (template) => stack.api("POST", "/v1/config/validate", { ...document, templates: { deep: { subject: "Deep", ...template } } });
    for (const template of [{ mjml: deep(95) }, { html: html(8_000) }]) assert.deepEqual((await validate(template)).body.problems, []);
    for (const levels of [96, 10_000, 14_000]) {
      const { status, body } = await validate({ mjml: deep(levels) });
      assert.deepEqual([status, body.problems.map(({ pointer, code }) => [pointer, code])], [200, [["/templates/deep/mjml", "bad_markup"]]], `${levels}`);
      assert.match(body.problems[0].detail, /more than 100 deep/);
    }
  });

  test("a letter is filled in with sample facts, and says so", async () => {
    const { status, body } = await preview({ template: "near" });
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual([body.template, body.facts, body.missing], ["near", "sample", []]);
    assert.match(body.subject, /: 92% used$/);
    assert.match(body.html, /<a [^>]*href="https:\/\/app\.nimbus\.example\/plans"[^>]*>\s*Compare plans/);
    assert.match(body.text, /Hi Ada, .*Free includes\. Pro & Co covers/);
    assert.match(body.text, /Compare plans\nhttps:\/\/app\.nimbus\.example\/plans\n/);
  });

  test("a letter to a tenant has its facts, and names what is missing", async () => {
    const tenant = "acme";
    const usage = (value) => stack.api("POST", "/v1/events", { tenant, user: "ada", events: [{ type: "usage", meter: "api_calls", value }] });
    assert.equal((await preview({ template: "own", tenant })).body.missing.join(), "best_plan.name");
    assert.equal((await usage(1_100)).status, 202);
    const { body } = await preview({ template: "own", tenant, user: "ada", name: '<i>"Ada"</i>\r\nBcc: x@example.com' });
    assert.deepEqual([body.facts, body.missing], ["tenant", []]);
    assert.equal(body.subject, '<i>"Ada"</i>  Bcc: x@example.com: 110% for Pro & Co');
    assert.ok(body.html.includes("<p>Hi <bdi>&lt;i&gt;&quot;Ada&quot;&lt;/i&gt;  Bcc: x@example.com</bdi>, <bdi>acme</bdi> has <bdi>Pro &amp; Co</bdi>"), body.html);
  });

  test("a document can be looked at before it is published, also as a page that runs nothing", async () => {
    const config = { ...document, templates: { only: { subject: "Draft", html: "<h1>{{app.name}}</h1>" } } };
    const { body } = await preview({ config });
    assert.deepEqual([body.template, body.subject], ["only", "Draft"]);
    const page = await fetch(`${stack.worker.url}/v1/email/preview`, {
      method: "POST",
      headers: { authorization: `Bearer ${stack.secretKey}`, accept: "text/html,*/*;q=0.8" },
      body: JSON.stringify({ config, tenant: "acme" }),
    });
    assert.equal(page.headers.get("content-type"), "text/html; charset=utf-8");
    const policy = page.headers.get("content-security-policy");
    assert.ok(policy.startsWith("default-src 'none'") && !policy.includes("script"), policy);
    assert.match(await page.text(), /^<h1><bdi>.*<\/bdi><\/h1>/);
    const bad = await preview({ config: { ...config, templates: { only: { subject: "Draft", html: "<p>{{x}}</p>" } } } });
    assert.deepEqual([bad.status, bad.body.code, bad.body.problems[0].pointer], [422, "invalid_config", "/templates/only/html"]);
  });

  test("a browser opens a preview by its address: whole, harmless, and nobody else's", async () => {
    const config = { ...document, templates: { only: { subject: "Draft <b>", html: "<h1>{{app.name}} & {{tenant.id}}</h1>" } } };
    const { body } = await preview({ config, tenant: "acme" });
    const [, app, name] = /^http.*\/v1\/letters\/preview\/([a-z]+)\.([A-Za-z0-9_-]{20,})$/.exec(body.url);
    assert.ok(body.url.startsWith(stack.worker.url), body.url);
    const page = await fetch(body.url);
    const html = await page.text();
    assert.equal(page.status, 200, html);
    assert.match(html, /<h1>Draft &lt;b&gt;<\/h1>/);
    assert.match(html, /<b>acme<\/b>/);
    assert.deepEqual([page.headers.get("x-robots-tag"), page.headers.get("referrer-policy"), page.headers.get("cache-control")], ["noindex", "no-referrer", "no-store"]);
    assert.match(page.headers.get("content-security-policy"), /^default-src 'none'; style-src 'nonce-/);
    const letter = await fetch(`${body.url}?show=letter`);
    assert.equal(await letter.text(), body.html);
    assert.match(letter.headers.get("content-security-policy"), /^default-src 'none';.*; sandbox allow-popups allow-popups-to-escape-sandbox$/);
    // What was kept stays what it was.
    assert.notEqual((await preview({ config })).body.url, body.url);
    assert.equal(await (await fetch(`${body.url}?show=letter`)).text(), body.html);
    for (const address of [`${app}.${name.slice(0, -1)}`, `other.${name}`, name, `${app}.`, `.${name}`, `${app}.${name}x`]) {
      const { status, body: told } = await call(`${stack.worker.url}/v1/letters/preview/${address}`);
      assert.deepEqual([status, told.code], [404, "unknown_link"], address);
    }
  });

  test("who asks for what is not there is told", async () => {
    for (const [wish, code, detail] of [
      [{ template: "nearr" }, "not_found", /did you mean `near`/],
      [{}, "invalid_request", /say which in `template`/],
      [{ template: "near", user: "ada" }, "invalid_request", /name the `tenant`/],
      [{ template: "near", role: "owner" }, "invalid_request", /admin or member/],
      [{ template: "near", tenant: "a b" }, "invalid_request", /`tenant`/],
      [{ templat: "near" }, "invalid_request", /templat/],
      [{ template: "near", to: "me@example.com" }, "invalid_request", /POST \/v1\/email\/test/],
    ]) {
      const { body } = await preview(wish);
      assert.equal(body.code, code, JSON.stringify(wish));
      assert.match(body.detail, detail);
    }
    const { status } = await call(`${stack.worker.url}/v1/email/preview`, { method: "POST", body: { template: "near" } });
    assert.equal(status, 401);
  });
});

describe("the address of a preview", () => {
  const stack = sharedStack({ dev: true, config: document });

  test("works for an hour and not longer, and the newest fifty do", async (t) => {
    t.after(() => stack.operator("POST", "/dev/clock", { offset: 0 }));
    const pass = (minutes) => stack.operator("POST", "/dev/clock", { offset: minutes * 60_000 });
    const look = async (url) => (await fetch(url)).status;
    const preview = async () => (await stack.api("POST", "/v1/email/preview", { template: "near" })).body.url;
    const first = await preview();
    await pass(59);
    assert.equal(await look(first), 200);
    await pass(61);
    assert.equal(await look(first), 404);
    const second = await preview();
    await pass(62);
    const later = [];
    for (let n = 0; n < 50; n++) later.push(await preview());
    assert.deepEqual([await look(second), await look(later[0]), await look(later[49])], [404, 200, 200]);
  });
});
