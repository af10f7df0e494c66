// Those who decide: each knows the rules, hears what happens and says which campaign is to be shown. Runs in Node and in the page.
//
// Ours keeps the counts, books them by day, queues what happened for the Worker, counts caps and fills in texts. To the others
// the application says how things stand, in a form that is ready for them; they only look for the first rule that holds.

import { GrowthBook } from "@growthbook/growthbook";
import { LogicEngine } from "json-logic-engine";
import { PLACEMENT, add, meters, events, track } from "./workload.mjs";

/** A snapshot's worth of rules for each, as it travels. */
export const payloads = {
  growthbook: (rules) => JSON.stringify({ [PLACEMENT]: { defaultValue: null, rules: rules.map(growthbookRule) } }),
  "json-logic": (rules) => JSON.stringify(chain(rules)),
  "json-logic-apart": (rules) => JSON.stringify(rules.map((rule) => [rule.id, logic(rule)])),
  twin: (rules) => JSON.stringify(rules.map(({ id, all }) => ({ id, all: all.map((one) => [one].flat().map(packed)), title: TITLE }))),
};

/** How each is made from that, and from how things stand. */
export const makers = {
  growthbook: (payload, state) => new OfGrowthbook(JSON.parse(payload), state),
  "json-logic": (payload, state) => new OfJsonLogic(JSON.parse(payload), state),
  "json-logic-apart": (payload, state) => new OfJsonLogicApart(JSON.parse(payload), state),
  twin: (payload, state) => new Twin(JSON.parse(payload), state),
};

/** Through the package's own interface, as an application uses it. */
export class Ours {
  /** Loads a page's instance; each is another user's, or it would be the same one. */
  static async load(Upcue, options) {
    const user = `user-${++Ours.#loaded}`;
    const token = `e30.${btoa(JSON.stringify({ iss: "bench", tenant: "acme", sub: user }))}.x`; // nobody checks it
    const upcue = await Upcue.load({ token, user, ...options });
    // When its first request failed, it tries again by itself.
    if (!upcue.ready) await new Promise((resolve) => upcue.on("ready", resolve));
    return new Ours(upcue);
  }

  static #loaded = 0;

  constructor(upcue) {
    this.upcue = upcue;
  }

  usage(name, value) {
    this.upcue.usage(name, value);
  }

  track(name) {
    this.upcue.track(name);
  }

  decide() {
    return this.upcue.decide(PLACEMENT).nudge?.campaign ?? null;
  }

  end() {
    this.upcue.close();
    globalThis.localStorage?.clear();
  }
}

class Reference {
  constructor(state) {
    this.state = state;
  }

  usage(name, value) {
    add(this.state, name, value);
  }

  track(name) {
    track(this.state, name);
  }

  end() {}
}

class OfGrowthbook extends Reference {
  constructor(features, state) {
    super(state);
    this.growthbook = new GrowthBook({ features, attributes: state });
  }

  usage(name, value) {
    super.usage(name, value);
    void this.growthbook.setAttributes(this.state);
  }

  track(name) {
    super.track(name);
    void this.growthbook.setAttributes(this.state);
  }

  decide() {
    return this.growthbook.evalFeature(PLACEMENT).value;
  }

  end() {
    this.growthbook.destroy();
  }
}

const OPERATORS = { ">=": "$gte", "<": "$lt" };
const path = ({ group, of, field }) => `${group}.${of}.${field}`;

function growthbookRule({ id, all }) {
  const one = (condition) => ({ [path(condition)]: { [OPERATORS[condition.op]]: condition.to } });
  return { condition: Object.assign({}, ...all.map((c) => (Array.isArray(c) ? { $or: c.map(one) } : one(c)))), force: id };
}

class OfJsonLogic extends Reference {
  constructor(logic, state) {
    super(state);
    this.run = new LogicEngine().build(logic);
  }

  decide() {
    return this.run(this.state);
  }
}

