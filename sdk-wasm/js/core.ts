// The wasm core: compiled once per page.

import { type Core, coreOf } from "#core";
import type { WasmSource } from "./types.js";

export type { Core };

let loading: Promise<WebAssembly.Module> | undefined;

/** Where the core comes from when the app does not say: every entry of the package has its own way. */
export const standard: { source_: () => WasmSource } = {
  source_() {
    throw new Error("this entry carries no wasm: pass `wasm`");
  },
};

/** A core that knows nothing yet. The module is loaded once; after a failure the next call tries again. */
export async function loadCore(source?: WasmSource): Promise<Core> {
  try {
    return coreOf(await (loading ??= compile(source ?? standard.source_())));
  } catch (error) {
    loading = undefined;
    throw error;
  }
}

/** Without streaming: the module is small, and need not be served under its own MIME type. */
async function compile(source: WasmSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  if ((source as ArrayBuffer).byteLength) return WebAssembly.compile(source as BufferSource);
  const answer = source instanceof Response ? source : await fetch(source as RequestInfo);
  if (!answer.ok) throw new Error(`${answer.status} ${answer.url}`);
  return WebAssembly.compile(await answer.arrayBuffer());
}
