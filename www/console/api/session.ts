// Who is signed in: a secret key, in memory and for the life of this tab in its session storage. Never in local storage, which
// outlives the tab and is read by every other.

export interface Session {
  /** Where the API is: an origin. */
  endpoint: string;
  key: string;
}

const STORED = "upcue.console";
/** A secret key carries its app's name: `upc_sk_<app>_<random>`. */
const KEY = /^upc_sk_([^_]+)_.+$/;
const LOOPBACK = /^https?:\/\/(127\.0\.0\.1|localhost)(:\d+)?$/;

/** Whether this page runs on the developer's own machine. Only there may another endpoint be named: a link to this page that
 * named a stranger's server would have it sent the key. */
export const isLocal = LOOPBACK.test(location.origin);

let current = fromAddress() ?? stored();
const listeners = new Set<() => void>();
// The same address once more, in a tab that has the console open already.
window.addEventListener("hashchange", () => {
  const found = fromAddress();
  if (found) change(found);
});

export const session = (): Session | undefined => current;

/** Runs `listener` whenever somebody signs in or out. */
export function onSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function signIn(next: Session): void {
  change(next);
}

/** Leaves nothing behind in this tab. */
export function signOut(): void {
  try {
    sessionStorage.clear();
  } catch {
    // Nothing was kept, then.
  }
  change(undefined);
}

/** The key no longer opens anything. What was being written stays for who signs in again. */
export function expire(): void {
  change(undefined);
}

/** The app that a key belongs to; undefined when it is no secret key. */
export function appOf(key: string): string | undefined {
  return KEY.exec(key)?.[1];
}

/** The endpoint to begin with: what the address names where that is believed, else this page's own origin. */
export function usualEndpoint(): string {
  return allowed(new URLSearchParams(location.search).get("endpoint")) ?? location.origin;
}

/** An endpoint that may be asked: this origin, or on a developer's machine another port of it. */
export function allowed(endpoint: string | null): string | undefined {
  const origin = endpoint?.trim().replace(/\/+$/, "");
  return origin === location.origin || (isLocal && origin && LOOPBACK.test(origin)) ? origin : undefined;
}

/** `#key=…&endpoint=…`, as `cargo xtask dev` prints it: a fragment is sent to no server, and it leaves the address and the history
 * before anything else happens. */
function fromAddress(): Session | undefined {
  const given = new URLSearchParams(location.hash.slice(1));
  const key = given.get("key");
  if (key === null) return undefined;
  history.replaceState(null, "", location.pathname + location.search);
  if (!isLocal || !appOf(key)) return undefined;
  const found = { key, endpoint: allowed(given.get("endpoint")) ?? usualEndpoint() };
  store(found);
  return found;
}

function stored(): Session | undefined {
  try {
    const { key, endpoint } = JSON.parse(sessionStorage.getItem(STORED) ?? "{}");
    return typeof key === "string" && allowed(endpoint) ? { key, endpoint } : undefined;
  } catch {
    return undefined;
  }
}

function store(next: Session | undefined): void {
  try {
    if (next) sessionStorage.setItem(STORED, JSON.stringify(next));
    else sessionStorage.removeItem(STORED);
  } catch {
    // Storage is switched off: the key is kept in memory alone.
  }
}

function change(next: Session | undefined): void {
  current = next;
  store(next);
  for (const listener of listeners) listener();
}
