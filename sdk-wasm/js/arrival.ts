// From which letter the user came: the Worker writes it into the address as `?upcue=`. Loaded where it stands there.

import { attempt } from "./failure.js";
import { now } from "./host.js";
import type { Outbox } from "./outbox.js";
import type { Upcue } from "./upcue.js";

const PARAMETER = "upcue";
/** In the tab's own storage: the comparison may be opened some pages later. */
const KEPT = "upcue:letter";

/** The last one that came, where storage is blocked. */
let latest: string | null = null;

/** What the Worker is told when plans are compared: from which letter the user came, if from any. */
export function letter(): string | null {
  const here = new URL(location.href);
  const found = here.searchParams.get(PARAMETER);
  if (found) {
    latest = found;
    attempt(() => sessionStorage.setItem(KEPT, found));
    here.searchParams.delete(PARAMETER);
    // The page's own router keeps its state.
    attempt(() => history.replaceState(history.state, "", here));
  }
  return latest ?? attempt(() => sessionStorage.getItem(KEPT)) ?? null;
}

/** Takes it out of the address, and tells the Worker once that somebody came. */
export function arrive(upcue: Upcue, outbox: Outbox): void {
  const before = latest;
  const ref = letter();
  if (!ref || latest === before) return;
  // A page that turns out to be another user's is ready once more.
  const stop = upcue.on("ready", () => {
    stop();
    outbox.add_({ type: "click", ref }, now());
  });
}
