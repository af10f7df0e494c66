import { latestUpcue, onLatest } from "../latest.js";
import type { Upcue } from "../upcue.js";
import { element } from "./dom.js";
import { themed } from "./theme.js";

/** On a server there are no elements; importing must work all the same. */
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/**
 * What all elements do: find an instance, draw again when something changed, and leave the page's own content in place
 * until there is something to draw from.
 */
export abstract class UpcueElement extends Base {
  readonly #fallback: HTMLSlotElement;
  #given: Upcue | undefined;
  #used: Upcue | undefined;
  #ends: (() => void)[] = [];

  constructor(css: string) {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = themed(css);
    this.#fallback = element("slot");
    root.append(this.#fallback);
  }

  /** The instance to draw from; the one loaded last when none is given. */
  get upcue(): Upcue | undefined {
    return this.#given ?? latestUpcue();
  }

  set upcue(upcue: Upcue | undefined) {
    this.#given = upcue;
    if (this.isConnected) this.#attach();
  }

  connectedCallback(): void {
    // A property set before this class was known hides the accessor.
    if (Object.hasOwn(this, "upcue")) {
      const early = this.upcue;
      delete (this as { upcue?: unknown }).upcue;
      this.#given = early;
    }
    this.#attach();
    this.#ends.push(onLatest(() => this.#attach()));
  }

  disconnectedCallback(): void {
    this.#ends.splice(0).forEach((end) => end());
    this.#leave();
  }

  attributeChangedCallback(): void {
    if (this.isConnected) this.#draw();
  }

  /** Whether there is something to draw from. */
  protected usable(upcue: Upcue): boolean {
    return upcue.ready;
  }

  /** @internal What the page put between the tags. */
  showFallback(shown: boolean): void {
    this.#fallback.hidden = !shown;
  }

  /** Draws what the instance says now. */
  protected abstract draw(upcue: Upcue): void;
  /** Takes away what was drawn. */
  protected abstract clear(upcue: Upcue | undefined): void;

  #attach(): void {
    const { upcue } = this;
    if (upcue !== this.#used) {
      this.#leave();
      this.#used = upcue;
      this.#stop = upcue?.on("change", () => this.#draw());
    }
    this.#draw();
  }

  #stop: (() => void) | undefined;

  #leave(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.clear(this.#used);
    this.#used = undefined;
  }

  #draw(): void {
    const upcue = this.#used;
    const usable = !!upcue && this.usable(upcue);
    this.showFallback(!usable);
    if (usable) this.draw(upcue);
    else this.clear(upcue);
  }
}
