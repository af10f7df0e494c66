// The wasm core: compiled while it streams in, once per page.

import { Core, initSync } from "#core";
import type { WasmSource } from "./types.js";

export type { Core };

let loading: Promise<unknown> | undefined;

/** Where the core comes from when the app does not say: every entry of the package has its own way, `slim` none. */
export const standard: { source?: () => WasmSource } = {};

/** A core that knows nothing yet. The module is loaded once; after a failure the next call tries again. */
export async function loadCore(source = standard.source?.()): Promise<Core> {
  try {
    await (loading ??= load(source));
  } catch (error) {
    loading = undefined;
    throw error;
  }
  return new Core();
}

const load = async (source: WasmSource | undefined) => initSync({ module: await compile(source) });

async function compile(source: WasmSource | undefined): Promise<WebAssembly.Module> {
  if (!source) throw new Error("this entry carries no wasm: pass `wasm`");
  if (source instanceof WebAssembly.Module) return source;
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return WebAssembly.compile(source);
  const answer = source instanceof Response ? source : await fetch(source);
  if (!answer.ok) throw new Error(`${answer.status} ${answer.url}`);
  // Streaming wants the right MIME type, and a Response can be read only once.
  const copy = answer.clone();
  try {
    return await WebAssembly.compileStreaming(answer);
  } catch {
    return WebAssembly.compile(await copy.arrayBuffer());
  }
}
