// The editor: CodeMirror in a shadow tree. There its styles are adopted sheets, which a policy of `style-src 'self'` allows; in the
// document it would write a <style> element, which it does not.

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { bracketMatching, codeFolding, foldGutter, foldKeymap, indentOnInput, syntaxHighlighting, syntaxTree } from "@codemirror/language";
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { unifiedMergeView } from "@codemirror/merge";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension, type Text, type Transaction } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import type { Problem } from "../api/shapes";
import { completions, explanations } from "./complete";
import { look, words } from "./look";
import type { Schema } from "./schema";

export interface Editor {
  /** Marks what is wrong and what looks it. */
  mark: (problems: Problem[], warnings: Problem[]) => void;
  /** Puts the cursor there and looks at it. */
  visit: (line: number, column: number) => void;
  /** Replaces everything, as when a draft is given up. */
  replace: (text: string) => void;
  close: () => void;
}

/** Opens an editor of `text` in `host`. */
export function edit(host: HTMLElement, text: string, schema: Schema, changed: (text: string) => void): Editor {
  const told = EditorView.updateListener.of((update) => update.docChanged && changed(update.state.doc.toString()));
  const view = mount(host, text, "The configuration, as JSON", [
    history(),
    drawSelection(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    overSelection,
    lintGutter(),
    autocompletion({ override: [completions(schema)], icons: false }),
    explanations(schema),
    // Tab leads on to the next control, as everywhere.
    keymap.of([
      ...closeBracketsKeymap,
      ...defaultKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...foldKeymap,
      ...completionKeymap,
      ...lintKeymap,
    ]),
    told,
  ]);
  return {
    mark: (problems, warnings) =>
      view.dispatch(
        setDiagnostics(view.state, [
          ...problems.map((problem) => diagnostic(view.state, problem, "error")),
          ...warnings.map((problem) => diagnostic(view.state, problem, "warning")),
        ]),
      ),
    visit: (line, column) => {
      const at = offset(view.state.doc, line, column);
      view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
      view.focus();
    },
    replace: (text) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } }),
    close: () => view.destroy(),
  };
}

/** Shows what has become of `before`. Answers how to take it away. */
export function compare(host: HTMLElement, before: string, after: string): () => void {
  const view = mount(host, after, "What changes", [
    EditorState.readOnly.of(true),
    unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged: { margin: 3, minSize: 6 }, gutter: true }),
  ]);
  return () => view.destroy();
}

/** Typing over a selection of several lines: left to the browser, it would keep their looks with inline styles, which the policy
 * refuses, and each time report. */
const overSelection = EditorView.domEventHandlers({
  beforeinput: (event, view) => {
    const { main } = view.state.selection;
    const text = event.data;
    if (event.inputType !== "insertText" || text === null || main.empty || view.composing) return false;
    event.preventDefault();
    const insert = (): Transaction =>
      view.state.update(view.state.replaceSelection(text), { userEvent: "input.type", scrollIntoView: true });
    // Brackets and quotes go around what is selected.
    const isHandled = view.state.facet(EditorView.inputHandler).some((handler) => handler(view, main.from, main.to, text, insert));
    if (!isHandled) view.dispatch(insert());
    return true;
  },
});

function mount(host: HTMLElement, text: string, label: string, extensions: Extension[]): EditorView {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const shared = [
    lineNumbers(),
    codeFolding(),
    foldGutter(),
    json(),
    syntaxHighlighting(words),
    look,
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
  ];
  return new EditorView({ state: EditorState.create({ doc: text, extensions: [shared, extensions] }), parent: root, root });
}

function diagnostic(state: EditorState, { line, column, detail, code }: Problem, severity: Diagnostic["severity"]): Diagnostic {
  const from = offset(state.doc, line, column);
  const end = Math.min(syntaxTree(state).resolveInner(from, 1).to, state.doc.lineAt(from).to);
  return { from, to: Math.max(from, end), severity, message: detail, source: code };
}

/** Where a line and a column are, both from 1. Columns are characters, of which some take two places here. */
function offset(text: Text, line: number, column: number): number {
  const at = text.line(Math.max(1, Math.min(line, text.lines)));
  const before = Array.from(at.text)
    .slice(0, Math.max(0, column - 1))
    .join("");
  return at.from + Math.min(before.length, at.length);
}
