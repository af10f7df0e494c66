// The conformance cases as a run takes them, and the course of a run. What a step means on a side (a page with the wasm
// core, a Worker) is the side's business; README.md says what a case may say.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { misfits } from "./schema/misfits.mjs";

const directory = path.dirname(fileURLToPath(import.meta.url));

/** 2025-06-18T10:30:00Z, far from the ends of day and month. */
const START = 1_750_242_600_000;
const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const AUDIENCE_REASONS = { true: "match", false: "audience_false", unknown: "audience_unknown" };

/** All case files: `{ file, cases }`, checked against the format's schema. */
export async function readCaseFiles() {
  const schema = JSON.parse(await readFile(path.join(directory, "schema/cases.schema.json"), "utf8"));
  const names = (await readdir(directory)).filter((name) => name.endsWith(".json")).sort();
  assert.ok(names.length > 0, "no case files");
  const read = async (name) => {
    const document = JSON.parse(await readFile(path.join(directory, name), "utf8"));
    assert.deepEqual(misfits(document, schema), [], `${name} does not follow schema/cases.schema.json`);
    const cases = document.cases.map((one) => ({ role: "admin", start: START, ...one, config: merge(document.config ?? {}, one.config ?? {}) }));
    return { file: path.basename(name, ".json"), cases };
  };
  return Promise.all(names.map(read));
}

/** Campaigns that cannot be shown whatever happens in the page are not sent to it, for one of these reasons. */
const LEFT_OUT = ["not_scheduled", "audience_false", "audience_unknown", "missing_value", "not_rolled_out"];

/**
 * Plays `cases` one after the other, each on a side of its own that `open({ name, role, tz, config, now })` makes, and fails
 * with everything that is not as expected.
 *
 * A side has `happen(event, now)`, `elsewhere(event, now)`, `publish(config, now)`, `decide(placement, now)` and
 * `entitlement(key, now)`; events are as POST /v1/events takes them. One that `isPage` traces only the campaigns it was sent.
 */
export async function play(cases, open) {
  const failures = [];
  for (const one of cases) {
    await playOne(one, open, (step, { message }) => failures.push(`${one.name}, step ${step}: ${message}`)).catch((error) => {
      throw new Error(`${one.name}: ${error.message}`, { cause: error });
    });
  }
  if (failures.length > 0) assert.fail(`\n${failures.join("\n\n")}`);
}

async function playOne({ name, role, tz, config, start, steps }, open, fail) {
  const expressions = [...new Set(steps.flatMap(({ audiences = [] }) => audiences.map(([source]) => source)))];
  let now = start;
  const side = await open({ name, role, tz, config: withAudiences(config, expressions), now });
  for (const [i, step] of steps.entries()) {
    const [[word, what]] = Object.entries(step);
    if (word === "advance") now += duration(what);
    else if (word === "elsewhere") await side.elsewhere(event(what, now), now);
    else if (word === "publish") await side.publish(withAudiences((config = merge(config, what)), expressions), now);
    else if (word === "expect" || word === "entitlement" || word === "audiences") {
      await check(side, { [word]: what }, expressions, now).catch((error) => {
        if (!(error instanceof assert.AssertionError)) throw error;
        fail(i + 1, error);
      });
    } else await side.happen(event(step, now), now);
  }
}

async function check(side, { expect, entitlement, audiences = [] }, expressions, now) {
  if (expect) {
    const { placement, ...expected } = expect;
    const told = await side.decide(placement, now);
    if (side.isPage && expected.trace) {
      const isSent = ([id, reason]) => told.trace.some(([known]) => known === id) || !LEFT_OUT.includes(reason);
      expected.trace = expected.trace.filter(isSent);
    }
    const asked = Object.fromEntries(Object.keys(expected).map((key) => [key, told[key]]));
    assert.deepEqual(asked, expected);
  }
  if (entitlement) {
    const { key, ...expected } = { limit: null, used: 0, remaining: null, ...entitlement };
    assert.deepEqual(await side.entitlement(key, now), expected);
  }
  for (const [source, holds] of audiences) {
    const id = `audience-${expressions.indexOf(source)}`;
    const { campaign, reason } = await side.decide(id, now);
    assert.deepEqual({ campaign, reason }, { campaign: holds === true ? id : null, reason: AUDIENCE_REASONS[holds] }, source);
  }
}

/** A step as an event. */
function event({ usage, track, note }, now) {
  if (usage) return { type: "usage", ...usage, at: now };
  if (track) return { type: "track", name: track, at: now };
  const { kind, campaign, for: lasts } = note;
  return { type: kind, campaign, at: now, ...(lasts && { until: now + duration(lasts) }) };
}

/** Every expression that the steps ask about gets a campaign and a placement of its own. */
function withAudiences(config, expressions) {
  const added = expressions.map((audience, i) => ({
    id: `audience-${i}`,
    placement: `audience-${i}`,
    audience,
    nudge: { kind: "badge", title: "It holds" },
  }));
  return { ...config, campaigns: [...(config.campaigns ?? []), ...added] };
}

const duration = (text) => Number(text.slice(0, -1)) * UNITS[text.at(-1)];

/** `patch` laid over `base` as a JSON merge patch (RFC 7396). */
export function merge(base, patch) {
  if (patch === null || typeof patch !== "object" || Array.isArray(patch)) return patch;
  const merged = base !== null && typeof base === "object" && !Array.isArray(base) ? { ...base } : {};
  for (const [key, change] of Object.entries(patch)) {
    if (change === null) delete merged[key];
    else merged[key] = merge(merged[key], change);
  }
  return merged;
}
