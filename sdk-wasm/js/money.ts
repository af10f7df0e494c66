// Amounts of money as people write them. How many decimals a whole number stands for is Stripe's to say, and Stripe does not
// always follow ISO 4217: https://docs.stripe.com/currencies#minor-units

/** One unit is the smallest there is. */
const ZERO_DECIMALS = /bif|clp|djf|gnf|jpy|kmf|krw|mga|pyg|rwf|vnd|vuv|xaf|xof|xpf/i;
const THREE_DECIMALS = /bhd|jod|kwd|omr|tnd/i;
/** Counted in hundredths although nothing smaller than one has existed for long: the hundredths are nought. */
const WHOLE_HUNDREDS = /isk|ugx/i;

/** So many decimals has `currency` at Stripe. */
export const decimals = (currency: string): number => (ZERO_DECIMALS.test(currency) ? 0 : THREE_DECIMALS.test(currency) ? 3 : 2);

/**
 * `money(1450, "usd", "en")` is "$14.50". `short` leaves out decimals that are nought, for prices in a list; what is charged
 * is always written out.
 */
export function money(amount: number, currency: string, locale: string | undefined, short = false): string {
  const places = decimals(currency);
  const value = amount / 10 ** places;
  const digits = value % 1 === 0 && (short || WHOLE_HUNDREDS.test(currency)) ? 0 : places;
  return value.toLocaleString(locale, {
    style: "currency",
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
