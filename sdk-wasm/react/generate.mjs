// node generate.mjs <sdk-wasm/js> <package>: writes custom-elements.json, and from it react.js and react.d.ts.

import { writeFile } from "node:fs/promises";
import path from "node:path";
import { describe } from "./manifest.mjs";
import { declarations, script } from "./wrapper.mjs";

const [sources, output] = process.argv.slice(2);
const manifest = await describe(sources);
for (const [name, content] of [
  ["custom-elements.json", `${JSON.stringify(manifest, null, 2)}\n`],
  ["react.js", script(manifest)],
  ["react.d.ts", declarations(manifest)],
]) {
  await writeFile(path.join(output, name), content);
}
