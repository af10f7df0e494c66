// Where the reader is: the fragment of the address, `#/tenants/acme?tab=timeline`, so that every page is a link and no server has
// to know of it.

import { useEffect, useState } from "preact/hooks";

export interface Route {
  /** The path's segments, decoded. */
  parts: string[];
  query: URLSearchParams;
}

export const route = (): Route => parse(location.hash);

export function parse(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  return { parts: path.split("/").filter(Boolean).map(decoded), query: new URLSearchParams(query) };
}

/** The address of a page. */
export function href(parts: string[], query: Record<string, string | undefined> = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) search.set(name, value);
  const text = search.toString();
  return `#/${parts.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

/** The address of this page with some parameters changed; an empty one is taken out. */
export function here(change: Record<string, string | undefined>): string {
  const { parts, query } = route();
  return href(parts, { ...Object.fromEntries(query), ...change });
}

/** Goes there; `quietly`: without an entry in the history, as for every letter of a search. */
export function go(to: string, quietly = false): void {
  if (to === location.hash) return;
  if (!quietly) {
    location.hash = to;
    return;
  }
  history.replaceState(null, "", to);
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}

export function useRoute(): Route {
  const [now, setNow] = useState(route);
  useEffect(() => {
    const changed = (): void => setNow(route());
    window.addEventListener("hashchange", changed);
    return () => window.removeEventListener("hashchange", changed);
  }, []);
  return now;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
