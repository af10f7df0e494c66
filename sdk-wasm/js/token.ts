// The user's token: asked for once, kept until it is about to run out.

import { attempt } from "./failure.js";
import { now } from "./host.js";
import type { Page } from "./page.js";
import type { Options } from "./types.js";

/** So long before its end a token is not used any more. */
const MARGIN = 15_000;

interface Claims {
  iss?: unknown;
  tenant?: unknown;
  sub?: unknown;
  exp?: number;
}

/** What `Page.token_` is. */
export function tokens(page: Pick<Page, "jwt_">, source: Options["token"]): () => Promise<string> {
  let asking: Promise<string> | undefined;
  const ask = async () => {
    try {
      return (page.jwt_ = typeof source === "string" ? source : await source());
    } finally {
      asking = undefined;
    }
  };
  // A token that does not say when it ends is good until it is refused.
  return async () => (page.jwt_ && !(claims(page.jwt_).exp! * 1000 - MARGIN <= now()) ? page.jwt_ : (asking ??= ask()));
}

/** For whom the token speaks; a name to keep things under, not a proof. */
export function ownerOf(page: Page): string {
  const { iss, tenant, sub } = claims(page.jwt_);
  // Until there is a token it is whoever the snapshot was kept for.
  return page.jwt_ ? [iss, tenant, sub].join("/") : (page.owner_ ?? "");
}

/** What the token says, unverified. */
const claims = (jwt: string): Claims =>
  attempt(() => JSON.parse(atob(jwt.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/"))) as Claims) ?? {};
