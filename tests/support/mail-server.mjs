// A real mail server on loopback (npm `smtp-server`), and its mails as an independent library (`mailparser`) reads them.

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";

const file = (name) => fileURLToPath(new URL(`mail-server/${name}`, import.meta.url));
/** A file with the certificate of servers that speak TLS. */
export const CERTIFICATE = file("certificate.pem");

/**
 * Starts a server that ends with the test. `secure`: TLS from the first byte; otherwise it offers STARTTLS unless `plain`.
 * `user`, `password`: who may sign in. `refuse(step, address)`: an error to answer with, for `sender`, `recipient`, `mail`.
 */
export async function startMailServer(t, { secure = false, plain = false, user, password, methods, refuse = () => undefined } = {}) {
  const received = [];
  const answer = (done, error) => (error ? done(Object.assign(new Error(error.message), { responseCode: error.code })) : done());
  const server = new SMTPServer({
    secure,
    key: await readFile(file("key.pem")),
    cert: await readFile(CERTIFICATE),
    authOptional: !user,
    authMethods: methods ?? ["PLAIN", "LOGIN"],
    disabledCommands: plain ? ["STARTTLS"] : [],
    allowInsecureAuth: plain,
    logger: false,
    onAuth: (auth, _session, done) =>
      auth.username === user && auth.password === password
        ? done(null, { user })
        : done(Object.assign(new Error("wrong name or password"), { responseCode: 535 })),
    onMailFrom: ({ address }, _session, done) => answer(done, refuse("sender", address)),
    onRcptTo: ({ address }, _session, done) => answer(done, refuse("recipient", address)),
    async onData(stream, session, done) {
      const parts = await Array.fromAsync(stream).catch(() => undefined);
      if (!parts) return; // whoever was sending it is gone, and so is the connection
      const raw = Buffer.concat(parts);
      const error = refuse("mail");
      if (error?.hangUp) {
        received.push({ raw, session });
        return server.connections.forEach((connection) => connection._socket.destroy());
      }
      if (error) return answer(done, error);
      const { envelope, secure: encrypted, user: signedIn } = session;
      received.push({ raw, envelope, encrypted, signedIn, parsed: await simpleParser(raw) });
      done(null, "queued as 7F3A");
    },
  });
  server.on("error", () => {}); // a client that hangs up, or does not trust us
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  t.after(() => new Promise((resolve) => server.close(resolve)));
  return { received, port: server.server.address().port };
}
