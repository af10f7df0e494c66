import { latestUpcue, onLatest } from "../latest.js";
import type { Upcue } from "../upcue.js";
import { make } from "./dom.js";
import { type Locale, type Voice, speak, wordsOf, written } from "./locale.js";
import { type Say, speech } from "./speech.js";
import { themed } from "./theme.js";

/** On a server there are no elements; importing must work all the same. */
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

const connected = new Set<UpcueElement<object>>();

/** @internal Has all elements look again. */
export const redrawAll = (): void => connected.forEach((element) => element.redraw_());

/** @internal Whether a dialog is open, of the page or of ours. */
export const isModal = (): boolean =>
  [document, ...[...connected].map(({ shadowRoot }) => shadowRoot!)].some((root) => root.querySelector(":modal"));

/** What all elements say from now on, those on the page too; `undefined`: English. */
export function setLocale(locale: Locale | undefined): void {
  speak(locale);
  redrawAll();
}

/** What an element shows, and how. */
export interface View {
  /** Whether there is something to draw before there is a snapshot. */
  readonly early_?: boolean;
  /** Draws what the instance says now; `anew`: what is drawn may be of other words, or for another attribute. */
  draw_(upcue: Upcue, anew: boolean): void;
  /** Takes away what was drawn. */
  clear_(upcue: Upcue | undefined): void;
}

/**
 * What all elements do: find an instance, draw again when something changed, and leave the page's own content in place
 * until there is something to draw from.
 */
export abstract class UpcueElement<M extends object> extends Base {
  /** Words of this element alone; they go before the class's, which go before those of `setLocale`. */
  // Set before this class was known, they are there already.
  messages: Partial<M> = (this as { messages?: Partial<M> }).messages ?? {};
  /** @internal What is drawn, out of reach of what the page's styles would hand down. */
  readonly stage_ = make("div.drawn");
  readonly #fallback = make("slot");
  #given: Upcue | undefined;
  #used: Upcue | undefined;
  #end: (() => void) | undefined;
  #stop: (() => void) | undefined;

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).append(this.#fallback, this.stage_);
    this.wear_("");
  }

  /** @internal Styles over the theme, in the place of those before. */
  wear_(css: string): void {
    this.shadowRoot!.adoptedStyleSheets = themed(css);
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
    connected.add(this);
    this.#attach();
    this.#end = onLatest(() => this.#attach());
  }

  disconnectedCallback(): void {
    connected.delete(this);
    this.#end?.();
    this.#leave();
  }

  attributeChangedCallback(): void {
    this.redraw_();
  }

  /** @internal Something that is drawn is another now. */
  redraw_(): void {
    if (this.isConnected) this.#draw(true);
  }

  /** @internal What the page put between the tags. */
  showFallback_(shown: boolean): void {
    this.#fallback.hidden = !shown;
  }

  /** @internal The words of this element, over those it was made with. */
  say_<W extends M>(voice: Voice, words: W): Say<W> {
    const { messages } = this.constructor as unknown as { messages: object };
    return speech(written(this.#used?.locale), { ...words, ...wordsOf(voice), ...messages, ...this.messages });
  }

  /** @internal Dispatches an event that leaves shadow roots; whether nobody objected. */
  tell_(name: string, detail: object): boolean {
    return this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, cancelable: true, detail }));
  }

  /** @internal */
  protected abstract readonly view_: View;

  #attach(): void {
    const { upcue } = this;
    if (upcue !== this.#used) {
      this.#leave();
      this.#used = upcue;
      this.#stop = upcue?.on("change", () => this.#draw());
    }
    this.#draw();
  }

  #leave(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.view_.clear_(this.#used);
    this.#used = undefined;
  }

  #draw(anew = false): void {
    const upcue = this.#used;
    const usable = upcue && (this.view_.early_ || upcue.ready);
    this.showFallback_(!usable);
    if (usable) this.view_.draw_(upcue, anew);
    else this.view_.clear_(upcue);
  }
}
