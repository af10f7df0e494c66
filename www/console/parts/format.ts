// Numbers, money and time as the reader's language writes them.

const language = (): string => navigator.language || "en";
const cached = new Map<string, Intl.NumberFormat>();

function formatter(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const name = language() + JSON.stringify(options);
  const known = cached.get(name) ?? new Intl.NumberFormat(language(), options);
  cached.set(name, known);
  return known;
}

export const number = (value: number | null | undefined): string =>
  value == null ? "–" : formatter({ maximumFractionDigits: 2 }).format(value);

/** A number on an axis: 12K. */
export const compact = (value: number): string => formatter({ notation: "compact", maximumFractionDigits: 1 }).format(value);

/** Minor units as money, in the currency's own number of digits; round amounts without them. An app without prices has no currency. */
export function money(minor: number | null | undefined, currency: string): string {
  if (minor == null) return "–";
  if (!currency) return number(minor);
  const digits = digitsOf(currency);
  const amount = minor / 10 ** digits;
  const shown = Number.isInteger(amount) ? 0 : digits;
  return formatter({ style: "currency", currency, minimumFractionDigits: shown, maximumFractionDigits: shown }).format(amount);
}

export function compactMoney(minor: number, currency: string): string {
  if (!currency) return compact(minor);
  return formatter({ style: "currency", currency, notation: "compact", maximumFractionDigits: 1 }).format(minor / 10 ** digitsOf(currency));
}

const digitsOf = (currency: string): number => formatter({ style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;

/** A fraction as a percentage. */
export const percent = (fraction: number | null | undefined, digits = 1): string =>
  fraction == null || !Number.isFinite(fraction) ? "–" : formatter({ style: "percent", maximumFractionDigits: digits }).format(fraction);

/** A difference of two shares, in percentage points and with its sign. */
export const points = (difference: number): string =>
  `${formatter({ maximumFractionDigits: 1, signDisplay: "exceptZero" }).format(difference * 100)} pp`;

/** `part` of `whole` as a percentage; a dash of nothing. */
export const share = (part: number, whole: number): string => (whole > 0 ? percent(part / whole) : "–");

export const count = (value: number, one: string, many = `${one}s`): string => `${number(value)} ${value === 1 ? one : many}`;

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
] as const;

/** A length of time in its largest unit that says something. */
export function duration(ms: number | null | undefined): string {
  if (ms == null) return "–";
  if (ms < 1_000) return `${number(Math.round(ms))} ms`;
  const [unit, size] = UNITS.find(([, size]) => ms >= size) ?? UNITS[3];
  return formatter({ style: "unit", unit, unitDisplay: "long", maximumFractionDigits: ms < 10 * size ? 1 : 0 }).format(ms / size);
}

export const dateTime = (at: number): string =>
  new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "medium" }).format(at);
export const shortTime = (at: number): string => new Intl.DateTimeFormat(language(), { timeStyle: "medium" }).format(at);
export const date = (at: number): string => new Intl.DateTimeFormat(language(), { dateStyle: "medium" }).format(at);
/** A day as the Worker names it (`2026-11-29`), which is a day of UTC. */
export const day = (text: string): string =>
  new Intl.DateTimeFormat(language(), { day: "numeric", month: "short", timeZone: "UTC" }).format(Date.parse(`${text}T00:00:00Z`));

/** “3 hours ago”, “in 2 days”. */
export function ago(at: number, now = Date.now()): string {
  const gap = at - now;
  const words = new Intl.RelativeTimeFormat(language(), { numeric: "auto" });
  const [unit, size] = UNITS.find(([, size]) => Math.abs(gap) >= size) ?? UNITS[3];
  return words.format(Math.round(gap / size), unit);
}
