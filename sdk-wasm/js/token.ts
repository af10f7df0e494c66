// The user's token: asked for once, kept until it is about to run out.

import { attempt } from "./failure.js";
import { now } from "./host.js";
import type { Options } from "./types.js";

/** So long before its end a token is not used any more. */
const MARGIN = 15_000;

interface Claims {
  iss?: unknown;
  tenant?: unknown;
  sub?: unknown;
  exp?: number;
}

export class Token {
  readonly #source: Options["token"];
  #asking: Promise<string> | undefined;
  /** The last one that was had. */
  current = "";

  constructor(source: Options["token"]) {
    this.#source = source;
    if (typeof source === "string") this.current = source;
  }

  /** A token that should still be good; rejects when the app's function does. */
  get(): Promise<string> {
    const { exp } = claims(this.current);
    if (this.current && (!exp || exp * 1000 - MARGIN > now())) return Promise.resolve(this.current);
    return (this.#asking ??= this.#ask());
  }

  /** The Worker refused it: the next one is a new one. */
  refused(): void {
    this.current = "";
  }

  /** For whom it speaks; a name to keep things under, not a proof. */
  get owner(): string {
    const { iss, tenant, sub } = claims(this.current);
    return [iss, tenant, sub].join("/");
  }

  async #ask(): Promise<string> {
    const source = this.#source;
    try {
      return (this.current = typeof source === "string" ? source : await source());
    } finally {
      this.#asking = undefined;
    }
  }
}

/** What the token says, unverified. */
const claims = (jwt: string): Claims =>
  attempt(() => JSON.parse(atob(jwt.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/"))) as Claims) ?? {};
