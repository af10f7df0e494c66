// Whether something was seen: at least half of it in view, for a second on end, in a page that is looked at.

import { after } from "../host.js";

const LONG_ENOUGH = 1000;

const watched = new Map<Element, (inView: boolean) => void>();
/** One for all, made when first needed: on a server there is none. */
let observer: IntersectionObserver | undefined;

/** Calls `tell` once `target` has been seen; the answer gives up. */
export function whenSeen(target: HTMLElement, tell: () => void): () => void {
  let inView = false;
  let stop = () => {};
  const look = () => {
    stop();
    if (inView && !document.hidden) stop = after(LONG_ENOUGH, done);
  };
  const done = () => {
    // Things hidden by `visibility` have a size.
    if (!target.checkVisibility({ visibilityProperty: true })) return look();
    end();
    tell();
  };
  const end = () => {
    stop();
    watched.delete(target);
    observer?.unobserve(target);
    document.removeEventListener("visibilitychange", look);
  };
  watched.set(target, (now) => {
    inView = now;
    look();
  });
  document.addEventListener("visibilitychange", look);
  observer ??= new IntersectionObserver(
    (entries) => {
      for (const { target, intersectionRatio, intersectionRect } of entries) {
        // Of what has no size all is in view.
        watched.get(target)?.(intersectionRatio >= 0.5 && intersectionRect.width * intersectionRect.height > 0);
      }
    },
    { threshold: 0.5 },
  );
  observer.observe(target);
  return end;
}
