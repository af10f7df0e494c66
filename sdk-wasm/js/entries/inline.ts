// `upcue/inline`: the core is in the script, for pages that cannot serve a .wasm file.

import base64 from "#core-wasm";
import { standard } from "../core.js";
import { decode } from "../kept.js";

export { UpcueError } from "../failure.js";
export type * from "../index.js";
export { Upcue } from "../upcue.js";

standard.source_ = () => decode(base64);
