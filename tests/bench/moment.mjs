// The moment of need: from a limit that is hit at the server to the frame in every open page, and to the nudge painted in one.
//
// Usage is sent with the secret key to a real Worker that holds 200 open connections, of one tenant, then of twenty whose limits are hit
// at once, and of one again with as many rules as there may be. One of the pages is a browser. All times are the sender's, who shares
// the machine with all others.

import assert from "node:assert/strict";
import { openPage, serveApp, startChromium } from "../support/browser.mjs";
import { startStack } from "../support/stack.mjs";
import { QUICK, bench, row } from "./support/report.mjs";

const SOCKETS = QUICK ? 40 : 200;
const ROUNDS = QUICK ? 3 : 15;
/** What is promised; in milliseconds, as all times here. */
const REACH = 1_000;
/** When nothing was heard for so long, nothing of the last round is under way any more: pages report what they showed within a second. */
const QUIET = 1_600;
const LIMIT = 1_000;
const CONFIG = {
  meters: { seats: { kind: "gauge", label: "Team members" } },
  plans: { source: "inline", default: "small", list: [{ id: "small", rank: 0, limits: { seats: LIMIT } }, { id: "large", rank: 1 }] },
  campaigns: [
    { id: "full", placement: "app.header", audience: "usage.seats.ratio >= 1.0 && plan.rank < plan.max_rank", nudge: { title: "All seats are taken" } },
  ],
};
/** The most campaigns and signals there may be; what is left of each is told to every page. */
const RULES = 1_000;
const numbered = (make) => Array.from({ length: RULES }, (_, n) => make(n));
const LARGE = {
  ...CONFIG,
  signals: numbered((n) => ({ id: `s${n}`, when: `usage.seats.value > ${LIMIT + n}`, weight: 1 })),
  campaigns: [
    ...CONFIG.campaigns,
    ...numbered((n) => ({ id: `c${n}`, placement: "app.aside", audience: `signal.s${n}.active`, nudge: { title: "{{usage.seats.value}} seats" } })).slice(1),
  ],
};

await bench("moment", 600_000, async (t) => {
  const stack = await startStack(t, { config: CONFIG });
  const browser = await startChromium(t);
  const rows = [];
  for (const [of, tenants] of [["one-tenant", 1], ["20-tenants", 20]]) rows.push(...judge(of, await crowd(t, stack, browser, of, tenants)));
  assert.equal((await stack.publish(LARGE)).status, 200);
  const of = `one-tenant-${RULES}-rules`;
  return [...rows, ...judge(of, await crowd(t, stack, browser, of, 1))];
});

/** Opens the connections and a page, then hits the limits round by round; the times of all. */
async function crowd(t, stack, browser, of, tenants) {
  const names = Array.from({ length: tenants }, (_, n) => `${of}-${n}`);
  const heard = { last: 0 };
  const sockets = await Promise.all(Array.from({ length: SOCKETS }, (_, n) => listen(t, stack, names[n % tenants], `user-${n}`, heard)));
  const page = await openNudge(t, stack, browser, names[0]);
  const times = { frames: [], painted: [] };
  for (let round = 0; round < ROUNDS; round++) {
    await quiet(heard);
    const sent = {};
    const arrived = sockets.map((socket) => socket.next());
    const painted = page.evaluate(() => window.painted());
    const hit = names.map(async (name) => {
      sent[name] = Date.now();
      await use(stack, name, LIMIT);
    });
    const moments = await Promise.all(arrived);
    times.frames.push(...moments.map((at, n) => at - sent[sockets[n].tenant]));
    times.painted.push((await painted) - sent[names[0]]);
    await Promise.all(hit);
    const gone = page.evaluate(() => window.gone());
    await Promise.all(names.map((name) => use(stack, name, 0)));
    await gone;
  }
  sockets.forEach(({ socket }) => socket.close());
  await page.context().close();
  return times;
}

async function use(stack, tenant, set) {
  const { status, body } = await stack.api("POST", "/v1/events", { tenant, events: [{ type: "usage", meter: "seats", set }] });
  assert.deepEqual([status, body.accepted], [202, 1], JSON.stringify(body));
}

/** A page's connection; `next` is the moment at which it hears of something new. */
async function listen(t, stack, tenant, user, heard) {
  const token = await stack.token({ tenant, user });
  const socket = new WebSocket(`${stack.worker.url.replace("http", "ws")}/v1/live?client=${user}`, ["upcue.v1", token]);
  t.after(async () => socket.close());
  let tell;
  const next = () => new Promise((resolve) => (tell = resolve));
  socket.addEventListener("message", () => {
    heard.last = Date.now();
    tell?.(heard.last);
  });
  const refused = new Promise((_, reject) => socket.addEventListener("error", () => reject(new Error(`${user} was refused`))));
  await Promise.race([next(), refused]); // how things stand comes by itself
  return { socket, tenant, next };
}

/** A real page of the tenant; it tells the moments at which its nudge is painted and gone. */
async function openNudge(t, stack, browser, tenant) {
  const app = await serveApp(t, { endpoint: stack.worker.url, token: () => stack.token({ tenant, user: "ada" }) });
  const page = await openPage(await browser.newContext(), app);
  await page.evaluate(() => {
    const nudge = document.querySelector("upcue-nudge");
    const until = (holds) =>
      new Promise((resolve) => {
        const look = () => {
          if (!holds(nudge.getBoundingClientRect().height)) return requestAnimationFrame(look);
          // Asked before the frame is painted; a message is heard after.
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => resolve(Date.now());
          port2.postMessage(null);
        };
        look();
      });
    window.painted = () => until((height) => height > 0);
    window.gone = () => until((height) => height === 0);
  });
  return page;
}

/** Resolves when nothing was heard for a while. */
async function quiet(heard) {
  for (let left = QUIET; left > 0; left = heard.last + QUIET - Date.now()) await new Promise((resolve) => setTimeout(resolve, left));
}

function judge(of, { frames, painted }) {
  return [
    row(`${of}-frame-p95`, at(frames, 95), "ms", REACH, REACH),
    row(`${of}-frame-p50`, at(frames, 50), "ms", REACH),
    row(`${of}-painted-p95`, at(painted, 95), "ms", REACH, REACH),
    row(`${of}-painted-p50`, at(painted, 50), "ms", REACH),
  ];
}

/** The value below which `percent` of all lie, by nearest rank. */
function at(values, percent) {
  return values.toSorted((a, b) => a - b)[Math.ceil((percent / 100) * values.length) - 1];
}
