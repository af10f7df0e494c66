// `upcue/slim`: no core, the app passes `wasm`. On servers it is `upcue` itself: nothing to load, inert answers.

import { standard } from "../core.js";

export { UpcueError } from "../failure.js";
export type * from "../index.js";
export { Upcue } from "../upcue.js";

standard.source_ = () => {
  throw new Error("this entry carries no wasm: pass `wasm`");
};
