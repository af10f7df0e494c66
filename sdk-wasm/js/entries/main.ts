// `upcue` in a browser: the core lies beside this script, where bundlers find it too.

import { standard } from "../core.js";

export * from "../index.js";

standard.source_ = () => new URL("./upcue_core_bg.wasm", import.meta.url);
