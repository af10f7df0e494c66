// How the editor looks: the console's own colours, which reach into its shadow tree as custom properties.

import { HighlightStyle } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

export const words = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--ink)", fontWeight: "600" },
  { tag: tags.string, color: "var(--text-go)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--lamp-text)" },
  { tag: [tags.separator, tags.bracket], color: "var(--soft)" },
]);

export const look = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--sheet)", fontSize: "13px", height: "100%" },
  // Its frame has it, around the gutters too.
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6" },
  ".cm-content": { caretColor: "var(--lamp)" },
  ".cm-cursor": { borderLeftColor: "var(--lamp)" },
  ".cm-gutters": { color: "var(--soft)", backgroundColor: "var(--paper)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--wash)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--lamp-wash)",
  },
  ".cm-selectionMatch, .cm-searchMatch": { backgroundColor: "var(--lamp-wash)" },
  ".cm-matchingBracket": { backgroundColor: "var(--lamp-wash)", outline: "1px solid var(--line)" },
  ".cm-foldPlaceholder": { color: "var(--soft)", backgroundColor: "var(--wash)", border: "1px solid var(--line)" },
  ".cm-tooltip, .cm-panels": { color: "var(--ink)", backgroundColor: "var(--sheet)", borderColor: "var(--line)" },
  ".cm-tooltip": { border: "1px solid var(--line)", borderRadius: "8px", boxShadow: "var(--shadow)", overflow: "hidden" },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "3px 10px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { color: "var(--on-lamp)", backgroundColor: "var(--lamp-solid)" },
  ".cm-completionInfo, .explanation": {
    maxWidth: "38em",
    padding: "8px 12px",
    fontFamily: "var(--sans)",
    lineHeight: "1.45",
    whiteSpace: "pre-wrap",
  },
  ".cm-diagnostic": { padding: "6px 12px", fontFamily: "var(--sans)" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--text-bad)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--text-standby)" },
  ".cm-diagnosticSource": { color: "var(--soft)", opacity: "1" },
  ".cm-button, .cm-textfield": { color: "var(--ink)", background: "var(--paper)", border: "1px solid var(--line)", borderRadius: "6px" },
  ".cm-collapsedLines:before, .cm-collapsedLines:after": { content: '"⋯"' },
  ".cm-collapsedLines": { color: "var(--soft)", background: "var(--wash)", padding: "4px 12px" },
  ".cm-changedLine, .cm-insertedLine": { backgroundColor: "var(--go-wash) !important" },
  ".cm-deletedChunk, .cm-deletedLine": { backgroundColor: "var(--bad-wash) !important" },
  ".cm-changedText": { background: "none !important", textDecoration: "underline", textDecorationColor: "var(--text-go)" },
  ".cm-deletedChunk .cm-deletedText": { background: "none !important", textDecorationColor: "var(--text-bad)" },
});
