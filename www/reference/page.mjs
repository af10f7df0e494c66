// Writes the reference as one page: `node page.mjs openapi.json index.html`. It needs no script, so that it can be read, searched by the
// browser and linked into anywhere, and loads nothing but its style sheet.

import { readFileSync, writeFileSync } from "node:fs";

const [source, target] = process.argv.slice(2);
const reference = JSON.parse(readFileSync(source, "utf8"));
const { info, tags, paths, components, "x-problems": problems } = reference;

/** What a text must be written as between tags and in attributes. */
const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

/** A sentence with `code` in it. */
const words = (text = "") => escape(text).replace(/`([^`]+)`/g, "<code>$1</code>");

const CREDENTIALS = {
  user_token: "a user token",
  secret_key: "a secret key",
  operator_key: "the operator key",
  stripe_signature: "Stripe’s signature",
  mail_signature: "the provider’s signature",
};

const calls = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, ...operation })),
);
const named = (reference) => reference.split("/").at(-1);

/** A path that may be broken before each of its parts. */
const broken = (path) => escape(path).replaceAll("/", "<wbr>/").replace(/\{[^}]+\}/g, "<i>$&</i>");

/** What a value may be, in a line; objects are told below it. */
function type(schema) {
  if (schema.$ref) return `<a href="#${named(schema.$ref)}">${named(schema.$ref)}</a>`;
  if (schema.anyOf) return schema.anyOf.map(type).join(" | ");
  if (schema.enum) return schema.enum.map((word) => (word === null ? "null" : `"${escape(word)}"`)).join(" | ");
  const types = [schema.type ?? "anything"].flat();
  const one = { array: list, object: map, null: () => "null" };
  return types.map((name) => (one[name] ? one[name](schema) : escape(name) + bounds(schema))).join(" | ");
}

function list(schema) {
  const of = type(schema.items);
  return `${of.includes(" | ") ? `(${of})` : of}[]${between(schema.minItems, schema.maxItems)}`;
}

/** An object that only says what kind its members are of. */
const map = (schema) => (typeof schema.additionalProperties === "object" && !schema.properties ? `{ name: ${type(schema.additionalProperties)} }` : "object");

const bounds = (schema) => between(schema.minimum ?? schema.minLength, schema.maximum ?? schema.maxLength);

function between(least, most) {
  if (least === undefined && most === undefined) return "";
  const number = (n) => (n === undefined ? "" : n.toLocaleString("en"));
  return ` <small>${number(least)}…${number(most)}</small>`;
}

/** The members of an object, and of objects in it. */
function members(schema) {
  const inner = schema.type === "array" ? schema.items : schema;
  if (!inner?.properties) return "";
  const rows = Object.entries(inner.properties).map(([name, of]) => {
    const optional = inner.required?.includes(name) ? "" : ' <small title="may be missing">?</small>';
    return `<dt><code>${escape(name)}</code>${optional} <span>${type(of)}</span></dt><dd>${words(of.description)}${members(of)}</dd>`;
  });
  return `<dl>${rows.join("")}</dl>`;
}

/** A body or an answer: each media type with what it holds. */
function content(of = {}) {
  return Object.entries(of)
    .map(([media, { schema }]) => `<p class="media"><code>${escape(media)}</code> <span>${type(schema)}</span> ${words(schema.description)}</p>${members(schema)}`)
    .join("");
}

function parameters(of = []) {
  const all = of.map((parameter) => (parameter.$ref ? components.parameters[named(parameter.$ref)] : parameter));
  if (all.length === 0) return "";
  const rows = all.map(
    ({ name, in: place, required, description, schema }) =>
      `<dt><code>${escape(name)}</code>${required ? "" : ' <small title="may be missing">?</small>'} <span>${type(schema)}</span> <small>${place}</small></dt><dd>${words(description)}</dd>`,
  );
  return `<h4>Parameters</h4><dl>${rows.join("")}</dl>`;
}

/** The codes of a call's problems, by status. */
function refusals(responses) {
  const rows = Object.keys(responses).filter((status) => responses[status].$ref);
  const told = rows.map((status) => `<dt>${status}</dt><dd>${codesOf(responses, status).map((code) => `<a href="#${code}"><code>${code}</code></a>`).join(" ")}</dd>`);
  return `<details><summary>Problems</summary><dl class="codes">${told.join("")}</dl></details>`;
}

function answers(responses) {
  const rows = Object.entries(responses).filter(([, response]) => !response.$ref);
  return rows
    .map(([status, { description, headers = {}, content: of }]) => {
      const told = Object.keys(headers).map((name) => `<code>${escape(name)}</code>`);
      return `<h4><b>${status}</b> ${words(description)}${told.length ? ` <small>with ${told.join(", ")}</small>` : ""}</h4>${content(of)}`;
    })
    .join("");
}

function example(body) {
  const media = body?.content["application/json"];
  const schema = media?.schema.$ref ? components.schemas[named(media.schema.$ref)] : media?.schema;
  return schema?.examples ? `<pre tabindex="0">${escape(JSON.stringify(schema.examples[0], undefined, 2))}</pre>` : "";
}

/** The codes of a call's problems with this status. */
const codesOf = (responses, status) =>
  responses[status]?.$ref ? Object.values(components.responses[named(responses[status].$ref)].content)[0].schema.properties.code.enum : [];

/** Who may make a call, in a sentence. */
function needed(security, responses) {
  const schemes = security.flatMap((choice) => Object.keys(choice));
  if (schemes.length === 0) return "Needs no credential.";
  const refused = codesOf(responses, 403);
  const role = refused.includes("forbidden_role") ? " of an admin" : refused.includes("member_only") ? " of a member" : "";
  return `Needs ${schemes.map((name) => CREDENTIALS[name] + (name === "user_token" ? role : "")).join(" or ")}.`;
}

function call({ method, path, operationId, summary, description, security, parameters: of, requestBody, responses }) {
  return `<article id="${operationId}" aria-labelledby="${operationId}-name">
