// Every call to the Worker.

import type { Problem } from "./shapes";
import { expire, session } from "./session";

/** A refusal in the Worker's words (`application/problem+json`), or what kept it from being asked. */
export class Refusal extends Error {
  constructor(
    /** The status; 0 when nothing was answered. */
    readonly status: number,
    readonly code: string,
    detail: string,
    /** What is wrong with a configuration, part by part. */
    readonly problems: Problem[] = [],
  ) {
    super(detail);
  }

  /** Whether the Worker has no such call at all: it is older than this console. */
  get isUnknownCall(): boolean {
    return this.status === 404 && /^no such path/.test(this.message);
  }
}

interface Wish {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Sent as JSON; text is sent as it is. */
  body?: unknown;
  ifMatch?: string;
  accept?: string;
  signal?: AbortSignal | undefined;
  /** Asks with this key in place of the one that is signed in. */
  as?: { endpoint: string; key: string };
}

/** The answer's JSON. */
export async function ask<T>(path: string, wish: Wish = {}): Promise<T> {
  return (await send(path, wish)).json() as Promise<T>;
}

/** The answer's text, with its entity tag. */
export async function text(path: string, wish: Wish = {}): Promise<{ text: string; etag: string }> {
  const answer = await send(path, wish);
  return { text: await answer.text(), etag: answer.headers.get("etag") ?? "" };
}

/** The same as a table for spreadsheets. */
export async function table(path: string): Promise<Blob> {
  return (await send(path, { accept: "text/csv" })).blob();
}

/** A path with the parameters that have a value. */
export function query(path: string, parameters: Record<string, string | number | null | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

/** One segment of a path. */
export const part = (text: string): string => encodeURIComponent(text);

async function send(path: string, { method = "GET", body, ifMatch, accept, signal, as }: Wish): Promise<Response> {
  const who = as ?? session();
  if (!who) throw new Refusal(401, "signed_out", "You are signed out.");
  const headers = new Headers({ authorization: `Bearer ${who.key}`, accept: accept ?? "application/json" });
  if (body !== undefined) headers.set("content-type", "application/json");
  if (ifMatch) headers.set("if-match", ifMatch);
  const sent = body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body);
  const answer = await fetch(who.endpoint + path, {
    method,
    headers,
    body: sent,
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
    referrerPolicy: "no-referrer",
    ...(signal && { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new Refusal(0, "unreachable", `${who.endpoint} did not answer. Check the connection, and whether the Worker is running.`);
  });
  if (answer.ok) return answer;
  const refusal = await refused(answer);
  // A key that was revoked ends the visit; whoever only tries one stays.
  if (refusal.status === 401 && !as) expire();
  throw refusal;
}

async function refused(answer: Response): Promise<Refusal> {
  const problem = await answer.json().catch(() => ({}));
  const detail = typeof problem.detail === "string" ? problem.detail : `The server answered ${answer.status} without saying why.`;
  const problems = Array.isArray(problem.problems) ? problem.problems : [];
  return new Refusal(answer.status, String(problem.code ?? "unknown"), detail, problems);
}
