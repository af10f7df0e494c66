// The page's own script with PostHog, which keeps its flags since the first visit; all that is not flags is switched off.
import posthog from "posthog-js";

posthog.init("phc_bench", {
  api_host: `${location.origin}/posthog`,
  persistence: "localStorage",
  autocapture: false,
  capture_pageview: false,
  capture_pageleave: false,
  disable_session_recording: true,
  disable_surveys: true,
});
let shown = false;
const decide = () => {
  const value = posthog.getFeatureFlag("app.header", { send_event: false });
  if (!value || shown) return;
  shown = true;
  window.bench.decided(value);
  window.bench.paint(value);
};
decide();
posthog.onFeatureFlags(decide);
