// A page's script in Node: `in-node.mjs <script>`; the order and the answer are JSON, in and out. Node is given the few things
// of a browser that the package asks for.

import { json } from "node:stream/consumers";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

const { task, ...options } = await json(process.stdin);
await import(process.argv[2]);

// Only now: others would take this for a whole browser.
const page = new EventTarget();
Object.assign(globalThis, {
  addEventListener: page.addEventListener.bind(page),
  dispatchEvent: page.dispatchEvent.bind(page),
  location: { search: "" },
  document: Object.assign(new EventTarget(), { baseURI: "http://page/", documentElement: { lang: "en" }, hidden: false, visibilityState: "visible" }),
});
navigator.sendBeacon ??= () => true;

const answer = await (task === "measure" ? globalThis.bench.measure(options) : heap(options));
process.stdout.write(`${JSON.stringify(answer)}\n`, () => process.exit());

/** Bytes of wasm memory, and of JavaScript's heap: beyond what was there before, and that. */
async function heap(options) {
  // What Node needs to ask for anything is no page's.
  await (await fetch(options.wasm)).arrayBuffer();
  const before = used();
  const wasm = await globalThis.bench.keep(options);
  return { wasm, heap: used() - before, without: before };
}

function used() {
  for (let i = 0; i < 5; i++) collect();
  return process.memoryUsage().heapUsed;
}
