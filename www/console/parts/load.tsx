// What a page asks the Worker for, and what it shows until, instead of and after the answer.

import type { ComponentChildren, VNode } from "preact";
import { useCallback, useEffect, useErrorBoundary, useRef, useState } from "preact/hooks";
import { Refusal, ask } from "../api/client";

export interface Loading<T> {
  /** The last answer; kept while it is asked for again, so that nothing jumps. */
  data: T | undefined;
  refusal: Refusal | undefined;
  busy: boolean;
  again: () => void;
}

/** Asks for `path`, and again whenever it changes. No path: nothing is asked. */
export const useAnswer = <T,>(path: string | undefined): Loading<T> => useLoad(path, (signal) => ask<T>(path ?? "", { signal }));

/** Runs `load` whenever `name` changes; what is overtaken is given up. */
export function useLoad<T>(name: string | undefined, load: (signal: AbortSignal) => Promise<T>): Loading<T> {
  const [state, setState] = useState<{ of?: string | undefined; data?: T; refusal?: Refusal; busy: boolean }>({ busy: name !== undefined });
  const [turn, setTurn] = useState(0);
  const run = useRef(load);
  run.current = load;
  useEffect(() => {
    if (name === undefined) return;
    const stop = new AbortController();
    setState(({ refusal: _, ...before }) => ({ ...before, busy: true }));
    run.current(stop.signal).then(
      (data) => stop.signal.aborted || setState({ of: name, data, busy: false }),
      (error: unknown) => stop.signal.aborted || setState({ of: name, refusal: asRefusal(error), busy: false }),
    );
    return () => stop.abort();
  }, [name, turn]);
  const again = useCallback(() => setTurn((turn) => turn + 1), []);
  // From the first drawing on, and not from the effect after it: what is shown is not yet the answer to what is asked.
  const isOvertaken = name !== undefined && state.of !== name;
  return { data: state.data, refusal: state.refusal, busy: state.busy || isOvertaken, again };
}

export const asRefusal = (error: unknown): Refusal =>
  error instanceof Refusal ? error : new Refusal(0, "console", error instanceof Error ? error.message : String(error));

interface Shown<T> {
  of: Loading<T>;
  /** What holds the place until the answer is there: its number of lines. */
  lines?: number;
  /** Nothing to show, in words; undefined: there is something. */
  empty?: (data: T) => ComponentChildren | undefined;
  children: (data: T) => ComponentChildren;
}

/** An answer, or its skeleton, its refusal, or what to say of nothing. An answer that is not what was expected costs this part alone. */
export function Loaded<T>({ of, lines = 4, empty, children }: Shown<T>): VNode {
  const [error, forget] = useErrorBoundary();
  // Another answer is another chance.
  useEffect(() => {
    if (error) forget();
  }, [of.data]);
  if (error) return <Refused refusal={unreadable(error)} again={of.again} />;
  if (of.refusal) return <Refused refusal={of.refusal} again={of.again} />;
  const { data } = of;
  if (data === undefined) return <Skeleton lines={lines} />;
  const draw = (): ComponentChildren => {
    const nothing = empty?.(data);
    return nothing === undefined ? children(data) : <Empty>{nothing}</Empty>;
  };
  return (
    <div class="loaded" aria-busy={of.busy}>
      <Drawn draw={draw} />
    </div>
  );
}

/** A component of its own, as only what is below a boundary is caught by it. */
const Drawn = ({ draw }: { draw: () => ComponentChildren }): VNode => <>{draw()}</>;

const unreadable = (error: Error): Refusal =>
  new Refusal(
    0,
    "console",
    `The Worker's answer is not what this console expects: the two may be of different versions. (${error.message})`,
  );

export function Skeleton({ lines }: { lines: number }): VNode {
  return (
    <div class="skeleton" role="status">
      <span class="unseen">Loading</span>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} class="bone" />
      ))}
    </div>
  );
}

export const Empty = ({ children }: { children: ComponentChildren }): VNode => <div class="empty">{children}</div>;

export function Refused({ refusal, again }: { refusal: Refusal; again?: () => void }): VNode {
  if (refusal.isUnknownCall) {
    return (
      <Empty>
        This Worker does not answer this question yet: it is older than the console. Deploy the two together and it will be here.
      </Empty>
    );
  }
  return (
    <div class="refused" role="alert">
      <p>{refusal.message}</p>
      <p class="fine">
        {refusal.status > 0 ? `${refusal.status} ` : ""}
        <code>{refusal.code}</code>
      </p>
      {again && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}
