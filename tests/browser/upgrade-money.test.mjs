// Amounts as people read them: the decimals are Stripe's, which are not always those of ISO 4217.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { transform } from "esbuild";
import { root } from "../support/stack.mjs";

const source = await readFile(path.join(root, "sdk-wasm/js/money.ts"), "utf8");
const { code } = await transform(source, { loader: "ts" });
const { money } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
const plain = (text) => text.replaceAll("\u00a0", " ");

for (const [amount, currency, locale, written] of [
  [1450, "usd", "en", "$14.50"],
  [-500, "usd", "en", "-$5.00"],
  [0, "usd", "en", "$0.00"],
  [1450, "eur", "de", "14,50 €"],
  [500, "jpy", "en", "¥500"],
  [500, "krw", "en", "₩500"],
  // ISO 4217 has two decimals for it, Stripe none.
  [500, "mga", "en", "MGA 500"],
  [5120, "kwd", "en", "KWD 5.120"],
  // Without decimals for years, and still counted in hundredths by Stripe.
  [500, "isk", "en", "ISK 5"],
  [500, "ugx", "en", "UGX 5"],
  [100_000, "twd", "en", "NT$1,000.00"],
  [100_000, "huf", "en", "HUF 1,000.00"],
  [9_007_199_254_740_900, "usd", "en", "$90,071,992,547,409.00"],
]) {
  test(`${amount} ${currency} is ${written}`, () => assert.equal(plain(money(amount, currency, locale)), written));
}

test("prices in a list go without decimals that are nought", () => {
  assert.equal(money(9900, "usd", "en", true), "$99");
  assert.equal(money(9950, "usd", "en", true), "$99.50");
});
