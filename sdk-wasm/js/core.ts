// The wasm core: compiled once per page.

import { type Core, coreOf } from "#core";
import { UpcueError } from "./failure.js";
import type { WasmSource } from "./types.js";

export type { Core };

let loading: Promise<WebAssembly.Module> | undefined;

/** Where the core comes from when the app does not say: every entry of the package has its own way, and puts it here. */
export const standard = {} as { source_: () => WasmSource };

/** A core that knows nothing yet. The module is loaded once; after a failure, an `UpcueError`, the next call tries again. */
export async function loadCore(source?: WasmSource): Promise<Core> {
  try {
    return coreOf(await (loading ??= compile(source ?? standard.source_())));
  } catch (error) {
    loading = undefined;
    throw new UpcueError("wasm", error);
  }
}

/** Without streaming: the module is small, and need not be served under its own MIME type. */
async function compile(source: WasmSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  if (!(source as ArrayBuffer).byteLength) {
    const answer = source instanceof Response ? source : await fetch(source as RequestInfo);
    if (!answer.ok) throw answer.status;
    source = await answer.arrayBuffer();
  }
  // Not at once: Chromium before 114 refuses that above 4 kB.
  return WebAssembly.compile(source as BufferSource);
}
