// Whether something was seen: at least half of it in view, for a second on end, in a page that is looked at.

import { after } from "../host.js";

const LONG_ENOUGH = 1000;

/** Calls `tell` once `target` has been seen while it was its `turn`; the answer gives up. */
export function whenSeen(target: HTMLElement, tell: () => void, turn = () => true): () => void {
  let inView = false;
  let stop = () => {};
  const look = () => {
    stop();
    const ours = turn();
    // Things hidden by `visibility` have a size.
    const seen = () => ours && turn() && target.checkVisibility({ visibilityProperty: true });
    if (inView && !document.hidden) stop = after(LONG_ENOUGH, () => (seen() ? done() : look()));
  };
  const done = () => {
    end();
    tell();
  };
  const observer = new IntersectionObserver(
    (entries) => {
      const { intersectionRatio, intersectionRect } = entries.at(-1)!;
      // Of what has no size all is in view.
      inView = intersectionRatio >= 0.5 && intersectionRect.width * intersectionRect.height > 0;
      look();
    },
    { threshold: 0.5 },
  );
  const end = () => {
    stop();
    observer.disconnect();
    document.removeEventListener("visibilitychange", look);
  };
  document.addEventListener("visibilitychange", look);
  observer.observe(target);
  return end;
}
