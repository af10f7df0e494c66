// `upcue/slim`: no core, the app passes `wasm`. On servers it is `upcue` itself: nothing to load, inert answers.

export { UpcueError } from "../failure.js";
export type * from "../index.js";
export { Upcue } from "../upcue.js";
