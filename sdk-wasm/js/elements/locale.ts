// The words of all elements in one language.

import type { MeterMessages } from "./meter.js";
import type { NudgeMessages } from "./nudge.js";
import type { PlansMessages } from "./plans/words.js";
import type { UpgradeMessages } from "./upgrade/words.js";

/** Words by number: `key_zero`, `key_one`, `key_two`, `key_few`, `key_many` go before `key` for the numbers they name. */
export type Plurals<M> = Partial<M> & { readonly [key in `${keyof M & string}_${Intl.LDMLPluralRule}`]?: string };

/** What elements say by themselves, for `setLocale`. Words that are missing are said in English. */
export interface Locale {
  /** The language, as `ar`: numbers, dates and plurals are written its way. */
  readonly lang: string;
  readonly nudge?: Plurals<NudgeMessages>;
  readonly meter?: Plurals<MeterMessages>;
  readonly plans?: Plurals<PlansMessages>;
  readonly upgrade?: Plurals<UpgradeMessages>;
}

/** @internal */
export type Voice = Exclude<keyof Locale, "lang">;

let spoken: Locale | undefined;

/** @internal The words in use for an element, if any were set. */
export const wordsOf = (voice: Voice): object | undefined => spoken?.[voice];

/** @internal Changes the words in use. */
export function speak(locale: Locale | undefined): void {
  spoken = locale;
}

/** @internal How numbers are written: the page's way where that is of the same language as the words. */
export const written = (page: string | undefined): string | undefined =>
  spoken && page?.split("-")[0] !== spoken.lang.split("-")[0] ? spoken.lang : page;
