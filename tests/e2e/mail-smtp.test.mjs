// Mail by SMTP: a real server takes it over the Worker's own sockets, with and without TLS, and an independent library reads
// what came.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import { CERTIFICATE, startMailServer } from "../support/mail-server.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { freePort } from "../support/stack.mjs";

const USER = { user: "ada", password: "pässword" };
const SIGN_IN = { username: USER.user, password: USER.password };

const mail = {
  app: "demo",
  key: "letter-1",
  from: { address: "hello@nimbus.example", name: "Nimbus" },
  to: { address: "ada@acme.example", name: "Ada" },
  subject: "Hello",
  html: "<p>Hello</p>",
  text: "Hello",
};

/** What the settings are, and what sends a mail by them. */
function sender(stack) {
  const set = async (settings) => {
    const answer = await stack.operator("PATCH", "/v1/apps/demo", { email: { provider: "log" } });
    assert.equal(answer.status, 200);
    return stack.operator("PATCH", "/v1/apps/demo", { email: { provider: "smtp", ...settings } });
  };
  const send = async (change = {}) => {
    const answer = await stack.operator("POST", "/dev/mail", { ...mail, ...change });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  };
  const by = async (settings, change) => {
    const answer = await set(settings);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return send(change);
  };
  return { set, send, by };
}

