// The page's own script with GrowthBook; its features are cached by itself since the first visit.
import { GrowthBook } from "@growthbook/growthbook";

const growthbook = new GrowthBook({ apiHost: `${location.origin}/growthbook`, clientKey: "sdk-bench", attributes: window.STATE });
await growthbook.init({ timeout: 3000 });
const { value } = growthbook.evalFeature("app.header");
window.bench.decided(value);
window.bench.paint(value);