<h3 id="${operationId}-name"><a href="#${operationId}"><b class="${method.toLowerCase()}">${method}</b> <code>${broken(path)}</code></a></h3>
<p class="summary">${words(summary)}</p>${description ? `<p>${words(description)}</p>` : ""}<p class="needs">${needed(security, responses)}</p>
${parameters(of)}${requestBody ? `<h4>Body${requestBody.required ? "" : " <small>may be missing</small>"}</h4>${content(requestBody.content)}${example(requestBody)}` : ""}
${answers(responses)}${refusals(responses)}</article>`;
}

const part = ({ name, description }) =>
  `<section aria-labelledby="${name}"><h2 id="${name}"><a href="#${name}">${name[0].toUpperCase()}${name.slice(1)}</a></h2><p>${words(description)}</p>${calls
    .filter((one) => one.tags[0] === name)
    .map(call)
    .join("\n")}</section>`;

const index = tags.map(
  ({ name }) =>
    `<p><a href="#${name}">${name[0].toUpperCase()}${name.slice(1)}</a></p><ul>${calls
      .filter((one) => one.tags[0] === name)
      .map(({ method, path, operationId }) => `<li><a href="#${operationId}"><b class="${method.toLowerCase()}">${method}</b> ${broken(path)}</a></li>`)
      .join("")}</ul>`,
);

const schemas = Object.entries(components.schemas).map(([name, schema]) => {
  const line = schema.properties ? "" : `<p class="media"><span>${type(schema)}</span></p>`;
  return `<article id="${name}"><h3><a href="#${name}"><code>${name}</code></a></h3><p>${words(schema.description)}</p>${line}${members(schema)}</article>`;
});

const codes = Object.entries(problems).map(
  ([code, { status, description }]) => `<tr id="${code}"><th scope="row"><a href="#${code}"><code>${code}</code></a></th><td>${status}</td><td>${words(description)}</td></tr>`,
);

const paragraphs = info.description.split("\n\n").map((text) => `<p>${words(text).replace("<code>x-problems</code>", '<a href="#problems"><code>x-problems</code></a>')}</p>`);

writeFileSync(
  target,
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>HTTP API · Upcue</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="Every call of Upcue’s HTTP API: who may make it, what it takes, what it answers.">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'">
<link rel="icon" href="../lamp.svg" type="image/svg+xml">
<link rel="stylesheet" href="style.css">
</head>
<body>
<a class="skip" href="#top">To the reference</a>
<header><a class="brand" href="../">Upcue</a><span>HTTP API ${escape(info.version)}</span><a href="openapi.json">openapi.json</a></header>
<nav aria-label="Calls">${index.join("")}<p><a href="#schemas">Schemas</a></p><p><a href="#problems">Problems</a></p></nav>
<main id="top" tabindex="-1">
<h1>HTTP API</h1>
${paragraphs.join("")}
${tags.map(part).join("\n")}
<section aria-labelledby="schemas"><h2 id="schemas"><a href="#schemas">Schemas</a></h2>${schemas.join("\n")}</section>
<section aria-labelledby="problems"><h2 id="problems"><a href="#problems">Problems</a></h2>
<p>Whatever goes wrong is told as <a href="#Problem">a problem</a> with one of these codes.</p>
<table><thead><tr><th scope="col">Code</th><th scope="col">Status</th><th scope="col">What it means</th></tr></thead><tbody>${codes.join("\n")}</tbody></table></section>
</main>
</body>
</html>
`,
);
