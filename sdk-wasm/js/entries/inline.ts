// `upcue/inline`: the core is in the script, for pages that cannot serve a .wasm file.

import base64 from "#core-wasm";
import { standard } from "../core.js";

export * from "../index.js";

standard.source_ = () => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
