// What a letter's links do: stop mails without a login, lead only where they may, and carry the reason into the app.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { sharedStack } from "../support/shared-stack.mjs";
import { call, seedStripe } from "../support/stack.mjs";
import { SEQUENCE, addShopper, eventually, follow, linkIn, mailConfig, mailing } from "../support/mailing.mjs";

describe("a letter's links", () => {
  const stack = sharedStack({ dev: true, config: mailConfig() });
  let mails;
  before(async () => {
    Object.assign(stack, await seedStripe(stack.stripe, { tenant: "first" }));
    mails = mailing(stack);
  });

  /** A tenant with a letter, and that letter. */
  async function written(tenant) {
    await addShopper(stack, tenant);
    await mails.use(tenant, 900);
    const [{ id }] = await mails.until(tenant, 1);
    return { tenant, ...(await mails.letter(tenant, id)) };
  }
  const form = (url, body) => fetch(url, { method: "POST", body: new URLSearchParams(body) });
  const consent = async (tenant) => (await mails.of(tenant)).contacts.find(({ recipient }) => recipient === "ada");

  test("GET shows and changes nothing; POST stops the sequence; undo resumes it", async () => {
    const letter = await written("reader");
    const url = linkIn(letter, stack.worker, "u");
    for (const method of ["GET", "HEAD", "GET"]) assert.equal((await follow(url, method)).status, 200);
    assert.deepEqual((await consent("reader")).refuses, [], "a scanner's GET");
    const page = await follow(url);
    assert.match(page.headers.get("content-security-policy"), /^default-src 'none'; style-src 'nonce-[^']+'; form-action 'self'; frame-ancestors 'none'/);
    assert.equal(page.headers.get("referrer-policy"), "no-referrer");
    assert.match(await page.text(), /<button name="stop" value="these">/);

    const stopped = await form(url, { stop: "these" });
    assert.equal(stopped.status, 200);
    assert.match(await stopped.text(), /Undo/);
    assert.deepEqual((await consent("reader")).refuses, ["quota_emails"]);
    const { enrolments } = await mails.of("reader");
    assert.deepEqual(enrolments.map(({ reason }) => reason), ["unsubscribed"]);
    await form(url, { resume: "1" });
    assert.deepEqual((await consent("reader")).refuses, []);
    await form(url, { stop: "all" });
    assert.ok((await consent("reader")).refuses_all_since);
    const told = (await mails.told("reader")).map(({ type }) => type).filter((type) => type.startsWith("Mail"));
    assert.deepEqual(told, ["MailStopped", "MailResumed", "MailStopped"]);
  });

  test("what somebody says of a mailbox holds for all who have it, in the tenant and from every letter", async () => {
    await addShopper(stack, "desk", { ada: { email: "desk@desk.example" }, bob: { email: "Desk@desk.example" } });
    await mails.post({ tenant: "desk", events: [{ type: "identify", owner: true, email: "desk@desk.example" }] });
    await mails.use("desk", 900);
    const [{ id }] = await mails.until("desk", 1);
    const contacts = async () => (await mails.of("desk")).contacts;
    assert.equal((await mails.of("desk")).letters.length, 1, "one mailbox, one letter");
    const url = linkIn(await mails.letter("desk", id), stack.worker, "u");
    await form(url, { stop: "all" });
    assert.deepEqual((await contacts()).map(({ refuses_all_since: since }) => since !== null), [true, true, true]);
    await form(url, { resume: "1" });
    assert.deepEqual((await contacts()).map(({ refuses_all_since: since }) => since !== null), [false, false, false]);
    // Whoever moves away is still the one who speaks, and so is whoever has the address now.
    await mails.know("desk", "ada", { email: "ada@desk.example" });
    await mails.know("desk", "bob", { email: "bob@desk.example" });
    await form(url, { stop: "these" });
    const stopped = (await contacts()).filter(({ refuses }) => refuses.length > 0).map(({ recipient }) => recipient);
    assert.equal(stopped.length, 2, stopped.join());
    assert.ok(stopped.includes("owner"));
  });

  test("an address that takes no mail is told so, and nothing that is wished there changes it", async () => {
    const letter = await written("returned");
    const url = linkIn(letter, stack.worker, "u");
    const email = "ada@returned.example";
    assert.equal((await stack.api("POST", "/v1/email/suppressions", { email })).status, 200);
    for (const ask of [() => follow(url), () => form(url, { resume: "1" }), () => form(url, { stop: "all" }), () => follow(url)]) {
      const text = await (await ask()).text();
      assert.match(text, /No emails are sent to your address/);
      assert.doesNotMatch(text, /Welcome back|name="resume"/);
    }
    assert.equal((await stack.api("GET", `/v1/email/suppressions?email=${email}`)).body.suppressions.length, 1);
    assert.ok((await consent("returned")).refuses_all_since, "stopping works all the same");
    assert.deepEqual((await stack.api("DELETE", "/v1/email/suppressions", { email })).body, { was_suppressed: true });
    assert.match(await (await follow(url)).text(), /You get no more of these emails/);
  });

  test("where clicks are not counted links carry the reason all the same, to hosts that are allowed", async (t) => {
    t.after(() => stack.publish(mailConfig()));
    const templates = { quota: { subject: "s", html: '<p><a href="{{links.plans}}">Plans</a> <a href="https://elsewhere.example/x">Else</a></p>' } };
    assert.equal((await stack.publish(mailConfig({ email: { track: { clicks: false } }, templates }))).status, 200);
    const letter = await written("uncounted");
    const [plans, elsewhere] = [...letter.html.matchAll(/href="([^"]+)">(?:Plans|Else)/g)].map(([, url]) => new URL(url.replaceAll("&amp;", "&")));
    assert.deepEqual([plans.origin + plans.pathname, plans.searchParams.get("tab"), plans.hash], ["https://app.nimbus.example/plans", "all", "#top"]);
    assert.equal(elsewhere.href, "https://elsewhere.example/x");
    const told = await call(`${stack.worker.url}/v1/plans?ref=${plans.searchParams.get("upcue")}`, { key: await stack.token({ tenant: "uncounted" }) });
    assert.deepEqual(told.body.letter, { id: letter.id, sequence: "quota_emails" });
  });

  test("the longest address that may be configured is a link that can be followed", async (t) => {
    t.after(() => stack.publish(mailConfig()));
    const plans = `https://app.nimbus.example/${"x".repeat(2_000 - 27)}`;
    assert.equal((await stack.publish(mailConfig({ email: { links: { plans } } }))).status, 200);
    const letter = await written("far");
    const { status, headers } = await follow(linkIn(letter, stack.worker, "e"));
    assert.equal(status, 302);
    assert.ok(headers.get("location").startsWith(`${plans}?upcue=`));
  });

  test("ten sequences with the longest names and ids leave, and can be stopped", async (t) => {
    t.after(() => stack.publish(mailConfig()));
    const sequences = Array.from({ length: 10 }, (_, i) => ({ ...SEQUENCE, id: `${"s".repeat(63)}${i}`, steps: [{ after: "0s", template: "quota" }] }));
    assert.equal((await stack.publish(mailConfig({ sequences }))).status, 200);
    const [tenant, user] = ["t".repeat(128), "u".repeat(128)];
    await addShopper(stack, tenant, { [user]: { email: "ada@long.example" } });
    await mails.use(tenant, 900);
    const letters = await mails.until(tenant, 4);
    assert.deepEqual(letters.map(({ parts }) => parts.length).toSorted(), [1, 3, 3, 3]);
    const url = linkIn(await mails.letter(tenant, letters[0].id), stack.worker, "u");
    assert.ok(url.length + 2 <= 900, `${url.length} in a header`);
    assert.equal((await form(url, { stop: "all" })).status, 200);
  });

  test("a mail program's one click stops the sequence, as RFC 8058 has it", async () => {
    const letter = await written("one-click");
    const answer = await fetch(linkIn(letter, stack.worker, "u"), {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: "List-Unsubscribe=One-Click",
    });
    assert.equal(answer.status, 200);
    assert.deepEqual((await consent("one-click")).refuses, ["quota_emails"]);
  });

  test("a token that is not ours has one answer, whatever is wrong with it", async () => {
    const letter = await written("guessed");
    const url = linkIn(letter, stack.worker, "u");
    const token = url.split("/").at(-1);
    const altered = `${token.slice(0, 10)}${token[10] === "A" ? "B" : "A"}${token.slice(11)}`;
    const other = linkIn(letter, stack.worker, "e").split("/").at(-1);
    const answers = [];
    for (const wrong of [altered, token.slice(0, -4), `${token}AAAA`, "x", "A".repeat(5_000), other]) {
      for (const method of ["GET", "POST"]) {
        const answer = await call(`${stack.worker.url}/u/${wrong}`, { method });
        answers.push([answer.status, answer.body]);
      }
    }
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    assert.deepEqual([answers[0][0], answers[0][1].code], [404, "unknown_link"]);
    const page = await follow(`${stack.worker.url}/u/${altered}`, "GET", { accept: "text/html" });
    assert.deepEqual([page.status, page.headers.get("content-type")], [404, "text/html; charset=utf-8"]);
  });

  test("a click leads to the signed target with its reason, counts once, and not by HEAD", async () => {
    const letter = await written("clicker");
    const url = linkIn(letter, stack.worker, "e");
    assert.equal((await follow(url, "HEAD")).status, 302);
    assert.deepEqual((await mails.letter("clicker", letter.id)).clicks, []);
    for (let i = 0; i < 3; i++) {
      const { status, headers } = await follow(url);
      assert.equal(status, 302);
      const target = new URL(headers.get("location"));
      assert.deepEqual([target.origin + target.pathname, target.searchParams.get("tab"), target.hash], ["https://app.nimbus.example/plans", "all", "#top"]);
      assert.ok(target.searchParams.get("upcue"));
    }
    const { clicks } = await mails.letter("clicker", letter.id);
    assert.deepEqual(clicks.map(({ target }) => target), ["https://app.nimbus.example/plans?tab=all#top"]);
    await eventually(async () => (await mails.outbox("?tenant=clicker")).letters[0]?.clicks === 1);
    assert.equal((await mails.told("clicker")).filter(({ type }) => type === "LetterClicked").length, 1);
  });

  test("a link leads nowhere any more once the configuration does not name its host", async (t) => {
    const letter = await written("moved");
    t.after(() => stack.publish(mailConfig()));
    const links = { plans: "https://other.nimbus.example/plans" };
    assert.equal((await stack.publish(mailConfig({ email: { links } }))).status, 200);
    await eventually(async () => (await follow(linkIn(letter, stack.worker, "e"))).status === 404);
    assert.deepEqual((await mails.letter("moved", letter.id)).clicks, []);
  });

  test("the comparison knows why a user came from a letter, and only their own tenant's", async () => {
    const letter = await written("arrived");
    const { headers } = await follow(linkIn(letter, stack.worker, "e"));
    const ref = new URL(headers.get("location")).searchParams.get("upcue");
    const plans = async (tenant, query) => (await call(`${stack.worker.url}/v1/plans${query}`, { key: await stack.token({ tenant }) })).body;
    const told = await plans("arrived", `?ref=${ref}`);
    assert.deepEqual(told.letter, { id: letter.id, sequence: "quota_emails" });
    assert.deepEqual([told.reason.kind, told.reason.meter], ["limit", "api_calls"]);
    assert.equal((await plans("first", `?ref=${ref}`)).letter, null, "of another tenant");
    assert.equal((await plans("arrived", "?ref=nonsense")).letter, null);
  });

  test("a page tells of the visit once; a reference that is not ours is refused by name", async () => {
    const letter = await written("visited");
    const { headers } = await follow(linkIn(letter, stack.worker, "e"), "HEAD");
    const ref = new URL(headers.get("location")).searchParams.get("upcue");
    const key = await stack.token({ tenant: "visited" });
    const report = (ref) => call(`${stack.worker.url}/v1/events`, { method: "POST", key, body: { events: [{ type: "click", ref }] } });
    assert.deepEqual((await report(ref)).body, { accepted: 1, duplicates: 0, rejected: [] });
    assert.deepEqual((await report(ref)).body, { accepted: 0, duplicates: 1, rejected: [] });
    const refused = await report("nonsense");
    assert.deepEqual([refused.status, refused.body.code], [422, "unknown_link"]);
    assert.ok((await mails.of("visited")).letters[0].clicked_at);
  });

  test("people are known by tokens and by the back end; what is no address is refused with the reason", async () => {
    const key = await stack.token({ tenant: "people", user: "eve", email: "eve@people.example", name: "Eve", tz: "Europe/Paris" });
    await call(`${stack.worker.url}/v1/snapshot`, { key });
    await mails.post({ tenant: "people", events: [{ type: "identify", owner: true, email: "boss@people.example" }] });
    const { contacts } = await mails.of("people");
    assert.deepEqual(
      contacts.map(({ recipient, email, name, tz, role, owner }) => ({ recipient, email, name, tz, role, owner })),
      [
        { recipient: "eve", email: "eve@people.example", name: "Eve", tz: "Europe/Paris", role: "admin", owner: false },
        { recipient: "owner", email: "boss@people.example", name: null, tz: null, role: "member", owner: true },
      ],
    );
    const bad = await stack.api("POST", "/v1/events", { tenant: "people", user: "x", events: [{ type: "identify", email: "x@y\r\nBcc: z@y" }] });
    assert.deepEqual([bad.status, bad.body.code], [422, "invalid_event"]);
    assert.match(bad.body.detail, /`email` has only letters.* it must be an address/);
    for (const email of ["x@people.example.", "x..y@people.example", "x@a_b.example"]) {
      const refused = await stack.api("POST", "/v1/events", { tenant: "people", user: "x", events: [{ type: "identify", email }] });
      assert.deepEqual([refused.status, refused.body.code], [422, "invalid_event"], email);
    }
  });

  test("an address that is suppressed gets nothing until it is let go, whichever tenant writes", async () => {
    const email = "ada@blocked.example";
    assert.equal((await stack.api("POST", "/v1/email/suppressions", { email: "ADA@blocked.example " })).status, 200);
    const listed = (await stack.api("GET", `/v1/email/suppressions?email=${email}`)).body.suppressions;
    assert.deepEqual(listed.map(({ reason }) => reason), ["manual"]);
    assert.ok(!JSON.stringify((await stack.api("GET", "/v1/email/suppressions")).body).includes("blocked.example"));
    await addShopper(stack, "blocked");
    await mails.use("blocked", 900);
    await eventually(async () => (await mails.of("blocked")).letters.some(({ reason }) => reason === "suppressed"));
    assert.ok((await consent("blocked")).suppressed_since);
    assert.deepEqual((await stack.api("DELETE", "/v1/email/suppressions", { email })).body, { was_suppressed: true });
    assert.deepEqual((await stack.api("GET", `/v1/email/suppressions?email=${email}`)).body.suppressions, []);
    assert.equal((await consent("blocked")).suppressed_since, null, "the tenant has heard of it");
  });

  test("an address with a domain of another script is one, whichever way it is written", async () => {
    assert.equal((await stack.api("POST", "/v1/email/suppressions", { email: "ada@xn--bcher-kva.example" })).status, 200);
    await addShopper(stack, "books", { ada: { email: "Ada@Bücher.example" } });
    await mails.use("books", 900);
    await eventually(async () => (await mails.of("books")).letters.some(({ reason }) => reason === "suppressed"));
    assert.ok((await consent("books")).suppressed_since);
    assert.deepEqual((await stack.api("DELETE", "/v1/email/suppressions", { email: "ADA@BÜCHER.example" })).body, { was_suppressed: true });
    assert.equal((await consent("books")).suppressed_since, null);
  });
});