/** A function for each rule: an engine does not optimise one function of any length. */
class OfJsonLogicApart extends Reference {
  constructor(rules, state) {
    super(state);
    const engine = new LogicEngine();
    this.rules = rules.map(([id, logic]) => [id, engine.build(logic)]);
  }

  decide() {
    for (const [id, holds] of this.rules) if (holds(this.state)) return id;
    return null;
  }
}

const chain = (rules) => ({ if: [...rules.flatMap((rule) => [logic(rule), rule.id]), null] });

function logic({ all }) {
  const one = (condition) => ({ [condition.op]: [{ var: path(condition) }, condition.to] });
  return { and: all.map((c) => (Array.isArray(c) ? { or: c.map(one) } : one(c))) };
}

/**
 * What a careful person would write by hand for just this: numbers in one row, conditions in another, looked through from the
 * first rule on; a result object as ours, but with plain digits.
 */
class Twin {
  #facts;
  #code;
  #thresholds;
  #ends;
  #campaigns;

  constructor(rules, state) {
    this.#campaigns = rules;
    this.#facts = Float64Array.from(INPUTS, (input) => input.split(".").reduce((value, key) => value[key], state));
    const conditions = rules.flatMap(({ all }) => all.flatMap((any) => any.map(([input, op], i) => (input << 2) | (op << 1) | Number(i + 1 < any.length))));
    this.#code = Int32Array.from(conditions);
    this.#thresholds = Float64Array.from(rules.flatMap(({ all }) => all.flatMap((any) => any.map(([, , to]) => to))));
    let end = 0;
    this.#ends = Int32Array.from(rules, ({ all }) => (end += all.flat().length));
  }

  usage(name, value) {
    const at = INPUT.get(name);
    this.#facts[at] += value;
    this.#facts[at + 1] = this.#facts[at] / 1_000_000;
  }

  track(name) {
    const at = INPUT.get(name);
    this.#facts[at]++;
    this.#facts[at + 1]++;
  }

  decide() {
    this.last = this.#decision(this.#first());
    return this.last.nudge?.campaign ?? null;
  }

  end() {}

  #first() {
    const [facts, code, thresholds, ends] = [this.#facts, this.#code, this.#thresholds, this.#ends];
    let at = 0;
    for (let rule = 0; rule < ends.length; rule++) {
      const end = ends[rule];
      let holds = true;
      while (holds && at < end) {
        // One of several, the last of which is not marked.
        let any = false;
        let more = 1;
        while (more) {
          const word = code[at];
          const fact = facts[word >> 2];
          any ||= word & 2 ? fact >= thresholds[at] : fact < thresholds[at];
          more = word & 1;
          at++;
        }
        holds = any;
      }
      if (holds) return rule;
      at = end;
    }
    return -1;
  }

  #decision(rule) {
    if (rule < 0) return { nudge: null, reason: "audience_false" };
    const { id, title } = this.#campaigns[rule];
    const percent = `${Math.floor(this.#facts[2 * (rule % meters.length) + 1] * 100)}%`;
    const nudge = { campaign: id, kind: "banner", title: title[0] + percent + title[1], body: BODY, cta: CTA, decision: `x-${++this.decisions}` };
    return { nudge, reason: "match" };
  }

  decisions = 0;
}

const TITLE = ["You have used ", " of it"];
const BODY = "There is more room on the next plan.";
const CTA = { label: "Compare plans", action: "compare" };
const INPUTS = [
  ...meters.flatMap((name) => [`usage.${name}.value`, `usage.${name}.ratio`]),
  ...events.flatMap((name) => [`events.${name}.count_7d`, `events.${name}.count_28d`]),
];
const POSITION = new Map(INPUTS.map((input, i) => [input, i]));
/** Where the first of the two numbers of a meter or event stands. */
const INPUT = new Map(INPUTS.map((input, i) => [input.split(".")[1], i - (i % 2)]));
const packed = (condition) => [POSITION.get(path(condition)), condition.op === ">=" ? 1 : 0, condition.to];
