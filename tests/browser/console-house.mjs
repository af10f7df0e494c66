// What the tests of the console have in common: one Worker, one Chromium, the console in front of the Worker, pages of it.

import { after, before } from "node:test";
import { sharedBrowser } from "../support/shared-browser.mjs";
import { sharedStack } from "../support/shared-stack.mjs";
import { doubleReports } from "./console-reports.mjs";
import { serveConsole, settled, signIn } from "./console-stage.mjs";

/** Starts all of it before the first test of the suite and ends it after the last. `options` are the stack's. */
export function consoleHouse(options) {
  const chromium = sharedBrowser();
  const stack = sharedStack(options);
  const house = { stack };
  const ends = [];
  before(async () => {
    house.origin = await serveConsole({ after: (end) => ends.unshift(end) }, stack.worker);
  });
  after(async () => {
    for (const end of ends) await end();
  });

  /** A page of its own; what goes wrong in it is collected. */
  house.open = async (t, options) => {
    const context = await chromium.newContext({ locale: "en-US", ...options });
    t.after(() => context.close());
    const page = await context.newPage();
    page.problems = [];
    page.on("pageerror", (error) => page.problems.push(error.message));
    page.on("console", (message) => message.type() === "error" && page.problems.push(message.text()));
    page.on("dialog", (dialog) => (page.problems.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
    return page;
  };
  /** The same, signed in and with the reports answered; `asked` tells what they were asked. */
  house.enter = async (t, options) => {
    const page = await house.open(t, options);
    page.asked = await doubleReports(page);
    await signIn(page, house.origin, stack.secretKey);
    return page;
  };
  /** Goes to a page and waits until it has everything. */
  house.visit = async (page, at) => {
    await page.goto(`${house.origin}/console/#/${at}`);
    await settled(page);
  };
  return house;
}
