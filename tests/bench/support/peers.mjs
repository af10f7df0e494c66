// The libraries of others, as pages would carry them: all that is needed for the first decision, bundled and minified.

import { bundle } from "./serve.mjs";

const ENTRIES = {
  growthbook: 'export { GrowthBook } from "@growthbook/growthbook";',
  schematic: 'export { Schematic } from "@schematichq/schematic-js";',
  posthog: 'export { default } from "posthog-js";',
  stigg: 'export { default } from "@stigg/js-client-sdk";',
};
export const PEERS = Object.keys(ENTRIES);

/** The library alone. */
export const peer = (name) => bundle(undefined, { stdin: { contents: ENTRIES[name], resolveDir: import.meta.dirname }, entryPoints: undefined });
