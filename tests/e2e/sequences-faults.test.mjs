// A letter, interrupted wherever it can be: a provider that knows keys sends it once, one that does not, twice at most; none is lost.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";
import { after, afterEach, before, describe, test } from "node:test";
import { startMailServer } from "../support/mail-server.mjs";
import { delivery, event, startResend } from "../support/resend-double.mjs";
import { call, seedStripe, startStack } from "../support/stack.mjs";
import { DAY, SEQUENCE, addShopper, eventually, mailConfig, mailing } from "../support/mailing.mjs";

const POINTS = ["before_recorded", "before_provider", "after_provider", "settled"];
const SECRET = `whsec_${Buffer.from("a secret of sixteen bytes").toString("base64")}`;
const CONFIG = mailConfig({ sequences: [{ ...SEQUENCE, steps: [{ after: "0s", template: "quota" }] }] });

/** Stands before the provider, and can hold a request back, or its answer. */
async function startGate(t, target) {
  const gate = { holds: undefined, held: 0 };
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request));
    const headers = { ...request.headers };
    delete headers.host;
    const ask = () => fetch(target + request.url, { method: request.method, headers, body: body.length ? body : undefined });
    const holds = gate.holds;
    gate.holds = undefined;
    if (holds === "before") return (gate.held += 1); // never asked, never answered
    const answer = await ask();
    if (holds === "after") return (gate.held += 1); // taken, and nobody hears of it
    response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  gate.url = `http://127.0.0.1:${server.address().port}`;
  return gate;
}

