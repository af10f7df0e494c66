// What stands behind the binding `send_email`: as in wrangler's own runtime, a service with the method `send`. Mails go on to a
// double over HTTP, and its answer comes back: a message's id, or an error with a code.

import { WorkerEntrypoint } from "cloudflare:workers";

export class Mailer extends WorkerEntrypoint {
  async send(message) {
    const answer = await fetch(this.env.URL, { method: "POST", body: JSON.stringify(message) });
    const told = await answer.json();
    if (answer.ok) return told;
    throw Object.assign(new Error(told.message), { code: told.code });
  }
}

export default { fetch: () => new Response(null, { status: 404 }) };
