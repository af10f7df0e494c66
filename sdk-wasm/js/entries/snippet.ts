// The file for a plain script tag. It brings everything else from beside itself, all at once, and makes the calls that
// were queued before it came. Nothing is evaluated from text, so it works under a strict Content-Security-Policy.

import type { Options } from "../types.js";
import type { Upcue } from "../upcue.js";

/** The scripts of `upcue` and `upcue/define`, entries first: the bundler's names for them. */
declare const UPCUE_MODULES: readonly string[];
declare const UPCUE_WASM: string;

/** What can be called by name: every method of an instance. */
type Method = { [K in keyof Upcue]: Upcue[K] extends (...args: never[]) => unknown ? K : never }[keyof Upcue];

/** `window.upcue`: queues calls until Upcue is loaded, then makes them in order. */
export interface UpcueCommand {
  /** Loads Upcue. Everything else waits for it. */
  (name: "load", options: Options): Promise<Upcue> | undefined;
  /** Calls a method of the instance. Until the script is there the answer is `undefined`. */
  <K extends Method>(name: K, ...args: Parameters<Upcue[K]>): Promise<Awaited<ReturnType<Upcue[K]>>> | undefined;
  /** Runs with the instance, for answers that are needed at once: `upcue((upcue) => upcue.decide("app.header"))`. */
  <T>(run: (upcue: Upcue) => T): Promise<Awaited<T>> | undefined;
  /** What was called before the script was there. */
  q?: ArrayLike<unknown>[];
  /** Set by the script, so that a second tag does nothing. */
  loaded?: true;
}

declare global {
  interface Window {
    upcue?: UpcueCommand;
  }
}

type Call = [name: string | ((upcue: Upcue) => unknown), ...args: unknown[]];

let told: unknown;

/** A failure is told once on the console. It must not count as the page's own, and whoever waits for the promise has it too. */
function quiet<T>(answer: Promise<T>): Promise<T> {
  answer.catch((cause) => {
    if (cause !== told) console.warn("upcue:", cause);
    told = cause;
  });
  return answer;
}

function start(here: string): void {
  const address = (file: string) => new URL(file, here).href;
  // One look at the network for all of it, instead of one for each layer of imports.
  const modules = Promise.all(UPCUE_MODULES.map((file) => import(address(file)))).then(
    ([main]: { Upcue: typeof Upcue }[]) => main!.Upcue,
  );
  let first: ((upcue: Promise<Upcue>) => void) | undefined;
  let instance = new Promise<Upcue>((resolve) => (first = resolve));
  // Whoever asks for them is told; until somebody does, it is no error of the page's.
  for (const early of [modules, instance]) early.catch(() => {});

  const load = (options: Options) => {
    if (!options.wasm) preload(address(UPCUE_WASM));
    const loading = quiet(modules.then((loaded) => loaded.load(options)));
    if (first) first(loading);
    else instance = loading;
    first = undefined;
    return loading;
  };
  const call = (...[name, ...args]: Call): Promise<unknown> => {
    if (name === "load") return load(args[0] as Options);
    return quiet(instance.then((upcue) => (typeof name === "function" ? name(upcue) : invoke(upcue, name, args))));
  };
  const queued = window.upcue?.q ?? [];
  window.upcue = Object.assign(call as UpcueCommand, { loaded: true as const });
  for (const waiting of queued) void call(...(Array.from(waiting) as Call));
}

function invoke(upcue: Upcue, name: string, args: unknown[]): unknown {
  const method = upcue[name as Method] as unknown;
  if (typeof method !== "function") throw new TypeError(`there is no method \`${name}\``);
  return method.apply(upcue, args);
}

/** The core is fetched while the scripts are, not after them. */
function preload(href: string): void {
  const link = document.createElement("link");
  Object.assign(link, { rel: "preload", as: "fetch", crossOrigin: "anonymous", href });
  document.head.append(link);
}

const script = typeof document === "undefined" ? null : (document.currentScript as HTMLScriptElement | null);
if (script?.src && !window.upcue?.loaded) start(script.src);
