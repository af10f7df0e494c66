// One call to the Worker in the user's name. What goes wrong is an `UpcueError` with the Worker's own code.

import type { UpcueError } from "../failure.js";
import { after } from "../host.js";
import type { Page } from "../page.js";

/** So long an answer is waited for. */
const PATIENCE = 30_000;

export interface Call {
  readonly method?: "GET" | "POST";
  readonly body?: object;
  /** Sent again with the same one, it happens once. */
  readonly idempotencyKey?: string;
}

/** How long the Worker asks to wait, beside the problem it told. */
const waits = new WeakMap<UpcueError, number>();

export const retryAfter = (problem: UpcueError): number | undefined => waits.get(problem);

export async function call<T>(page: Page, path: string, what: Call = {}, again = false): Promise<T> {
  const jwt = await page.token_();
  const answer = await send(page, path, jwt, what);
  if (answer.status === 401 && !again) {
    page.jwt_ = "";
    return call(page, path, what, true);
  }
  const body = await answer.json().catch(() => undefined);
  if (answer.ok && body !== undefined) return body as T;
  throw problem(page, answer, body);
}

async function send(page: Page, path: string, jwt: string, { method = "GET", body, idempotencyKey }: Call): Promise<Response> {
  const headers = new Headers({ authorization: `Bearer ${jwt}` });
  if (body) headers.set("content-type", "application/json");
  if (idempotencyKey) headers.set("idempotency-key", idempotencyKey);
  const patience = new AbortController();
  const stop = after(PATIENCE, () => patience.abort());
  try {
    return await fetch(`${page.endpoint_}${path}`, {
      method,
      headers,
      cache: "no-store",
      signal: patience.signal,
      ...(body && { body: JSON.stringify(body) }),
    });
  } catch (cause) {
    throw new page.Problem_("network", cause);
  } finally {
    stop();
  }
}

/** An answer that was cut off has no code and counts as none at all. */
function problem(page: Page, answer: Response, body: { code?: string; detail?: string } = {}): UpcueError {
  const { code = "network", ...rest } = body;
  const made = Object.assign(new page.Problem_(code, rest.detail ?? answer.status), { ...rest, status: answer.status });
  const wait = Number(answer.headers.get("retry-after"));
  if (wait) waits.set(made, wait * 1000);
  return made;
}
