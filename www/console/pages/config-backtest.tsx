// Rules over what has come in: what they would have shown, beside what was.

import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Refusal, ask, part, query } from "../api/client";
import type { Backtest, Versions } from "../api/shapes";
import type { Draft } from "../editor/draft";
import { Bars, Card, Choice, Num, Select, Sheet } from "../parts/bits";
import { count, duration, number } from "../parts/format";
import { Empty, Refused, asRefusal, useAnswer } from "../parts/load";
import { useRoute } from "../parts/router";

const DAY = 86_400_000;
/** Between one look at how far it is and the next. */
const PAUSE = 600;

export function BacktestPart({ draft }: { draft: Draft }): VNode {
  const { query: chosen } = useRoute();
  const versions = useAnswer<Versions>(query("/v1/config/versions", { limit: 100 }));
  const version = chosen.get("version") ?? "";
  const days = Number(chosen.get("days") ?? 30);
  const [test, setTest] = useState<Backtest>();
  const [refusal, setRefusal] = useState<Refusal>();
  const isRunning = test?.status === "running";
  useProgress(isRunning ? test : undefined, setTest, setRefusal);
  const start = async (): Promise<void> => {
    setRefusal(undefined);
    setTest(undefined);
    const from = Date.now() - days * DAY;
    // The draft goes in as it is written, so that problems have their place in it.
    const body = version ? { version: Number(version), from } : `{"config": ${draft.text}, "from": ${from}}`;
    await ask<Backtest>("/v1/config/backtest", { method: "POST", body }).then(setTest, (error: unknown) => setRefusal(asRefusal(error)));
  };
  return (
    <>
      <div class="controls">
        <Select
          name="version"
          label="Rules"
          options={[
            ["", draft.isChanged ? "The draft" : "As written now"],
            ...(versions.data?.versions ?? []).map(({ version }) => [String(version), `Version ${version}`] as const),
          ]}
        />
        <Choice
          name="days"
          label="Over"
          usual="30"
          options={[
            ["7", "7 days"],
            ["30", "30 days"],
            ["90", "90 days"],
          ]}
        />
        <button type="button" class="main" disabled={isRunning} onClick={start}>
          Run
        </button>
      </div>
      {refusal && <Refused refusal={refusal} again={start} />}
      {test ? (
        <Outcome test={test} />
      ) : (
        !refusal && <Empty>Rules are run over what all tenants have sent. Nothing is shown to anybody, and nothing is published.</Empty>
      )}
    </>
  );
}

/** Looks after a test until it is done. */
function useProgress(test: Backtest | undefined, setTest: (test: Backtest) => void, refused: (refusal: Refusal) => void): void {
  useEffect(() => {
    if (!test) return;
    const stop = new AbortController();
    const clock = setTimeout(() => {
      ask<Backtest>(`/v1/config/backtests/${part(test.id)}`, { signal: stop.signal }).then(
        setTest,
        (error: unknown) => stop.signal.aborted || refused(asRefusal(error)),
      );
    }, PAUSE);
    return () => {
      clearTimeout(clock);
      stop.abort();
    };
  }, [test]);
}

function Outcome({ test }: { test: Backtest }): VNode {
  const { status, done, tenants, failure, events, took_ms: took } = test;
  return (
    <div class="grid" aria-busy={status === "running"}>
      <Card title={status === "running" ? "Running" : "Outcome"} wide>
        <p role="status">
          {failure ??
            `${number(done)} of ${count(tenants, "tenant")}, ${count(events, "event")}${status === "running" ? "" : `, in ${duration(took)}`}.`}
          {test.failed > 0 && ` ${count(test.failed, "tenant")} could not be run.`}
        </p>
        <progress max={Math.max(tenants, 1)} value={done} aria-label="Tenants done" />
      </Card>
      {status !== "running" && <Findings test={test} />}
    </div>
  );
}

function Findings({ test: { campaigns, signals, segments } }: { test: Backtest }): VNode {
  const compared = (rows: { name: string; would: number; did: number }[]): VNode => (
    <>
      <p class="readout" aria-hidden="true">
        <span class="key">
          <i class="swatch is-lamp" /> would
        </span>
        <span class="key">
          <i class="swatch is-fill" /> did
        </span>
      </p>
      <Bars
        caption="Would, beside did"
        rows={rows.map(({ name, would, did }) => ({
          key: name,
          name,
          value: would,
          second: did,
          shown: (
            <>
              {number(would)} <span class="note">{number(did)} did</span>
            </>
          ),
        }))}
      />
    </>
  );
  return (
    <>
      <Card title="Prompts shown">
        {campaigns.length === 0 ? (
          <Empty>No campaign would have fired, and none did.</Empty>
        ) : (
          compared(campaigns.map(({ campaign, would_fire, did_fire }) => ({ name: campaign, would: would_fire, did: did_fire })))
        )}
      </Card>
      <Card title="Signals detected">
        {signals.length === 0 ? (
          <Empty>No signal would have been detected, and none was.</Empty>
        ) : (
          compared(signals.map(({ signal, would, did }) => ({ name: signal, would, did })))
        )}
      </Card>
      <Card title="Why not more" wide>
        <Sheet label="What kept campaigns back">
          <thead>
            <tr>
              <th scope="col">Campaign</th>
              <th scope="col" class="num">
                Tenants would
              </th>
              <th scope="col" class="num">
                Tenants did
              </th>
              <th scope="col" class="num">
                Capped
              </th>
              <th scope="col" class="num">
                Held out
              </th>
              <th scope="col" class="num">
                Put away
              </th>
              <th scope="col" class="num">
                Quiet hours
              </th>
              <th scope="col" class="num">
                Just upgraded
              </th>
              <th scope="col" class="num">
                Of its group
              </th>
            </tr>
          </thead>
          <tbody>
            {campaigns.map((of) => (
              <tr key={of.campaign}>
                <th scope="row">{of.campaign}</th>
                {[
                  of.tenants_would,
                  of.tenants_did,
                  of.would_be_capped,
                  of.would_be_held_out,
                  of.would_be_dismissed,
                  of.would_be_quiet,
                  of.would_be_converted,
                  of.would_be_excluded,
                ].map((value, i) => (
                  <Num key={i} nil={value === 0}>
                    {number(value)}
                  </Num>
                ))}
              </tr>
            ))}
          </tbody>
        </Sheet>
      </Card>
      {segments.length > 0 && (
        <Card title="Segments entered">{compared(segments.map(({ segment, entered }) => ({ name: segment, ...entered })))}</Card>
      )}
    </>
  );
}
