// A double of Resend's API on loopback: what Upcue asks of it, and what Resend's own client needs to check that it answers
// as Resend does (tests/e2e/mail-resend.test.mjs drives it with that client).
//
// Faithful as documented in November 2026: `POST /emails` and `GET /emails/{id}`, their shapes; idempotency keys (the same
// answer for the same body, 409 for another one, 409 while the first is under way); errors as `{statusCode, name, message}`;
// 429 with `retry-after` and `ratelimit-*`; webhooks signed by Standard Webhooks under Svix's header names.
//
// Its limits: nothing is delivered, and a mail's `last_event` is what a test says; every domain counts as verified unless
// `unverified` names it; addresses are checked for their shape alone; keys are remembered for as long as it runs, not for a
// day; no batches, no scheduled mails, no attachments, no templates; webhooks go out when a test asks for them, once.

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const ADDRESS = /^[^\s<>@,]+@[^\s<>@,]+\.[^\s<>@,]+$/;
const TAG = /^[A-Za-z0-9_-]{1,256}$/;

/** Starts a double that ends with the test. */
export async function startResend(t, { apiKey = "re_test_key" } = {}) {
  const resend = { apiKey, emails: new Map(), requests: [], faults: [], unverified: new Set(), keys: new Map() };
  const server = createServer((request, response) => answer(resend, request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  resend.url = `http://127.0.0.1:${server.address().port}`;
  /** What is answered next instead: `{status, name, message, headers}`, `{hangUp: true}`, or `{afterwards: true}` besides:
   * only after the mail was taken. */
  resend.fail = (...faults) => resend.faults.push(...faults);
  resend.sent = () => [...resend.emails.values()];
  return resend;
}

/** A webhook delivery as Resend makes it. */
export function delivery(secret, event, { id = `msg_${randomUUID()}`, at = new Date() } = {}) {
  const body = JSON.stringify(event);
  const headers = {
    "content-type": "application/json",
    "svix-id": id,
    "svix-timestamp": String(Math.floor(at.getTime() / 1000)),
    "svix-signature": new Webhook(secret).sign(id, at, body),
  };
  return { body, headers };
}

/** The event that tells of what became of a mail. */
export function event(type, email, more = {}) {
  return {
    type,
    created_at: "2026-11-22T23:41:12.126Z",
    data: {
      created_at: email.created_at,
      email_id: email.id,
      message_id: `<${email.id}@resend.example>`,
      from: email.from,
      to: email.to,
      subject: email.subject,
      tags: Object.fromEntries((email.tags ?? []).map(({ name, value }) => [name, value])),
      ...more,
    },
  };
}

async function answer(resend, request, response) {
  const body = Buffer.concat(await Array.fromAsync(request)).toString();
  resend.requests.push({ method: request.method, path: request.url, headers: request.headers, body });
  const fault = resend.faults.shift();
  if (fault && !fault.afterwards) return fail(response, fault);
  const outcome = route(resend, request, body);
  if (fault) return fail(response, fault);
  send(response, outcome.status, outcome.body, outcome.headers);
}

function fail(response, { hangUp, status, name, message = name, headers }) {
  if (hangUp) return response.destroy();
  send(response, status, { statusCode: status, name, message }, headers);
}

function send(response, status, body, headers = {}) {
  const limits = { "ratelimit-limit": "2", "ratelimit-remaining": "1", "ratelimit-reset": "1" };
  response.writeHead(status, { "content-type": "application/json", ...limits, ...headers }).end(JSON.stringify(body));
}

const problem = (status, name, message) => ({ status, body: { statusCode: status, name, message } });

function route(resend, { method, url, headers }, body) {
  const credential = headers.authorization;
  if (!credential) return problem(401, "missing_api_key", "Missing API Key");
  if (credential !== `Bearer ${resend.apiKey}`) return problem(401, "validation_error", "API key is invalid");
  const { pathname } = new URL(url, resend.url);
  if (pathname === "/emails" && method === "POST") return create(resend, headers["idempotency-key"], body);
  const [, id] = /^\/emails\/([^/]+)$/.exec(pathname) ?? [];
  if (id && method === "GET") {
    const email = resend.emails.get(id);
    return email ? { status: 200, body: shown(email) } : problem(404, "not_found", "Email not found");
  }
  return pathname === "/emails" || id
    ? problem(405, "method_not_allowed", "This endpoint does not support the specified HTTP method.")
    : problem(404, "not_found", "The requested endpoint does not exist.");
}

function create(resend, key, body) {
  if (key !== undefined && (key.length < 1 || key.length > 256)) {
    return problem(400, "invalid_idempotency_key", "Idempotency keys, if present, must have between 1 and 256 characters.");
  }
  const known = key === undefined ? undefined : resend.keys.get(key);
  if (known && known.body !== body) {
    const message = "This idempotency key has been used on a request with a different payload.";
    return problem(409, "invalid_idempotent_request", message);
  }
  if (known) return known.outcome;
  let email;
  try {
    email = JSON.parse(body);
  } catch {
    return problem(400, "validation_error", "The request body is not valid JSON.");
  }
  const fault = wrong(resend, email);
  if (fault) return fault;
  const id = randomUUID();
  const to = [email.to].flat();
  resend.emails.set(id, { ...email, to, id, key, created_at: new Date().toISOString(), last_event: "sent" });
  const outcome = { status: 200, body: { id } };
  if (key !== undefined) resend.keys.set(key, { body, outcome }); // only what was taken is remembered
  return outcome;
}

function wrong(resend, email) {
  for (const field of ["from", "to", "subject"]) {
    if (email[field] === undefined) return problem(422, "missing_required_field", `Missing \`${field}\` field.`);
  }
  if (email.html === undefined && email.text === undefined) {
    return problem(422, "missing_required_field", "Missing `html` or `text` field.");
  }
  for (const field of ["from", "to", "reply_to"]) {
    for (const party of [email[field] ?? []].flat()) {
      if (!ADDRESS.test(address(party))) {
        const message = `Invalid \`${field}\` field. The email address needs to follow the \`email@example.com\` or \`Name <email@example.com>\` format.`;
        return problem(422, field === "from" ? "invalid_from_address" : "validation_error", message);
      }
    }
  }
  for (const { name, value } of email.tags ?? []) {
    if (!TAG.test(name) || !TAG.test(value)) {
      return problem(422, "validation_error", "Tags should only contain ASCII letters, numbers, underscores, or dashes.");
    }
  }
  const domain = address(email.from).split("@").at(-1);
  if (resend.unverified.has(domain)) {
    return problem(403, "validation_error", `The ${domain} domain is not verified. Please, add and verify your domain.`);
  }
  return undefined;
}

const address = (party) => /<([^<>]*)>$/.exec(party)?.[1] ?? party;

/** As `GET /emails/{id}` shows it. */
function shown({ id, from, to, subject, html, text, reply_to, tags, created_at, last_event }) {
  const list = (value) => (value === undefined ? null : [value].flat());
  const optional = { html: html ?? null, text: text ?? null, reply_to: list(reply_to), tags: tags ?? [] };
  return { object: "email", id, to, from, created_at, subject, bcc: null, cc: null, last_event, scheduled_at: null, ...optional };
}
