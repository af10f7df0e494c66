// The page's own script with Stigg, which keeps nothing between visits: it asks its edge.
import { default as sdk } from "@stigg/js-client-sdk";

const { default: Stigg } = sdk; // a CommonJS module
const stigg = Stigg.initialize({ apiKey: "client-bench", customerId: "acme", baseUri: location.origin, baseEdgeUri: `${location.origin}/stigg` });
const decide = () => {
  const { hasAccess } = stigg.getBooleanEntitlement({ featureId: "app.header" });
  if (!hasAccess) return;
  window.bench.decided("granted");
  window.bench.paint("granted");
};
await stigg.waitForInitialization();
decide();
