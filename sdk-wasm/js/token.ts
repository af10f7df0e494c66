// The user's token: asked for once, kept until it is about to run out.

import { UpcueError, attempt } from "./failure.js";
import { now } from "./host.js";
import type { Page } from "./page.js";
import type { Options } from "./types.js";

/** So long before its end a token is not used any more: longer than a beat of live.ts, so that no socket outlives its token. */
const MARGIN = 45_000;

interface Claims {
  iss?: unknown;
  tenant?: unknown;
  sub?: unknown;
  exp?: number;
}

/** A token that should still be good; rejects with an `UpcueError` when the app's function does. */
export function tokens(page: Page, source: Options["token"]): () => Promise<string> {
  let asking: Promise<string> | undefined;
  const ask = async () => {
    try {
      const isText = typeof source === "string";
      const jwt = isText ? source : await source();
      // A log-in page, say: it would never run out, and nobody would be asked again.
      if (!isText && !claims(jwt).sub) throw "no JWT";
      return (page.jwt_ = jwt);
    } catch (cause) {
      throw new UpcueError("token", cause);
    } finally {
      asking = undefined;
    }
  };
  return async () => (page.jwt_ && !isSpent(page) ? page.jwt_ : (asking ??= ask()));
}

/** Whether the token is about to run out; one that does not say when it ends is good until it is refused. */
export const isSpent = ({ jwt_, skew_ }: Page): boolean => claims(jwt_).exp! * 1000 - MARGIN <= now() + skew_;

/** For whom a token speaks: a name to keep things under, not a proof. No two of them begin alike. */
export function ownerOf(jwt: string): string {
  const { iss, tenant, sub } = claims(jwt);
  return JSON.stringify([iss, tenant, sub]);
}

/** What a token says, unverified. */
const claims = (jwt: string): Claims =>
  attempt(() => JSON.parse(atob(jwt.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/"))) as Claims) ?? {};
