// The configuration: written, checked, compared, tried over the past, published, taken back.

import type { VNode } from "preact";
import { useDraft } from "../editor/draft";
import { Choice, Head } from "../parts/bits";
import { useRoute } from "../parts/router";
import { BacktestPart } from "./config-backtest";
import { EditPart } from "./config-edit";
import { VersionsPart } from "./config-versions";

const TABS = [
  ["edit", "Write"],
  ["backtest", "Back-test"],
  ["versions", "Versions"],
] as const;

export function Configuration(): VNode {
  const tab = useRoute().query.get("tab") ?? "edit";
  const draft = useDraft();
  return (
    <>
      <Head title="Configuration" lead="What is measured, noticed and shown." />
      <Choice name="tab" label="What to do with it" options={TABS} usual="edit" />
      {tab === "versions" ? (
        <VersionsPart draft={draft} />
      ) : tab === "backtest" ? (
        <BacktestPart draft={draft} />
      ) : (
        <EditPart draft={draft} />
      )}
    </>
  );
}
