// The module workerd loads: the Rust Worker behind a guard.
//
// A panic in wasm cannot unwind: it surfaces as a global `error` event and leaves every promise of the instance
// pending for ever. So each call into Rust races against the next panic; when one comes, all calls in flight are
// rejected at once and a fresh instance takes over. What was written to storage before the panic stays written.
import { DurableObject } from "cloudflare:workers";
import * as rust from "#worker";

let generation = 0;
const inFlight = new Set();

addEventListener("error", (event) => panicked(event.error));
addEventListener("unhandledrejection", (event) => {
  if (event.reason instanceof WebAssembly.RuntimeError) panicked(event.reason);
});

/** Replaces the wasm instance and rejects every call that still waits for the old one. */
function panicked(error) {
  // A timer or fetch of the old instance coming home: its caller has long been answered.
  if (/previous wasm instance/i.test(error?.message)) return;
  generation += 1;
  const rejections = [...inFlight];
  inFlight.clear();
  console.error(JSON.stringify({ level: "error", event: "panic", in_flight: rejections.length, stack: error?.stack }));
  for (const reject of rejections) reject(error);
  rust.__wbg_reset_state();
}

/** Calls into Rust; settles with the call, or rejects with the panic that makes it hang. */
function guarded(call) {
  let reject;
  // A promise of this request's own: the runtime does not carry one request's promises over to another.
  const panic = new Promise((_, rejectPanic) => (reject = rejectPanic));
  inFlight.add(reject);
  try {
    return Promise.race([call(), panic]).finally(() => inFlight.delete(reject));
  } catch (error) {
    panicked(error);
    return panic;
  }
}

/** A Durable Object around the Rust class of that name, made anew when its instance is gone. */
function durable(name) {
  return class extends DurableObject {
    #object;
    #generation;

    #run(method, ...args) {
      return guarded(() => {
        if (this.#generation !== generation) {
          this.#object = new rust[name](this.ctx, this.env);
          this.#generation = generation;
        }
        return this.#object[method](...args);
      });
    }

    fetch(request) {
      return this.#run("fetch", request);
    }
    alarm() {
      return this.#run("alarm");
    }
    webSocketMessage(socket, message) {
      return this.#run("webSocketMessage", socket, message);
    }
    webSocketClose(socket, code, reason, wasClean) {
      return this.#run("webSocketClose", socket, code, reason, wasClean);
    }
    webSocketError(socket, error) {
      return this.#run("webSocketError", socket, error);
    }
  };
}

export class TenantObject extends durable("TenantObject") {}
export class AppObject extends durable("AppObject") {}

const INTERNAL_ERROR = JSON.stringify({
  type: "https://upcue.dev/problems/internal",
  title: "Internal error",
  status: 500,
  code: "internal",
  detail: "The request failed in an unforeseen way. It is safe to try again; what was acknowledged before is kept.",
});

function internalError(error) {
  console.error(JSON.stringify({ level: "error", event: "request", status: 500, code: "internal", error: String(error) }));
  return new Response(INTERNAL_ERROR, {
    status: 500,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
  });
}

const handlers = {
  fetch(request, env, ctx) {
    const response = guarded(() => rust.fetch(request, env, ctx)).catch(internalError);
    // A client that hangs up must not leave an upgrade half done, nor a Rust future that nobody ever resumes.
    ctx.waitUntil(response);
    return response;
  },
};
if ("scheduled" in rust) {
  handlers.scheduled = (event, env, ctx) => guarded(() => rust.scheduled(event, env, ctx));
}

export default handlers;