describe("a mail server that is trusted", () => {
  const stack = sharedStack({ dev: true, trust: CERTIFICATE });

  test("takes mails over TLS, STARTTLS and, on this machine, without", async (t) => {
    const { by } = sender(stack);
    for (const [options, settings] of [
      [{ secure: true, ...USER }, { host: "localhost", security: "tls", ...SIGN_IN }],
      [{ ...USER, methods: ["LOGIN"] }, { host: "localhost", security: "starttls", ...SIGN_IN }],
      [{ plain: true, ...USER }, { host: "127.0.0.1", security: "none", ...SIGN_IN }],
      [{ plain: true }, { host: "127.0.0.1", security: "none" }],
    ]) {
      const server = await startMailServer(t, options);
      const told = await by({ ...settings, port: server.port });
      assert.deepEqual(told, { state: "sent", id: "queued as 7F3A" }, settings.security);
      const [{ envelope, encrypted, signedIn, parsed }] = server.received;
      assert.deepEqual([envelope.mailFrom.address, envelope.rcptTo.map((to) => to.address)], ["hello@nimbus.example", ["ada@acme.example"]]);
      assert.deepEqual([encrypted, signedIn], [settings.security !== "none", options.user]);
      assert.equal(parsed.messageId, "<letter-1@nimbus.example>");
    }
  });

  test("whatever a mail holds, an independent parser reads it as it was meant", async (t) => {
    const { by, send } = sender(stack);
    const server = await startMailServer(t, { plain: true });
    await by({ host: "127.0.0.1", port: server.port, security: "none" });
    const mails = [
      { name: "Ada Byron", subject: "Plain" },
      { name: "Grüße, Ada „Byron“", subject: "Sie haben 80 % verbraucht – jetzt größer planen 🚀" },
      { name: "عادة بايرون", subject: "لقد استخدمت ٨٠٪ من حصتك" },
      { name: "שלום", subject: "ניצלת 80%" },
      { name: 'Ada "Countess" \\ Byron', subject: "=?utf-8?Q?not_encoded?=" },
      { name: "Ada <eve@evil.example>", subject: "Bcc: eve@evil.example" },
      { name: "x".repeat(100), subject: "x".repeat(2_000) },
      { name: "ö".repeat(5_000), subject: "wörd ".repeat(500).trim(), expectedName: "ö".repeat(100) },
      { name: "Ada\r\nBcc: eve@evil.example", subject: "Hi\r\nBcc: eve@evil.example\r\n\r\nevil", expectedName: "Ada  Bcc: eve@evil.example", expectedSubject: "Hi  Bcc: eve@evil.example    evil" },
    ];
    for (const [index, { name, subject, expectedName = name, expectedSubject = subject }] of mails.entries()) {
      const html = `<p>${"Grüße 🚀 ".repeat(300)}</p>\n.\n..\n<p>=3D</p>`;
      const text = `.\n..\nFrom here\n${"long ".repeat(500)}\n--=_upcue--\n`;
      const told = await send({ key: `letter-${index}`, to: { address: "ada@bücher.example", name }, subject, html, text, reply_to: { address: "support@nimbus.example" }, unsubscribe: "https://nimbus.example/u/abc" });
      assert.equal(told.state, "sent", JSON.stringify(told));
      const { raw, envelope, parsed } = server.received.at(-1);
      // The server shows domains as people read them.
      assert.deepEqual(envelope.rcptTo.map((to) => to.address), ["ada@bücher.example"]);
      assert.ok(raw.includes("<ada@xn--bcher-kva.example>"));
      assert.equal(parsed.to.value.length, 1);
      assert.equal(parsed.to.value[0].name, expectedName);
      assert.match(parsed.to.value[0].address, /^ada@(xn--bcher-kva|bücher)\.example$/); // the parser shows domains in either form
      assert.equal(parsed.subject, expectedSubject);
      assert.equal(parsed.bcc, undefined);
      assert.equal(parsed.html.trimEnd(), html);
      assert.equal(parsed.text.trimEnd(), text.trimEnd());
      assert.equal(parsed.replyTo.text, "support@nimbus.example");
      assert.equal(parsed.headers.get("auto-submitted"), "auto-generated");
      assert.deepEqual(parsed.headers.get("list").unsubscribe, { url: "https://nimbus.example/u/abc" });
      const line = parsed.headerLines.find(({ key }) => key === "list-unsubscribe-post").line;
      assert.equal(line, "List-Unsubscribe-Post: List-Unsubscribe=One-Click");
      assert.ok(Math.abs(parsed.date - Date.now()) < 3_600_000);
      assert.ok(raw.toString("latin1").split("\r\n").every((line) => line.length <= 998 && /^[\x20-\x7e\t]*$/.test(line)));
    }
  });

  test("takes international addresses", async (t) => {
    const { by } = sender(stack);
    const server = await startMailServer(t, { plain: true });
    const told = await by({ host: "127.0.0.1", port: server.port, security: "none" }, { to: { address: "ädä@acme.example" } });
    assert.equal(told.state, "sent", JSON.stringify(told));
    assert.deepEqual(server.received[0].envelope.rcptTo.map((to) => to.address), ["ädä@acme.example"]);
  });

  test("what it refuses has its consequence", async (t) => {
    const { by, send, set } = sender(stack);
    let refusal;
    const server = await startMailServer(t, { plain: true, ...USER, refuse: (step) => (refusal?.step === step ? refusal : undefined) });
    const settings = { host: "127.0.0.1", port: server.port, security: "none" };
    await by({ ...settings, ...SIGN_IN });
    server.received.length = 0;
    for (const [step, code, message, expected] of [
      ["sender", 450, "later", { state: "later" }],
      ["sender", 550, "5.7.1 not you", { state: "later" }],
      ["sender", 530, "5.7.0 sign in first", { state: "later" }],
      ["recipient", 451, "4.7.1 greylisted", { state: "later" }],
      ["recipient", 550, "5.1.1 no such user", { state: "refused", address: true }],
      ["recipient", 550, "5.2.2 mailbox full", { state: "refused", address: false }],
      ["recipient", 550, "5.7.1 relay denied", { state: "later" }],
      ["recipient", 554, "5.7.1 relay denied", { state: "later" }],
      ["mail", 452, "4.3.1 full", { state: "later" }],
      ["mail", 554, "5.7.1 spam", { state: "refused", address: false }],
    ]) {
      refusal = { step, code, message };
      const told = await send();
      assert.deepEqual({ ...told, ...expected }, told, `${step} ${code}`);
      assert.match(told.detail, new RegExp(String(code)));
    }
    refusal = undefined;
    assert.equal(server.received.length, 0);
    await set({ ...settings, username: "ada", password: "wrong" });
    const stranger = await send();
    assert.deepEqual([stranger.state, /email\.username/.test(stranger.detail)], ["later", true]);
    // The server has the mail and dies before it says so.
    await set({ ...settings, ...SIGN_IN });
    refusal = { step: "mail", hangUp: true };
    assert.equal((await send()).state, "unknown");
    assert.equal(server.received.length, 1);
    const nobody = await by({ host: "127.0.0.1", port: await freePort(), security: "none" });
    assert.equal(nobody.state, "later");
    assert.ok(!stack.worker.log.some((line) => /pässword|acme\.example/.test(line)), "the log holds no secret and no address");
  });

  test("a server without STARTTLS is not spoken to in the clear", async (t) => {
    const { by } = sender(stack);
    const server = await startMailServer(t, { plain: true, ...USER });
    const told = await by({ host: "localhost", port: server.port, security: "starttls", ...SIGN_IN });
    assert.deepEqual([told.state, /STARTTLS/.test(told.detail), server.received.length], ["later", true, 0]);
  });

  test("what is no mail server is told as such", async (t) => {
    const { by } = sender(stack);
    const server = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    const told = await by({ host: "127.0.0.1", port: server.address().port, security: "none" });
    assert.deepEqual([told.state, /not SMTP/.test(told.detail)], ["later", true]);
  });
});

describe("a mail server that is not trusted", () => {
  const stack = sharedStack({ dev: true });

  test("gets neither mail nor password", async (t) => {
    const { by } = sender(stack);
    for (const [secure, security] of [[true, "tls"], [false, "starttls"]]) {
      const server = await startMailServer(t, { secure, ...USER });
      const told = await by({ host: "localhost", port: server.port, security, ...SIGN_IN });
      assert.deepEqual([told.state, server.received.length], ["later", 0], `${security}: ${told.detail}`);
    }
  });
});
