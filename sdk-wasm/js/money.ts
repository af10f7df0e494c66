// Amounts of money as people write them. How many decimals a whole number stands for is Stripe's to say, and Stripe does not
// always follow ISO 4217: https://docs.stripe.com/currencies#minor-units

const names = (list: string) => new Set(list.split(" "));

/** One unit is the smallest there is. */
const ZERO_DECIMALS = names("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf");
const THREE_DECIMALS = names("bhd jod kwd omr tnd");
/** Counted in hundredths although nothing smaller than one has existed for long: the hundredths are nought. */
const WHOLE_HUNDREDS = names("isk ugx");

/** So many decimals has `currency` at Stripe. */
export const decimals = (currency: string): number => (ZERO_DECIMALS.has(currency) ? 0 : THREE_DECIMALS.has(currency) ? 3 : 2);

/**
 * `money(1450, "usd", "en")` is "$14.50". `short` leaves out decimals that are nought, for prices in a list; what is charged
 * is always written out.
 */
export function money(amount: number, currency: string, locale: string | undefined, short = false): string {
  const name = currency.toLowerCase();
  const places = decimals(name);
  const value = amount / 10 ** places;
  const bare = Number.isInteger(value) && (short || WHOLE_HUNDREDS.has(name));
  const shown = bare ? 0 : places;
  return formatter(name, shown, locale).format(value);
}

const formatters = new Map<string, Intl.NumberFormat>();

function formatter(currency: string, places: number, locale: string | undefined): Intl.NumberFormat {
  const key = [currency, places, locale].join();
  let made = formatters.get(key);
  if (!made) {
    made = new Intl.NumberFormat(locale, {
      style: "currency",
      currency,
      minimumFractionDigits: places,
      maximumFractionDigits: places,
    });
    formatters.set(key, made);
  }
  return made;
}
