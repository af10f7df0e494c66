// Where nudges are that do not stand in the flow of the page.

/** Between one toast and the next, in CSS pixels. */
const GAP = 12;
/** Between a badge and what it opens, and between that and the window's edge. */
const MARGIN = 8;

const toasts = new Set<HTMLElement>();
/** Made when first needed: on a server there is none. */
let sizes: ResizeObserver | undefined;

/** Puts a toast on top of those that are there. */
export function stack(toast: HTMLElement): void {
  toasts.add(toast);
  // It tells the first size too, before anything is painted.
  (sizes ??= new ResizeObserver(lift)).observe(toast);
}

export function unstack(toast: HTMLElement): void {
  if (!toasts.delete(toast)) return;
  sizes?.unobserve(toast);
  lift();
}

function lift(): void {
  let y = 0;
  for (const toast of toasts) {
    toast.style.setProperty("--_lift", `${y}px`);
    y += toast.offsetHeight + GAP;
  }
}

/** Puts what a badge opens below it, or above where there is more room; it scrolls with the page. */
export function placeBy(badge: Element, panel: HTMLElement): void {
  const { left, width, top, bottom } = badge.getBoundingClientRect();
  const { clientWidth, clientHeight } = document.documentElement;
  const rightmost = clientWidth - panel.offsetWidth - MARGIN;
  const x = Math.max(Math.min(left + width / 2 - panel.offsetWidth / 2, rightmost), MARGIN);
  const below = bottom + MARGIN;
  const y = below + panel.offsetHeight > clientHeight && top > clientHeight / 2 ? top - panel.offsetHeight - MARGIN : below;
  panel.style.setProperty("--_x", `${x + scrollX}px`);
  panel.style.setProperty("--_y", `${y + scrollY}px`);
}
