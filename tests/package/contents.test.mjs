// The tarball itself: what is in it, what its types promise, and that importing any of it does nothing.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { before, describe, test } from "node:test";
import { promisify } from "node:util";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { startChromium } from "../support/browser.mjs";
import { root } from "../support/stack.mjs";
import { install, pack, serve } from "./support.mjs";

const run = promisify(execFile);

describe("the packed package", () => {
  let app;
  let upcue;
  let manifest;
  before(async () => {
    app = await install("types");
    upcue = path.join(app, "node_modules/upcue");
    manifest = JSON.parse(await readFile(path.join(upcue, "package.json"), "utf8"));
  });

  /** Runs a module in the app's directory; what it prints, parsed. */
  const evaluate = async (code, ...flags) => {
    const { stdout } = await run(process.execPath, [...flags, "--input-type=module", "--eval", code], { cwd: app });
    return JSON.parse(stdout);
  };
  const entries = () => Object.keys(manifest.exports).filter((name) => !/\*|json|wasm/.test(name)).map((name) => name.replace(".", "upcue"));

  test("publint has nothing to say", async () => {
    const tarball = await readFile(await pack());
    const { messages, pkg } = await publint({ pack: { tarball: tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.byteLength) }, strict: true });
    assert.deepEqual(messages.map((message) => formatMessage(message, pkg)), []);
  });

  test("its types are found, and are those of the scripts, by every way of resolving ES modules", async () => {
    const found = await checkPackage(createPackageFromTarballData(await readFile(await pack())), {
      excludeEntrypoints: ["./wasm", "./custom-elements.json"],
    });
    // From CommonJS the package is reached by `import()` or by Node's `require(esm)`, and the old resolution knows no `exports`.
    const problems = found.problems.filter(({ kind, resolutionKind }) => kind !== "CJSResolvesToESM" && resolutionKind !== "node10");
    assert.deepEqual(problems, []);
    assert.ok(Object.keys(found.entrypoints).length >= 6, Object.keys(found.entrypoints).join());
  });

  for (const [resolution, flags] of [
    ["Node", []],
    ["bundlers", ["--module", "esnext", "--moduleResolution", "bundler"]],
  ]) {
    test(`a strict compiler that resolves as ${resolution} is content with a customer's code`, async () => {
      const tsc = path.join(root, "node_modules/.bin/tsc");
      await run(tsc, ["--project", "tsconfig.json", ...flags], { cwd: app }).catch(({ stdout }) => assert.fail(stdout));
    });
  }

  test("it holds no declaration that no entry leads to, and names nothing internal", async () => {
    const files = await readdir(upcue, { recursive: true });
    const { stdout } = await run(
      path.join(root, "node_modules/.bin/tsc"),
      ["--project", "tsconfig.json", "--listFilesOnly"],
      { cwd: app },
    );
    const reached = stdout.split("\n").filter((file) => file.includes("/node_modules/upcue/")).map((file) => path.relative(upcue, file));
    const declarations = files.filter((file) => file.endsWith(".d.ts") && !file.startsWith("locales/"));
    assert.deepEqual(declarations.sort(), reached.sort());
    for (const file of declarations) {
      const text = await readFile(path.join(upcue, file), "utf8");
      assert.doesNotMatch(text, /@internal|#core|\bany\b(?=[;,)>\]])/, file);
    }
  });

  test("it holds scripts, types, the wasm and its papers, and nothing else", async () => {
    const files = (await readdir(upcue, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    const others = files.map(({ name }) => name).filter((name) => !/\.(js|d\.ts)$/.test(name));
    assert.deepEqual(others.sort(), ["LICENSE", "README.md", "custom-elements.json", "package.json", "upcue_core_bg.wasm"]);
    assert.match(manifest.version, /^\d+\.\d+\.\d+/);
  });

  test("importing it on a server does nothing: no global, no timer, no request", async () => {
    const { made, held, asked } = await evaluate(`
      const before = new Set(Reflect.ownKeys(globalThis));
      let asked = 0;
      globalThis.fetch = () => { asked++; return Promise.reject(new Error("no network here")); };
      for (const entry of ${JSON.stringify(entries())}) await import(entry);
      const made = Reflect.ownKeys(globalThis).filter((key) => !before.has(key)).map(String);
      console.log(JSON.stringify({ made, asked, held: process.getActiveResourcesInfo().filter((name) => /Timeout|TCP|Message/.test(name)) }));
    `);
    assert.deepEqual({ made, held, asked }, { made: [], held: [], asked: 0 });
  });

  for (const [where, flags] of [["Node", []], ["an edge worker", ["--conditions=workerd"]], ["React's server", ["--conditions=react-server"]]]) {
    test(`in ${where} it answers, knows nothing, asks nobody, and brings no wasm`, async () => {
      const answer = await evaluate(
        `
        globalThis.fetch = () => { throw new Error("no network here"); };
        const { Upcue } = await import("upcue");
        const upcue = await Upcue.load({ endpoint: "https://upcue.example.com", token: "jwt" });
        upcue.usage("api_calls", 5);
        upcue.track("seen");
        const { nudge, reason } = upcue.decide("app.header");
        const from = import.meta.resolve("upcue").split("/").pop();
        console.log(JSON.stringify({ from, nudge, reason, granted: upcue.entitlement("sso").granted, meter: upcue.meter("api_calls"), ready: upcue.ready }));
        upcue.close();
      `,
        ...flags,
      );
      assert.deepEqual(answer, { from: "slim.js", nudge: null, reason: "not_ready", granted: true, meter: null, ready: false });
    });
  }

  test("with a browser's conditions it is the one that brings the wasm", async () => {
    const from = await evaluate(`console.log(JSON.stringify(import.meta.resolve("upcue").split("/").pop()))`, "--conditions=browser");
    assert.equal(from, "index.js");
  });

  test("without wasm `upcue/slim` says so and blocks nothing", async (t) => {
    const browser = await startChromium(t);
    const url = await serve(t, upcue, { worker: { url: "" }, token: () => "jwt" });
    const page = await browser.newPage();
    await page.goto(`${url}README.md`);
    const told = await page.evaluate(async () => {
      const { Upcue } = await import("/slim.js");
      const heard = [];
      const loading = Upcue.load({ endpoint: location.origin, token: "jwt" });
      const upcue = await loading;
      upcue.on("error", ({ code, message }) => heard.push([code, message]));
      dispatchEvent(new Event("online"));
      await new Promise((resolve) => upcue.on("error", resolve));
      const granted = upcue.entitlement("sso").granted;
      upcue.close();
      return { heard, granted };
    });
    assert.deepEqual(told, { heard: [["wasm", "upcue: wasm: this entry carries no wasm: pass `wasm`"]], granted: true });
  });

  test("the manifest of custom elements describes what is registered", async (t) => {
    const { modules } = JSON.parse(await readFile(path.join(upcue, manifest.customElements), "utf8"));
    const described = modules.flatMap(({ declarations }) => declarations);
    const browser = await startChromium(t);
    const url = await serve(t, upcue, { worker: { url: "" } });
    const page = await browser.newPage();
    await page.goto(`${url}README.md`);
    const registered = await page.evaluate(async (tags) => {
      const exported = await import("/define.js");
      return tags.map((tag) => {
        const found = customElements.get(tag);
        const name = Object.keys(exported).find((key) => exported[key] === found);
        return { tag, name, observed: [...(found?.observedAttributes ?? [])] };
      });
    }, described.map(({ tagName }) => tagName));
    for (const [i, { name, tagName, attributes }] of described.entries()) {
      assert.deepEqual([registered[i].tag, registered[i].name], [tagName, name]);
      const missing = registered[i].observed.filter((attribute) => !attributes.some((one) => one.name === attribute));
      assert.deepEqual(missing, [], `${tagName} observes these and does not describe them`);
    }
    // Every event the types know is fired by an element, says its comment; the React components hear no others.
    const types = await readFile(path.join(upcue, "define.d.ts"), "utf8");
    const known = new Set([...types.matchAll(/"(upcue-[a-z]+)": CustomEvent/g)].map(([, name]) => name));
    assert.deepEqual(new Set(described.flatMap(({ events }) => events.map(({ name }) => name))), known);
  });
});
