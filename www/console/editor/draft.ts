// The configuration being written: what is in force, and what it is to become. It outlives a reload in the tab's own storage.

import { useCallback, useEffect, useState } from "preact/hooks";
import { Refusal, text } from "../api/client";
import { appOf, session } from "../api/session";
import { type Loading, useLoad } from "../parts/load";

export interface Published {
  text: string;
  /** Its entity tag, which publishing after it must name; `*` before there is any. */
  tag: string;
}

export interface Draft {
  published: Loading<Published>;
  text: string;
  /** The tag of the version that the draft began with. */
  base: string;
  isChanged: boolean;
  /** Somebody has published since the draft was begun. */
  isOvertaken: boolean;
  write: (text: string) => void;
  /** Forgets the draft. */
  discard: () => void;
  /** Goes on with the draft as a change of what is in force now. */
  rebase: () => void;
}

interface Kept {
  base: string;
  text: string;
}

const place = (): string => `upcue.console.draft.${appOf(session()?.key ?? "") ?? ""}`;

export function useDraft(): Draft {
  const published = useLoad("/v1/config", inForce);
  const [kept, setKept] = useState<Kept | undefined>(restore);
  useEffect(() => keep(kept), [kept]);
  const now = published.data;
  const write = useCallback(
    (text: string) => now && setKept((kept) => (text === now.text ? undefined : { base: kept?.base ?? now.tag, text })),
    [now],
  );
  return {
    published,
    text: kept?.text ?? now?.text ?? "",
    base: kept?.base ?? now?.tag ?? "*",
    isChanged: kept !== undefined && kept.text !== now?.text,
    isOvertaken: kept !== undefined && now !== undefined && kept.base !== now.tag,
    write,
    discard: useCallback(() => setKept(undefined), []),
    rebase: useCallback(() => now && setKept((kept) => kept && { ...kept, base: now.tag }), [now]),
  };
}

async function inForce(signal: AbortSignal): Promise<Published> {
  try {
    const { text: document, etag } = await text("/v1/config", { signal });
    return { text: pretty(document), tag: etag };
  } catch (error) {
    if (error instanceof Refusal && error.status === 404 && !error.isUnknownCall) return { text: "{}\n", tag: "*" };
    throw error;
  }
}

/** A document that was written by a program in one line, in many; what somebody has set out stays as it is. */
export function pretty(document: string): string {
  if (document.trim().includes("\n")) return document;
  try {
    return `${JSON.stringify(JSON.parse(document), null, 2)}\n`;
  } catch {
    return document;
  }
}

function restore(): Kept | undefined {
  try {
    const { base, text } = JSON.parse(sessionStorage.getItem(place()) ?? "{}");
    return typeof base === "string" && typeof text === "string" ? { base, text } : undefined;
  } catch {
    return undefined;
  }
}

function keep(kept: Kept | undefined): void {
  try {
    if (kept) sessionStorage.setItem(place(), JSON.stringify(kept));
    else sessionStorage.removeItem(place());
  } catch {
    // It lives as long as the page, then.
  }
}
