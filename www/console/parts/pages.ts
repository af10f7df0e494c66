// Lists that come page by page: the pages so far as one list.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Refusal } from "../api/client";
import { ask, query } from "../api/client";
import { type Loading, asRefusal, useAnswer } from "./load";

interface Listed<T> {
  first: Loading<T>;
  rows: <R>(of: (page: T) => R[]) => R[];
  next: string | null;
  busy: boolean;
  more: () => void;
  /** Why the next page did not come. */
  refusal: Refusal | undefined;
}

export function usePages<T extends object>(path: string, nextOf: (page: T) => string | null): Listed<T> {
  const first = useAnswer<T>(path);
  const [later, setLater] = useState<T[]>([]);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal>();
  useEffect(() => (setLater([]), setRefusal(undefined)), [first.data]);
  const wanted = useRef(path);
  wanted.current = path;
  const last = later.at(-1) ?? first.data;
  const next = last ? nextOf(last) : null;
  const more = useCallback(async () => {
    if (!next) return;
    setBusy(true);
    setRefusal(undefined);
    const isWanted = (): boolean => wanted.current === path;
    const at = path.includes("?") ? `${path}&` : `${path}?`;
    await ask<T>(at + query("", { cursor: next }).slice(1)).then(
      // A page of a list that is no longer shown is none of this one.
      (page) => isWanted() && setLater((pages) => [...pages, page]),
      (error: unknown) => isWanted() && setRefusal(asRefusal(error)),
    );
    setBusy(false);
  }, [path, next]);
  return { first, rows: (of) => [first.data, ...later].flatMap((page) => (page ? of(page) : [])), next, busy, more, refusal };
}
