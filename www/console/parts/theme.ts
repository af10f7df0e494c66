// Light or dark: as the system says, until the reader says otherwise.

import { useEffect, useState } from "preact/hooks";

export type Theme = "light" | "dark";

const KEPT = "upcue.console.theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

export const theme = (): Theme => chosen() ?? (system.matches ? "dark" : "light");

/** The other one, from now on; what the system says is followed again when the choice agrees with it. */
export function toggleTheme(): void {
  const next: Theme = theme() === "dark" ? "light" : "dark";
  const isSystem = (next === "dark") === system.matches;
  keep(isSystem ? undefined : next);
  apply();
}

/** Marks the page with the choice that is kept. */
export function apply(): void {
  const choice = chosen();
  if (choice) document.documentElement.dataset.theme = choice;
  else delete document.documentElement.dataset.theme;
  for (const listener of listeners) listener();
}

export function useTheme(): Theme {
  const [now, setNow] = useState(theme);
  useEffect(() => {
    const changed = (): void => setNow(theme());
    listeners.add(changed);
    system.addEventListener("change", changed);
    return () => {
      listeners.delete(changed);
      system.removeEventListener("change", changed);
    };
  }, []);
  return now;
}

function chosen(): Theme | undefined {
  try {
    const kept = localStorage.getItem(KEPT);
    return kept === "light" || kept === "dark" ? kept : undefined;
  } catch {
    return undefined;
  }
}

function keep(choice: Theme | undefined): void {
  try {
    if (choice) localStorage.setItem(KEPT, choice);
    else localStorage.removeItem(KEPT);
  } catch {
    // Kept for this page alone, then.
    if (choice) document.documentElement.dataset.theme = choice;
  }
}
