// Writing the configuration. What is wrong is told while it is written, and what changes before it is published.

import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Refusal, ask } from "../api/client";
import type { Problem, Verdict, Version } from "../api/shapes";
import type { Draft } from "../editor/draft";
import type { Editor } from "../editor/editor";
import type { Schema } from "../editor/schema";
import { Card } from "../parts/bits";
import { Comparison } from "../parts/comparison";
import { Dialog } from "../parts/dialog";
import { count } from "../parts/format";
import { Loaded, Refused, asRefusal, useAnswer } from "../parts/load";

/** So long after the last key it is checked. */
const PAUSE = 350;

export function EditPart({ draft }: { draft: Draft }): VNode {
  return (
    <Loaded of={draft.published} lines={16}>
      {() => <Writing draft={draft} />}
    </Loaded>
  );
}

function Writing({ draft }: { draft: Draft }): VNode {
  const verdict = useVerdict(draft.text);
  const editor = useRef<Editor>(undefined);
  const [isReviewing, setReviewing] = useState(false);
  const [said, setSaid] = useState("");
  const published = ({ version }: Version): void => {
    setReviewing(false);
    setSaid(`Version ${version} is published. Open pages have it at once.`);
    draft.discard();
    draft.published.again();
  };
  const isBad = verdict.data?.valid === false;
  return (
    <Card
      title="Draft"
      wide
      tools={
        <div class="tools">
          <span class="fine" role="status">
            {said || (verdict.busy ? "Checking" : draft.isChanged ? summary(verdict.data) : "As published")}
          </span>
          <button
            type="button"
            disabled={!draft.isChanged}
            onClick={() => {
              editor.current?.replace(draft.published.data?.text ?? "");
              draft.discard();
            }}
          >
            Discard
          </button>
          <button
            type="button"
            class="main"
            disabled={!draft.isChanged || verdict.busy || isBad}
            onClick={() => (setSaid(""), setReviewing(true))}
          >
            Review and publish
          </button>
        </div>
      }
    >
      {draft.isOvertaken && draft.isChanged && <Overtaken draft={draft} />}
      {verdict.refusal && <Refused refusal={verdict.refusal} />}
      <Pane draft={draft} verdict={verdict.data} opened={(opened) => (editor.current = opened)} changed={() => setSaid("")} />
      <Told
        name="Problems"
        one="problem"
        problems={verdict.data?.problems ?? []}
        visit={(at) => editor.current?.visit(at.line, at.column)}
      />
      <Told
        name="Warnings"
        one="warning"
        problems={verdict.data?.warnings ?? []}
        visit={(at) => editor.current?.visit(at.line, at.column)}
      />
      {isReviewing && (
        <Review draft={draft} warnings={verdict.data?.warnings ?? []} close={() => setReviewing(false)} published={published} />
      )}
    </Card>
  );
}

const summary = (verdict: Verdict | undefined): string =>
  verdict === undefined ? "" : verdict.valid ? "Ready to publish" : count(verdict.problems.length, "problem");

/** The Worker's own verdict of a document, asked for when the writing pauses. */
function useVerdict(text: string): { data: Verdict | undefined; refusal: Refusal | undefined; busy: boolean } {
  const [state, setState] = useState<{ of?: string; data?: Verdict; refusal?: Refusal }>({});
  useEffect(() => {
    const stop = new AbortController();
    const clock = setTimeout(() => {
      ask<Verdict>("/v1/config/validate", { method: "POST", body: text, signal: stop.signal }).then(
        (data) => stop.signal.aborted || setState({ of: text, data }),
        (error: unknown) => stop.signal.aborted || setState({ of: text, refusal: asRefusal(error) }),
      );
    }, PAUSE);
    return () => {
      clearTimeout(clock);
      stop.abort();
    };
  }, [text]);
  // The verdict of another text is no verdict of this one, not even until the effect runs.
  const busy = state.of !== text;
  return { data: state.data, refusal: busy ? undefined : state.refusal, busy };
}

