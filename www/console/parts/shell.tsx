// What stands around every page: the menu, the search, the way out.

import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { appOf, session, signOut } from "../api/session";
import { go, href } from "./router";
import { toggleTheme, useTheme } from "./theme";

const MENU = [
  [
    "Proof",
    [
      ["overview", "Overview"],
      ["campaigns", "Campaigns"],
      ["signals", "Signals"],
      ["conversions", "Conversions"],
    ],
  ],
  [
    "People",
    [
      ["tenants", "Tenants"],
      ["segments", "Segments"],
      ["letters", "Letters"],
    ],
  ],
  [
    "House",
    [
      ["configuration", "Configuration"],
      ["stripe", "Catalogue & Stripe"],
      ["webhooks", "Webhooks"],
    ],
  ],
  ["Now", [["activity", "Activity"]]],
] as const;

export function Shell({ parts, children }: { parts: string[]; children: ComponentChildren }): VNode {
  const [isOpen, setOpen] = useState(false);
  const path = parts.join("/");
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    setOpen(false);
    const heading = main.current?.querySelector("h1");
    document.title = `${heading?.textContent ?? "Console"} · Upcue`;
    // A reader of the screen hears which page this is; at the first one the browser begins at the top by itself.
    if (!isFirst.current) {
      heading?.focus({ preventScroll: true });
      window.scrollTo(0, 0);
    }
    isFirst.current = false;
  }, [path]);
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to content
      </a>
      <header class="rail">
        <div class="rail-head">
          <a class="brand" href={href(["overview"])}>
            <Mark /> Upcue
          </a>
          <button type="button" class="menu-button" aria-expanded={isOpen} aria-controls="menu" onClick={() => setOpen(!isOpen)}>
            Menu
          </button>
        </div>
        <div id="menu" class={isOpen ? "menu open" : "menu"}>
          <Search />
          <nav aria-label="Main">
            {MENU.map(([group, pages]) => (
              <div key={group} class="group">
                <h2 id={`menu-${group}`}>{group}</h2>
                <ul aria-labelledby={`menu-${group}`}>
                  {pages.map(([page, name]) => (
                    <li key={page}>
                      <a href={href([page])} aria-current={page === (parts[0] ?? "overview") ? "page" : undefined}>
                        {name}
                      </a>
                    </li>
                  ))}
                </ul>
              </div>
            ))}
          </nav>
          <Foot />
        </div>
      </header>
      <main id="main" tabIndex={-1} ref={main}>
        {children}
      </main>
    </div>
  );
}

/** The way to a tenant from everywhere; `/` leads to it. */
function Search(): VNode {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isWriting(event)) return;
      event.preventDefault();
      field.current?.focus();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
  return (
    <form
      role="search"
      class="search"
      onSubmit={(event) => {
        event.preventDefault();
        const wanted = field.current?.value.trim();
        if (wanted) go(href(["tenants"], { search: wanted }));
      }}
    >
      <label class="unseen" for="search">
        Find a tenant
      </label>
      <input ref={field} id="search" type="search" placeholder="Find a tenant" autocomplete="off" spellcheck={false} maxLength={128} />
      <kbd aria-hidden="true">/</kbd>
    </form>
  );
}

/** Whether keys go into a text just now, also one in a shadow tree. */
function isWriting(event: KeyboardEvent): boolean {
  const [at] = event.composedPath();
  return at instanceof HTMLElement && (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName));
}

function Foot(): VNode {
  const theme = useTheme();
  const who = session();
  return (
    <div class="foot">
      <p>
        App <b>{appOf(who?.key ?? "") ?? "unknown"}</b>
        {who && who.endpoint !== location.origin && <span class="fine">{who.endpoint}</span>}
      </p>
      <button type="button" onClick={toggleTheme}>
        {theme === "dark" ? "Light" : "Dark"}
      </button>
      <button type="button" onClick={signOut}>
        Sign out
      </button>
    </div>
  );
}

export const Mark = (): VNode => (
  <svg class="mark" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
    <circle cx="12" cy="12" r="5" />
    <path d="M12 1v3M12 20v3M1 12h3M20 12h3M4.2 4.2l2.1 2.1M17.7 17.7l2.1 2.1M4.2 19.8l2.1-2.1M17.7 6.3l2.1-2.1" />
  </svg>
);
