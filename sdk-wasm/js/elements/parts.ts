// What the plans and the dialog have in common beyond the theme.

import type { Violation } from "../buying/types.js";
import { type Attributes, type Content, make } from "./dom.js";
import type { Say } from "./speech.js";

/** A button, or a link where it has an `href`; it is found again by its `id` when everything is drawn anew. */
export const press = (act: string, text: string, primary: unknown, attributes: Attributes): HTMLElement =>
  make(`${attributes["href"] ? "a" : "button"}:${act}.button${primary ? ".primary" : ""}`, { id: act, ...attributes }, text);

/** Why a plan is too small. */
export const violated = (violations: readonly Violation[], say: Say<{ tooSmall: string }>): Content =>
  violations.map((violation) => make("p:violation.warn.small", say("tooSmall", { ...violation })));
