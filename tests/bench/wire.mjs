// What travels until a page can decide: ours beside the libraries of others, all bundled, minified and compressed alike.

import { readFile } from "node:fs/promises";
import path from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { built } from "../support/stack.mjs";
import { PEERS, peer } from "./support/peers.mjs";
import { bench, row } from "./support/report.mjs";

const WASM = "upcue_core_bg.wasm";
/** What the core is to stay below, and all elements together; in bytes. */
const CORE = 16_000;
const ELEMENTS = 14_000;

await bench("size-peers", 120_000, async () => {
  const core = [WASM, ...(await modules("index.js"))];
  const elements = (await modules("define.js", true)).filter((file) => !core.includes(file));
  const [ours, more] = [await travels(core), await travels(elements)];
  const rows = [row("core", ours, "B", CORE, CORE), row("elements", more, "B", ELEMENTS, ELEMENTS)];
  for (const name of PEERS) rows.push(row(`core-beside-${name}`, ours, "B", compressed(await peer(name))));
  return rows;
});

/** A module of the package and what it imports; with `lazily`, what it loads later on as well. */
async function modules(entry, lazily = false) {
  const found = [entry];
  for (const file of found) {
    const text = await readFile(path.join(built.sdk, file), "utf8");
    for (const [, lazy, address] of text.matchAll(/\b(?:import|from)\s*(\(?)\s*"(\.[^"]+\.js)"/g)) {
      const name = path.posix.join(path.posix.dirname(file), address);
      if ((!lazy || lazily) && !found.includes(name)) found.push(name);
    }
  }
  return found;
}

/** Bytes of these files, each compressed by itself, as a server sends them. */
async function travels(files) {
  const contents = await Promise.all(files.map((file) => readFile(path.join(built.sdk, file))));
  return contents.reduce((sum, content) => sum + compressed(content), 0);
}

function compressed(content) {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22 };
  return brotliCompressSync(content, { params }).length;
}
