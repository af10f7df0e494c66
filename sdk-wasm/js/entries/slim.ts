// `upcue/slim`: no core, the app passes `wasm`. On servers it is `upcue` itself: nothing to load, inert answers.

export * from "../index.js";