/** The editor's place. It is loaded when it is first needed, as it is larger than all other pages together. */
function Pane({
  draft,
  verdict,
  opened,
  changed,
}: {
  draft: Draft;
  verdict: Verdict | undefined;
  opened: (editor: Editor) => void;
  changed: () => void;
}): VNode {
  const host = useRef<HTMLDivElement>(null);
  const [editor, setEditor] = useState<Editor>();
  const [failed, setFailed] = useState("");
  const schema = useAnswer<Schema>("/v1/config/schema");
  const write = useRef(draft.write);
  write.current = (text) => (changed(), draft.write(text));
  useEffect(() => {
    const place = host.current;
    const known = schema.data ?? (schema.refusal ? {} : undefined);
    if (!place || !known) return;
    let isOver = false;
    let made: Editor | undefined;
    import("../editor/editor").then(
      ({ edit }) => {
        if (isOver) return;
        made = edit(place, draft.text, known, (text) => write.current(text));
        setEditor(made);
        opened(made);
      },
      () => setFailed("The editor could not be loaded. Reload the page to try again; the draft is kept."),
    );
    return () => {
      isOver = true;
      made?.close();
    };
  }, [schema.data, schema.refusal]);
  useEffect(() => {
    if (verdict) editor?.mark(verdict.problems, verdict.warnings);
  }, [editor, verdict]);
  return (
    <>
      {failed && <p role="alert">{failed}</p>}
      <div class={editor ? "editor" : "editor loading"} ref={host} />
    </>
  );
}

function Told({
  name,
  one,
  problems,
  visit,
}: {
  name: string;
  one: string;
  problems: Problem[];
  visit: (problem: Problem) => void;
}): VNode | null {
  if (problems.length === 0) return null;
  return (
    <section class="told" aria-label={name}>
      <h3>{count(problems.length, one)}</h3>
      <ul>
        {problems.map((problem) => (
          <li key={`${problem.pointer} ${problem.code} ${problem.column}`}>
            <button type="button" class="link" onClick={() => visit(problem)}>
              Line {problem.line}, column {problem.column}
            </button>{" "}
            {problem.detail} <code>{problem.pointer}</code>
          </li>
        ))}
      </ul>
    </section>
  );
}

const Overtaken = ({ draft }: { draft: Draft }): VNode => (
  <div class="alarm" role="alert">
    <p>
      <b>Somebody has published since you began.</b> Your draft is kept. Take it over to see what it changes of what is in force now; what
      they changed and you did not is then yours to keep or undo.
    </p>
    <button type="button" onClick={draft.rebase}>
      Take it over
    </button>
  </div>
);

/** What changes, once more, and then it is published. */
function Review({
  draft,
  warnings,
  close,
  published,
}: {
  draft: Draft;
  warnings: Problem[];
  close: () => void;
  published: (version: Version) => void;
}): VNode {
  const [refusal, setRefusal] = useState<Refusal>();
  const [busy, setBusy] = useState(false);
  const publish = async (): Promise<void> => {
    setBusy(true);
    await ask<Version>("/v1/config", { method: "PUT", body: draft.text, ifMatch: draft.base }).then(published, (error: unknown) => {
      const refusal = asRefusal(error);
      setRefusal(refusal);
      setBusy(false);
      // What is in force now is read, so that the draft can be taken over to it.
      if (refusal.status === 412) draft.published.again();
    });
  };
  return (
    <Dialog title="What changes" close={close} wide>
      <Comparison before={draft.published.data?.text ?? ""} after={draft.text} />
      {warnings.length > 0 && (
        <ul class="warnings">
          {warnings.map(({ pointer, detail }) => (
            <li key={pointer + detail}>
              <code>{pointer}</code> {detail}
            </li>
          ))}
        </ul>
      )}
      {refusal && <Refused refusal={refusal} />}
      <p class="tools">
        <button type="button" class="main" disabled={busy} onClick={publish}>
          {busy ? "Publishing" : "Publish"}
        </button>
      </p>
    </Dialog>
  );
}
