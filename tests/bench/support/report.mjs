// Figures beside their references, and whether they are reached.

import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { built } from "../../support/stack.mjs";

/** Measure less, to see that it works. */
export const QUICK = process.env.UPCUE_BENCH_QUICK === "1";

const rounded = (n) => (Number.isInteger(n) ? n : Number(n.toPrecision(4)));

/** A figure. `reach`: what the value must not exceed, where something is promised of it. */
export function row(name, value, unit, reference, reach) {
  return { name, value: rounded(value), unit, reference: rounded(reference), ratio: Number((value / reference).toPrecision(3)), reach };
}

/** Prints the figures and writes them to target/bench; the names of those that were missed. */
export async function report(bench, rows) {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const missed = [];
  for (const { name, value, unit, reference, ratio, reach } of rows) {
    let verdict = "";
    if (reach !== undefined) {
      verdict = value <= reach ? `reached (${rounded(reach)})` : `MISSED (${rounded(reach)})`;
      if (value > reach) missed.push(name);
    }
    const times = ratio > 0 && ratio < 1 ? `1/${rounded(1 / ratio)}` : `${ratio}`;
    console.log(`  ${name.padEnd(width)} ${String(value).padStart(9)} ${unit.padEnd(5)} reference ${String(reference).padStart(9)}  × ${times.padEnd(9)} ${verdict}`);
  }
  await mkdir(built.bench, { recursive: true });
  const written = rows.map(({ name, value, unit, reference, ratio }) => ({ name, value, unit, reference, ratio }));
  await writeFile(path.join(built.bench, `${bench}.json`), `${JSON.stringify(written, undefined, 2)}\n`);
  return missed;
}

/**
 * Runs a benchmark to its figures, and ends what it started. It fails when it takes longer than `patience` milliseconds, when
 * it throws, and, unless it only tried itself out, when something promised is missed. `run` gets what a test gets: `after`.
 */
export async function bench(name, patience, run) {
  const ends = [];
  let ended;
  const end = () =>
    (ended ??= (async () => {
      // Some end at once, some take their time; none keeps the others from ending.
      for (const work of ends) await (async () => work())().catch((error) => console.error(error));
    })());
  const timer = setTimeout(() => fail(new Error(`not done within ${patience} ms`)), patience);
  const fail = async (error) => {
    console.error(error);
    await end();
    process.exit(1);
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => fail(new Error(`ended by ${signal}`)));
  try {
    const missed = await report(name, await run({ after: (work) => ends.unshift(work) }));
    clearTimeout(timer);
    await end();
    if (missed.length) console.log(`  missed: ${missed.join(", ")}`);
    process.exit(missed.length && !QUICK ? 1 : 0);
  } catch (error) {
    await fail(error);
  }
}
