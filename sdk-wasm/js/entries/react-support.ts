// What the generated components of `upcue/react` are made of. They set properties and listen by themselves: React does
// neither on custom elements that it finds in a page rendered by a server.

import { createElement, useCallback, useEffect, useRef, useSyncExternalStore } from "react";
import type { ReactElement, Ref } from "react";
import { latestUpcue, onLatest } from "../latest.js";
import type { Upcue } from "../upcue.js";

/** How an element's own names are called in React. */
interface Names {
  /** Properties of the component that are attributes under another name. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Those that are properties of the element. */
  readonly properties: readonly string[];
  /** Those that hear events. */
  readonly events: Readonly<Record<string, string>>;
}

type Properties = Record<string, unknown> & { ref?: Ref<HTMLElement> };

/** @internal A component that is the element `tag`. */
export function component(tag: string, { attributes, properties, events }: Names): (given: Properties) => ReactElement {
  return function UpcueElement({ ref, ...given }) {
    const own = useRef<HTMLElement>(null);
    const handlers = useRef<Record<string, unknown>>(given);
    const passed: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(given)) {
      if (!properties.includes(name) && !(name in events)) passed[attributes[name] ?? name] = value;
    }
    const hold = useCallback(
      (element: HTMLElement | null) => {
        own.current = element;
        if (typeof ref === "function") return ref(element);
        if (ref) ref.current = element;
      },
      [ref],
    );
    useEffect(
      () => {
        for (const name of properties) if (name in given) (own.current as unknown as Properties)[name] = given[name];
      },
      properties.map((name) => given[name]),
    );
    useEffect(() => {
      handlers.current = given;
    });
    useEffect(() => {
      const ends = new AbortController();
      for (const [name, event] of Object.entries(events)) {
        const hear = (heard: Event) => (handlers.current[name] as ((heard: Event) => void) | undefined)?.(heard);
        own.current?.addEventListener(event, hear, { signal: ends.signal });
      }
      return () => ends.abort();
    }, []);
    return createElement(tag, { ...passed, ref: hold });
  };
}

interface Watched {
  version: number;
  readonly wakes: Set<() => void>;
}

const watched = new WeakMap<Upcue, Watched>();

/** Counts an instance's changes; from the first look on, so that none is missed between a rendering and its effects. */
function watch(upcue: Upcue): Watched {
  let known = watched.get(upcue);
  if (!known) {
    const watch: Watched = { version: 0, wakes: new Set() };
    upcue.on("change", () => {
      watch.version++;
      watch.wakes.forEach((wake) => wake());
    });
    watched.set(upcue, (known = watch));
  }
  return known;
}

const nothing = () => undefined;

/** The instance loaded last; `undefined` on a server and until `Upcue.load` was called. */
export function useUpcue(): Upcue | undefined;
/**
 * What `read` makes of it, and again after every change: `useUpcue((upcue) => upcue.entitlement("sso").granted) ?? true`.
 */
export function useUpcue<T>(read: (upcue: Upcue) => T): T | undefined;
export function useUpcue<T>(read?: (upcue: Upcue) => T): T | Upcue | undefined {
  const upcue = useSyncExternalStore(onLatest, latestUpcue, nothing);
  const subscribe = useCallback(
    (wake: () => void) => {
      if (!upcue || !read) return () => {};
      const { wakes } = watch(upcue);
      wakes.add(wake);
      return () => wakes.delete(wake);
    },
    [upcue, !read],
  );
  useSyncExternalStore(subscribe, () => (upcue && read ? watch(upcue).version : 0), () => 0);
  return upcue && read ? read(upcue) : upcue;
}
