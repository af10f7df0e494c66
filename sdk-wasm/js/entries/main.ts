// `upcue` in a browser: the core lies beside this script, where bundlers find it too.

import { standard } from "../core.js";

export { UpcueError } from "../failure.js";
export type * from "../index.js";
export { Upcue } from "../upcue.js";

standard.source_ = () => new URL("./upcue_core_bg.wasm", import.meta.url);
