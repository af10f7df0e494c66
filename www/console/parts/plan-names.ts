// Plans by their names, wherever the API tells ids.

import { useEffect, useState } from "preact/hooks";
import { ask } from "../api/client";
import { session } from "../api/session";
import type { Catalogue } from "../api/shapes";

let known: { of: string; names: Promise<Map<string, string>> } | undefined;

/** The name of a plan; its id while that is not known, or where nobody knows it. */
export function usePlanNames(): (id: string | null | undefined) => string {
  const [names, setNames] = useState(new Map<string, string>());
  useEffect(() => {
    let isOver = false;
    void load().then((names) => isOver || setNames(names));
    return () => {
      isOver = true;
    };
  }, []);
  return (id) => (id ? (names.get(id) ?? id) : "–");
}

/** Asked for once in a visit; a catalogue that cannot be read leaves the ids, which say as much. */
function load(): Promise<Map<string, string>> {
  const of = session()?.key ?? "";
  if (known?.of !== of) {
    const names = ask<Catalogue>("/v1/catalog").then(
      ({ plans }) => new Map(plans.map(({ id, name }) => [id, name])),
      () => ((known = undefined), new Map<string, string>()),
    );
    known = { of, names };
  }
  return known.names;
}
