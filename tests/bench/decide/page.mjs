// The script of the measured page, the same for Chromium and for Node: `bench` is what the benchmark calls.

import { Ours } from "./evaluators.mjs";
import { measure } from "./measure.mjs";

// A page's other sides stay silent: no live connection that brings frames in the middle of a measurement.
globalThis.WebSocket = class {
  static OPEN = 1;
  readyState = 0;
  close() {}
  send() {}
};

/** The memory of every wasm module that is started, once that is asked for: held for nothing, some hundred of them are all that a browser has. */
let memories;
const { Instance } = WebAssembly;
WebAssembly.Instance = function (module, imports) {
  const instance = new Instance(module, imports);
  if (instance.exports.memory) memories?.push(instance.exports.memory);
  return instance;
};

const kept = [];

globalThis.bench = {
  async measure({ sdk, wasm, ...more }) {
    const { Upcue } = await import(sdk);
    return measure({ Upcue, wasm: await module(wasm), ...more });
  },

  /** Opens a page's instance and keeps it; the bytes of wasm memory. */
  async keep({ sdk, wasm, endpoint }) {
    const { Upcue } = await import(sdk);
    memories ??= [];
    const ours = await Ours.load(Upcue, { endpoint, wasm: await module(wasm) });
    kept.push(ours);
    const answer = ours.decide();
    if (answer === null) throw new Error("no campaign is shown");
    return memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
  },
};

const module = async (address) => WebAssembly.compile(await (await fetch(address)).arrayBuffer());
