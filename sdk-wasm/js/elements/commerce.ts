// What draws the plans and the dialog, in one piece: who compares plans is about to upgrade.

export { plansView } from "./plans/view.js";
export { upgradeView } from "./upgrade/view.js";
