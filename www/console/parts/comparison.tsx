// Two documents, one over the other.

import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

export function Comparison({ before, after }: { before: string; after: string }): VNode {
  const host = useRef<HTMLDivElement>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    const place = host.current;
    if (!place) return;
    let isOver = false;
    let close: (() => void) | undefined;
    import("../editor/editor").then(
      ({ compare }) => {
        if (!isOver) close = compare(place, before, after);
      },
      () => setFailed(true),
    );
    return () => {
      isOver = true;
      close?.();
    };
  }, [before, after]);
  return failed ? (
    <p role="alert">The comparison could not be loaded. Reload the page to try again.</p>
  ) : (
    <div class="editor compare" ref={host} />
  );
}
