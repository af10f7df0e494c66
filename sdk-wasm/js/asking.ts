// What the Worker alone can answer. Few pages ask, so all of it is one script, loaded when it is first asked for.

export { arrive } from "./arrival.js";
export * from "./buying/buying.js";
export { explain } from "./explain.js";
