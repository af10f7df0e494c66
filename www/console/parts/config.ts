// The configuration in force, as other pages read it.

import { Refusal, ask } from "../api/client";
import type { Config } from "../api/shapes";
import { type Loading, useLoad } from "./load";

/** An app that has published nothing yet has an empty one. */
export const useConfig = (): Loading<Config> => useLoad("/v1/config", inForce);

async function inForce(signal: AbortSignal): Promise<Config> {
  try {
    return await ask<Config>("/v1/config", { signal });
  } catch (error) {
    if (error instanceof Refusal && error.status === 404 && !error.isUnknownCall) return {};
    throw error;
  }
}