/** A mail server that stops talking some times, before its greeting or when it has all of a mail; then it passes on to one that does not. */
async function startSlowServer(t, { at, times, port }) {
  const slow = { held: 0 };
  let begun = 0;
  const server = createTcpServer((socket) => {
    socket.on("error", () => {});
    begun += 1;
    if (begun > times) return socket.pipe(connect(port, "127.0.0.1")).on("error", () => socket.destroy()).pipe(socket);
    if (at === "greeting") return (slow.held += 1);
    let heard = "";
    socket.write("220 mx\r\n");
    socket.on("data", (bytes) => {
      heard += bytes.toString("latin1");
      if (heard.includes("DATA\r\n")) {
        if (heard.endsWith("\r\n.\r\n")) slow.held += 1; // and nobody answers
        else if (heard.endsWith("DATA\r\n")) socket.write("354 go\r\n");
      } else socket.write(heard.startsWith("EHLO") && heard.indexOf("\r\n") === heard.length - 2 ? "250-mx\r\n250 SMTPUTF8\r\n" : "250 ok\r\n");
    });
    return undefined;
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  slow.port = server.address().port;
  return slow;
}

describe("a letter that is interrupted", () => {
  const ends = [];
  const t = { after: (end) => ends.unshift(end) };
  let stack, mails, resend, gate, smtp;
  before(async () => {
    resend = await startResend(t);
    gate = await startGate(t, resend.url);
    smtp = await startMailServer(t, { plain: true });
    stack = await startStack(t, { dev: true, config: CONFIG, resend: gate.url });
    Object.assign(stack, await seedStripe(stack.stripe, { tenant: "first" }));
    mails = mailing(stack);
  });
  after(async () => {
    for (const end of ends) await end();
  });
  const arm = (at, kind) => stack.operator("POST", "/dev/fault", at ? { at: `mail.${at}`, kind } : {});
  afterEach(() => arm());

  const PROVIDERS = {
    resend: { settings: () => ({ provider: "resend", api_key: resend.apiKey, webhook_secrets: [SECRET] }), sent: () => resend.sent().map(({ to }) => to[0]) },
    smtp: { settings: () => ({ provider: "smtp", host: "127.0.0.1", port: smtp.port, security: "none" }), sent: () => smtp.received.map(({ envelope }) => envelope.rcptTo[0].address) },
  };
  const use = async (name) => {
    const set = await stack.operator("PATCH", `/v1/apps/${stack.app}`, { email: PROVIDERS[name].settings() });
    assert.equal(set.status, 200, JSON.stringify(set.body));
  };
  /** How often the provider has a letter for the tenant's admin. */
  const copies = (name, tenant) => PROVIDERS[name].sent().filter((to) => to.includes(`ada@${tenant}.example`)).length;
  /** That the letter of a tenant was sent, and how often. */
  async function check(name, tenant, most) {
    // A panic answers 500 to whoever asks at that moment.
    const asked = () => stack.api("GET", `/v1/tenants/${tenant}/letters`);
    await eventually(async () => (await asked()).body.letters?.some(({ state }) => state === "sent"), () => `nothing was sent to ${tenant}`);
    const [letter] = await mails.until(tenant, 1);
    const found = copies(name, tenant);
    assert.ok(found >= 1 && found <= most, `${found} copies of ${tenant}: ${JSON.stringify(letter)}`);
    assert.equal((await mails.told(tenant)).filter(({ type }) => type === "LetterSent").length, 1);
  }

  for (const [name, most] of [["resend", 1], ["smtp", 2]]) {
    for (const at of POINTS) {
      for (const kind of ["panic", "error"]) {
        test(`${name}: ${kind} at mail.${at}`, { timeout: 120_000 }, async () => {
          const tenant = `${name}-${at.replace("_", "-")}-${kind}`;
          await use(name);
          await addShopper(stack, tenant);
          await arm(at, kind);
          await mails.use(tenant, 900).catch(() => {});
          await check(name, tenant, most);
          // Whether it is known what came of asking: a mail server was not given anything before the last of a letter.
          const [{ unsure, attempts }] = (await mails.of(tenant)).letters;
          const doubtful = name === "smtp" ? ["after_provider"] : ["before_provider", "after_provider"];
          assert.equal(unsure, doubtful.includes(at) ? 1 : 0);
          assert.equal(attempts, at.endsWith("_provider") ? 2 : 1, "the fault was not met");
        });
      }
    }
  }

  test("smtp: a panic right before the last of a letter is handed over leaves it in doubt, and it is sent", { timeout: 120_000 }, async () => {
    await use("smtp");
    await addShopper(stack, "handing");
    await arm("handing", "panic");
    await mails.use("handing", 900).catch(() => {});
    await check("smtp", "handing", 1);
    assert.equal((await mails.of("handing")).letters[0].unsure, 1);
  });

  // Where the object dies with the process, and not of a panic that the host hears of.
  for (const [at, times, unsure] of [["greeting", 1, 0], ["data", 1, 1]]) {
    test(`smtp: kill -9 while the server is at its ${at}`, { timeout: 120_000 }, async () => {
      const tenant = `kill-smtp-${at}`;
      const slow = await startSlowServer(t, { at, times, port: smtp.port });
      const set = await stack.operator("PATCH", `/v1/apps/${stack.app}`, { email: { ...PROVIDERS.smtp.settings(), port: slow.port } });
      assert.equal(set.status, 200, JSON.stringify(set.body));
      await addShopper(stack, tenant);
      await mails.use(tenant, 900);
      for (let i = 1; i <= times; i++) {
        await eventually(() => slow.held >= i, () => `the server was asked ${slow.held} times`);
        await stack.worker.stop("SIGKILL");
        await stack.worker.start();
      }
      await check("smtp", tenant, 1);
      const [letter] = (await mails.of(tenant)).letters;
      assert.deepEqual([letter.unsure, letter.attempts], [unsure, times + 1]);
    });
  }

  test("an alarm that fails sets itself again", { timeout: 120_000 }, async (t) => {
    t.after(() => stack.publish(CONFIG));
    const steps = [{ after: "0s", template: "quota" }, { after: "5s", template: "pace" }];
    assert.equal((await stack.publish(mailConfig({ sequences: [{ ...SEQUENCE, steps }] }))).status, 200);
    await use("resend");
    await addShopper(stack, "drowsy");
    await mails.use("drowsy", 900);
    await mails.until("drowsy", 1);
    await eventually(async () => (await mails.outbox("?tenant=drowsy&state=sent")).letters.length === 1);
    const armed = await stack.operator("POST", "/dev/fault", { at: "tenant.alarm", kind: "error" });
    assert.equal(armed.status, 200);
    await mails.until("drowsy", 2);
  });

  for (const when of ["before", "after"]) {
    test(`resend: kill -9 while the provider is asked, ${when} it has taken the letter`, { timeout: 120_000 }, async () => {
      const tenant = `kill-${when}`;
      await use("resend");
      await addShopper(stack, tenant);
      gate.holds = when;
      const { held } = gate;
      await mails.use(tenant, 900);
      await eventually(() => gate.held > held, () => "the provider was never asked");
      await stack.worker.stop("SIGKILL");
      await stack.worker.start();
      await check("resend", tenant, 1);
    });
  }

  test("a provider that is down is asked again, later and later, and has the letter once in the end", { timeout: 120_000 }, async (t) => {
    await use("resend");
    await addShopper(stack, "down");
    resend.fail(...Array.from({ length: 3 }, () => ({ status: 503, name: "service_unavailable" })));
    await mails.use("down", 900);
    await mails.until("down", 1, "waiting");
    t.after(() => mails.pass(0));
    const waits = [];
    for (let i = 0; i < 3; i++) {
      const [{ attempts, waits_until: until }] = await mails.until("down", 1, "waiting");
      waits.push(until);
      assert.equal(attempts, i + 1);
      const { body } = await stack.operator("POST", "/dev/clock", { offset: 0 });
      await mails.pass(until - body.now + 1_000, "down");
      await eventually(async () => (await mails.of("down")).letters[0].attempts > attempts);
    }
    const [letter] = await mails.until("down", 1);
    assert.equal(letter.attempts, 4);
    assert.ok(waits[2] - waits[1] > waits[1] - waits[0], "later and later");
    assert.equal(copies("resend", "down"), 1);
  });

  test("a signed bounce ends mail to the address, in every tenant of the app", { timeout: 120_000 }, async () => {
    await use("resend");
    await addShopper(stack, "bounced");
    await mails.use("bounced", 900);
    const [letter] = await mails.until("bounced", 1);
    const taken = resend.sent().find(({ key }) => key === letter.id);
    assert.ok(taken, "the letter's id is the idempotency key");
    assert.equal(taken.headers["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click");
    assert.match(taken.headers["List-Unsubscribe"], /^<http:\/\/127\.0\.0\.1:\d+\/u\/[\w-]+>$/);
    const { body, headers } = delivery(SECRET, event("email.bounced", taken, { bounce: { type: "Permanent", subType: "General", message: "no such user" } }));
    const url = `${stack.worker.url}/webhooks/email/${stack.app}/resend`;
    for (let i = 0; i < 2; i++) assert.equal((await call(url, { method: "POST", raw: body, headers })).status, 200);
    const { letters, contacts } = await mails.of("bounced");
    assert.equal(letters[0].report.what, "bounced");
    assert.ok(contacts[0].suppressed_since);
    assert.equal((await mails.told("bounced")).filter(({ type }) => type === "LetterReported").length, 1);
    await addShopper(stack, "elsewhere", { ada: { email: "ada@bounced.example" } });
    await mails.use("elsewhere", 900);
    await eventually(async () => (await mails.of("elsewhere")).letters.some(({ reason }) => reason === "suppressed"));
    assert.equal(copies("resend", "bounced"), 1);
  });
});
