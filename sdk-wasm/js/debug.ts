// Debug mode: every decision and failure on the console and in an overlay. Loaded when it is asked for.

import type { UpcueError } from "./failure.js";
import type { Page } from "./page.js";
import type { Decision } from "./types.js";
import type { Upcue } from "./upcue.js";

const CSS = `
:host { all: initial; position: fixed; inset: auto auto 12px 12px; z-index: 2147483647; margin: 0; padding: 0; border: 0; background: none; }
section {
  box-sizing: border-box;
  inline-size: min(420px, calc(100vw - 24px));
  max-block-size: min(50vh, 480px);
  overflow: auto;
  padding: 10px 12px;
  border: 1px solid #555;
  border-radius: 8px;
  background: #16181d;
  color: #eee;
  font: 12px/1.5 ui-monospace, monospace;
  overflow-wrap: anywhere;
}
header { display: flex; gap: 8px; align-items: center; justify-content: space-between; }
button { min-block-size: 28px; padding: 2px 10px; border: 1px solid #777; border-radius: 6px; background: #2a2e37; color: inherit; font: inherit; cursor: pointer; }
button:focus-visible { outline: 2px solid #8ab4ff; outline-offset: 2px; }
h2 { margin: 0; font-size: inherit; }
dl { margin: 6px 0 0; }
dt { margin-block-start: 6px; color: #9cc4ff; }
dd { margin: 0; }
.error { color: #ffb4a8; }
`;

/** Looks on: at whatever the app asks for, and whatever fails. */
export function observe(upcue: Upcue, page: Page): void {
  const debug = new Debug(upcue);
  const { close, decide } = upcue;
  upcue.decide = (placement) => {
    const decision = decide(placement);
    debug.decided(placement, decision);
    return decision;
  };
  upcue.close = () => {
    debug.close();
    close.call(upcue);
  };
  upcue.on("error", (error) => debug.failed(error));
  // What was decided before is asked for again.
  page.changed_();
}

class Debug {
  readonly #upcue: Upcue;
  readonly #host = document.createElement("div");
  readonly #state = document.createElement("p");
  readonly #list = document.createElement("dl");
  readonly #error = document.createElement("p");
  readonly #told = new Map<string, { said: string; entry: HTMLElement }>();
  readonly #end: () => void;

  constructor(upcue: Upcue) {
    this.#upcue = upcue;
    this.#end = upcue.on("change", () => this.#describe());
    this.#build();
    this.#describe();
  }

  /** A decision was asked for; told when it says something else than the one before. */
  readonly decided = (placement: string, decision: Decision): void => {
    try {
      const { nudge, reason } = decision;
      const rows = decision.trace().map((row) => `${row.campaign}: ${row.reason}`);
      const said = [`${nudge?.campaign ?? "none"} (${reason})`, ...rows].join("\n");
      let told = this.#told.get(placement);
      if (told?.said === said) return;
      console.info(`upcue: ${placement} → ${nudge?.campaign ?? "none"} (${reason})`, decision, rows);
      if (!told) {
        const name = document.createElement("dt");
        name.textContent = placement;
        told = { said, entry: document.createElement("dd") };
        this.#told.set(placement, told);
        this.#list.append(name, told.entry);
      }
      told.said = said;
      told.entry.replaceChildren(...said.split("\n").map(paragraph));
    } catch {
      // Looking on must not change what happens.
    }
  };

  failed(error: UpcueError): void {
    console.warn(error);
    this.#error.textContent = error.message;
  }

  close(): void {
    this.#end();
    this.#host.remove();
  }

  #build(): void {
    const root = this.#host.attachShadow({ mode: "open" });
    // A stylesheet made by script is what a strict policy allows; a `style` element is not.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
    const section = document.createElement("section");
    section.setAttribute("aria-label", "Upcue decisions");
    const header = document.createElement("header");
    const title = document.createElement("h2");
    title.textContent = "Upcue";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Close";
    button.addEventListener("click", () => this.close());
    section.addEventListener("keydown", ({ key }) => key === "Escape" && this.close());
    this.#error.className = "error";
    header.append(title, button);
    section.append(header, this.#state, this.#list, this.#error);
    // What is scrolled must be reachable by keyboard.
    section.tabIndex = 0;
    root.append(section);
    document.body.append(this.#host);
    // Above dialogs, where the browser knows how.
    this.#host.popover = "manual";
    this.#host.showPopover?.();
  }

  #describe(): void {
    const { fresh, ready } = this.#upcue;
    const known = ready ? (fresh ? "fresh" : "kept from an earlier visit") : "nothing known yet";
    this.#state.textContent = `${known}; plan: ${this.#upcue.plan()?.name ?? "none"}`;
  }
}

function paragraph(text: string): HTMLElement {
  const made = document.createElement("div");
  made.textContent = text;
  return made;
}
