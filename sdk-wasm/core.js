// A core: what an instance of the wasm module exports (src/lib.rs), and how it is handed bytes.

export function coreOf(compiled) {
  const core = { ...new WebAssembly.Instance(compiled).exports };
  core.apply = (frame, device) => {
    const at = core.buffer(frame.length);
    new Uint8Array(core.memory.buffer, at).set(frame);
    return core.take(device);
  };
  // Some other module fails here.
  core.now(0);
  return core;
}
