// What receives outbound webhooks in tests: a real server on loopback, which checks each request with the standard's own library.

import { once } from "node:events";
import { createServer } from "node:http";
import { mock } from "node:test";
import { Webhook } from "standardwebhooks";

/**
 * Starts a receiver that ends with the test. What comes in is in `received`, with `path`, `id`, `headers`, `body` (as text) and
 * `event`. `receiver.answer(request)` says what is answered: a status, or `{status, headers, hold}`; `hold`: never.
 */
export async function startReceiver(t, { status = 204 } = {}) {
  const receiver = { received: [], answer: () => status };
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request)).toString();
    const { headers, url: path, method } = request;
    const told = { method, path, id: headers["webhook-id"], headers, body, event: JSON.parse(body) };
    receiver.received.push(told);
    const answer = receiver.answer(told);
    const { status, headers: more = {}, hold, body: text } = typeof answer === "number" ? { status: answer } : answer;
    if (!hold) response.writeHead(status, more).end(text);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  receiver.url = `http://127.0.0.1:${server.address().port}`;
  /** What came to this path. */
  receiver.at = (path) => receiver.received.filter((told) => told.path === path);
  return receiver;
}

/** The event in a request, checked with `secret` by the standard's library as of the moment it was signed; throws if it is forged. */
export function verified({ body, headers }, secret) {
  // The Worker's clock is moved in these tests; the library's must stand where it stood.
  mock.timers.enable({ apis: ["Date"], now: Number(headers["webhook-timestamp"]) * 1_000 });
  try {
    return new Webhook(secret).verify(body, headers);
  } finally {
    mock.timers.reset();
  }
}
