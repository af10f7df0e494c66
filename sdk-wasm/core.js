// A core: what an instance of the wasm module exports (src/lib.rs), and how it is handed bytes.

let compiled;

/** Says which module cores are made of. */
export function initSync({ module }) {
  compiled = module;
}

export class Core {
  constructor() {
    Object.assign(this, new WebAssembly.Instance(compiled).exports);
  }

  apply(frame, device) {
    const at = this.buffer(frame.length);
    new Uint8Array(this.memory.buffer, at).set(frame);
    return this.take(device);
  }
}
