import type { Upcue } from "../upcue.js";
import { UpcueElement } from "./element.js";
import type { PlansView } from "./plans/view.js";
import type { PlansMessages } from "./plans/words.js";

export type { PlansMessages };

/**
 * `<upcue-plans for="api_calls" view="cards" contact="mailto:…">`: the plans, which of them fits and why, and what it takes
 * to get it. What draws them is loaded with the first one on a page.
 */
export class UpcuePlans extends UpcueElement {
  static readonly observedAttributes = ["for", "view", "contact", "heading-level"];
  /** For all comparisons; the property of the same name overrides it for one. */
  static messages: Partial<PlansMessages> = {};
  messages: Partial<PlansMessages> = {};

  #view: PlansView | undefined;
  #loading = false;
  #listening = new AbortController();

  constructor() {
    super("");
  }

  /** @internal */
  get wording(): Partial<PlansMessages> {
    return { ...UpcuePlans.messages, ...this.messages };
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    document.addEventListener("visibilitychange", () => document.hidden || this.#view?.freshen(), { signal });
    document.addEventListener("upcue-upgraded", () => this.reload(), { signal });
  }

  override disconnectedCallback(): void {
    this.#listening.abort();
    super.disconnectedCallback();
  }

  override attributeChangedCallback(): void {
    super.attributeChangedCallback();
    this.#view?.redraw();
  }

  /** Asks for the plans again. */
  reload(): void {
    this.#view?.reload();
  }

  override focus(): void {
    this.#view?.focus();
  }

  /** Prices come from the Worker, so they are there even where the wasm core is not. */
  protected override usable(): boolean {
    return true;
  }

  protected override draw(upcue: Upcue): void {
    if (this.#view) return this.#view.show(upcue);
    this.showFallback(true);
    if (!this.#loading) void this.#load();
  }

  protected override clear(): void {
    this.#view?.clear();
  }

  /** Where it fails, the page's own content stays, and the next change tries again. */
  async #load(): Promise<void> {
    this.#loading = true;
    try {
      const { PlansView } = await import("./plans/view.js");
      this.#view = new PlansView(this, this.shadowRoot!);
    } catch {
      return;
    } finally {
      this.#loading = false;
    }
    this.attributeChangedCallback();
  }
}
