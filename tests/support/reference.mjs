// The reference (`/openapi.json`) held against what the Worker really answers: every answer that a test gets of it, whatever the test is
// about, must be described, to the last field.

import assert from "node:assert/strict";
import Ajv2020 from "ajv/dist/2020.js";

/** By the address of a Worker: its reference, once somebody asks it something. */
const references = new Map();

/** Says that a Worker is at this address, so that its answers are checked. */
export const watch = (url) => references.set(new URL(url).origin, undefined);

/** Asks a Worker what may lead elsewhere, as a browser does up to the first answer, and checks what it says. */
export async function ask(url, { method = "GET", headers = {}, body } = {}) {
  const response = await fetch(url, { method, headers, body, redirect: "manual" });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get("content-type") ?? "");
  const answer = { status: response.status, headers: response.headers, body: isJson && text ? JSON.parse(text) : text };
  await check(method, url, answer);
  return answer;
}

/** Checks an answer, if it is a Worker's: `{status, headers, body}`, with the body parsed where it is JSON. */
export async function check(method, url, answer) {
  const { origin, pathname } = new URL(url);
  // What is in builds for tests only, and preflights, which are answered for every path alike, are not described.
  if (!references.has(origin) || pathname.startsWith("/dev/") || method === "OPTIONS") return;
  // The Workers of one run are all of one build.
  if (!references.get(origin)) references.set(origin, [...references.values()].find(Boolean) ?? read(origin));
  const reference = await references.get(origin);
  reference.see(method, pathname, answer);
  const wrong = reference.complaint(method, pathname, answer);
  assert.equal(wrong, undefined, `${method} ${pathname} answered ${answer.status} ${JSON.stringify(answer.body)?.slice(0, 600)}`);
}

/** The reference that a Worker's answers are checked by. */
export const referenceOf = (url) => references.get(new URL(url).origin);

/** The reference of a Worker. */
async function read(url) {
  const answer = await fetch(`${new URL(url).origin}/openapi.json`);
  assert.equal(answer.status, 200);
  return new Reference(await answer.json());
}

/** A reference that can tell what is wrong with an answer. */
class Reference {
  #ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  #checks = new Map();
  /** What was answered so far: call, status, media type. */
  seen = new Set();

  constructor(document) {
    this.document = document;
    this.#ajv.addSchema(closed(structuredClone(document)), "reference");
    this.calls = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation, pattern: pattern(path) })),
    );
    // What is written out goes before what stands for anything.
    this.calls.sort((a, b) => a.path.split("{").length - b.path.split("{").length);
  }

  /** The call that a request is one of. */
  find(method, path) {
    const wanted = method === "HEAD" ? "GET" : method;
    return this.calls.find((call) => call.method === wanted && call.pattern.test(path));
  }

  /** Remembers an answer. */
  see(method, path, answer) {
    const call = this.find(method, path);
    const media = answer.headers.get("content-type")?.split(";")[0];
    if (call && method !== "HEAD") this.seen.add([call.method, call.path, answer.status, media].filter(Boolean).join(" "));
  }

  /** Every answer that is described and no problem, as `see` remembers them. */
  get answers() {
    return this.calls.flatMap(({ method, path, operation }) =>
      Object.entries(operation.responses)
        .filter(([, response]) => !response.$ref)
        .flatMap(([status, { content }]) => Object.keys(content ?? { "": 0 }).map((media) => [method, path, status, media].filter(Boolean).join(" "))),
    );
  }

  /** What is wrong with an answer, in words. */
  complaint(method, path, answer) {
    const call = this.find(method, path);
    const media = answer.headers.get("content-type")?.split(";")[0];
    if (!call) {
      const expected = this.calls.some((call) => call.pattern.test(path)) ? 405 : 404;
      if (answer.status !== expected) return `nothing is described here, so ${expected} is expected`;
      return this.#misfit("#/components/schemas/Problem", answer.body);
    }
    const described = call.operation.responses[answer.status];
    if (!described) return `${call.method} ${call.path} has no ${answer.status}`;
    const { at, response } = this.#response(call, answer.status, described);
    for (const name of Object.keys(response.headers ?? {})) {
      if (!answer.headers.has(name)) return `the header ${name} is missing`;
    }
    if (method === "HEAD") return undefined;
    if (!response.content) return answer.body ? "no body is described" : undefined;
    if (!response.content[media]) return `${media} is not described, but ${Object.keys(response.content)}`;
    return this.#misfit(`${at}/content/${escape(media)}/schema`, answer.body);
  }

  /** What is wrong with a body that is sent. */
  wish(call, body) {
    const content = call.operation.requestBody?.content["application/json"];
    return content && this.#misfit(`#/paths/${escape(call.path)}/${call.method.toLowerCase()}/requestBody/content/application~1json/schema`, body);
  }

  #response(call, status, described) {
    const at = described.$ref ?? `#/paths/${escape(call.path)}/${call.method.toLowerCase()}/responses/${status}`;
    return { at, response: described.$ref ? this.document.components.responses[described.$ref.split("/").at(-1)] : described };
  }

  #misfit(at, value) {
    if (!this.#checks.has(at)) this.#checks.set(at, this.#ajv.compile({ $ref: `reference${at}` }));
    const fits = this.#checks.get(at);
    if (fits(value)) return undefined;
    return fits.errors.map(({ instancePath, message, params }) => `${instancePath || "the body"} ${message} ${JSON.stringify(params)}`).join("; ");
  }
}

/** A pattern of a path: `{…}` stands for one segment. */
const pattern = (path) => new RegExp(`^${path.replaceAll(".", "\\.").replace(/\{[^}]+\}/g, "[^/]+")}$`);

/** A part of a JSON pointer in an address. */
const escape = (part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));

/** The document with every object closed: readers are told to expect further fields, and here none may be forgotten. */
function closed(part) {
  if (Array.isArray(part)) part.forEach(closed);
  else if (part !== null && typeof part === "object") {
    Object.values(part).forEach(closed);
    const isObject = part.type === "object" || (Array.isArray(part.type) && part.type.includes("object"));
    if (isObject && typeof part.properties === "object" && part.additionalProperties === undefined) part.additionalProperties = false;
  }
  return part;
}
