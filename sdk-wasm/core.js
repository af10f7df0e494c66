// A core: what an instance of the wasm module exports (src/lib.rs; the bundler puts the letters of names.json), and how it is handed bytes.

export function coreOf(compiled) {
  const core = { ...new WebAssembly.Instance(compiled).exports };
  core.apply_ = (frame, device) => {
    const at = core.buffer_(frame.length);
    new Uint8Array(core.memory.buffer, at).set(frame);
    return core.take_(device);
  };
  // Some other module fails here.
  core.now_(0);
  return core;
}
