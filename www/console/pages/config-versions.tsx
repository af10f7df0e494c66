// Every version there was, what each changed, and the way back to it.

import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { type Refusal, ask, query } from "../api/client";
import type { Diff, Version, Versions } from "../api/shapes";
import type { Draft } from "../editor/draft";
import { Card, Lamp, More, Sheet, Time } from "../parts/bits";
import { Dialog } from "../parts/dialog";
import { Empty, Loaded, Refused, asRefusal, useAnswer } from "../parts/load";
import { usePages } from "../parts/pages";
import { here } from "../parts/router";

export function VersionsPart({ draft }: { draft: Draft }): VNode {
  const list = usePages<Versions>("/v1/config/versions", (page) => page.next_cursor);
  const [open, setOpen] = useState<{ version: Version; back: boolean }>();
  const [said, setSaid] = useState("");
  const newest = list.first.data?.versions[0];
  const done = (version: Version): void => {
    setOpen(undefined);
    setSaid(`Version ${version.rolled_back_to} is in force again, as version ${version.version}.`);
    list.first.again();
    draft.published.again();
  };
  return (
    <Card title="Versions" wide>
      <p role="status" class="fine">
        {said}
      </p>
      <Loaded of={list.first} lines={6} empty={({ versions }) => (versions.length === 0 ? "Nothing was published yet." : undefined)}>
        {() => (
          <>
            <Sheet label="Versions">
              <thead>
                <tr>
                  <th scope="col">Version</th>
                  <th scope="col">Published</th>
                  <th scope="col">State</th>
                  <th scope="col">What to do</th>
                </tr>
              </thead>
              <tbody>
                {list
                  .rows(({ versions }) => versions)
                  .map((version) => (
                    <tr key={version.version}>
                      <th scope="row">
                        {version.version}
                        <span class="note">{version.hash.slice(0, 8)}</span>
                      </th>
                      <td>
                        <Time at={version.published_at} />
                      </td>
                      <td>
                        <Lamp state={version === newest ? "active" : "out"} label={version === newest ? "In force" : "Earlier"} />
                        {version.rolled_back_to !== null && <span class="note">brought back version {version.rolled_back_to}</span>}
                      </td>
                      <td class="tools">
                        {version.version > 1 && (
                          <button
                            type="button"
                            onClick={() => setOpen({ version, back: false })}
                            aria-label={`What version ${version.version} changed`}
                          >
                            What it changed
                          </button>
                        )}
                        <a
                          class="button"
                          href={here({ tab: "backtest", version: String(version.version) })}
                          aria-label={`Back-test version ${version.version}`}
                        >
                          Back-test
                        </a>
                        {version !== newest && (
                          <button
                            type="button"
                            onClick={() => setOpen({ version, back: true })}
                            aria-label={`Roll back to version ${version.version}`}
                          >
                            Roll back
                          </button>
                        )}
                      </td>
                    </tr>
                  ))}
              </tbody>
            </Sheet>
            <More next={list.next} busy={list.busy} more={list.more} />
            {list.refusal && <Refused refusal={list.refusal} again={list.more} />}
          </>
        )}
      </Loaded>
      {open && newest && (
        <Dialog
          title={open.back ? `Back to version ${open.version.version}` : `What version ${open.version.version} changed`}
          close={() => setOpen(undefined)}
        >
          <Changes from={open.back ? newest.version : open.version.version - 1} to={open.version.version} />
          {open.back && <RollBack version={open.version} newest={newest} done={done} />}
        </Dialog>
      )}
    </Card>
  );
}

function Changes({ from, to }: { from: number; to: number }): VNode {
  const diff = useAnswer<Diff>(query("/v1/config/diff", { from, to }));
  return (
    <Loaded of={diff} lines={4} empty={({ changes }) => (changes.length === 0 ? "The two say the same." : undefined)}>
      {({ changes }) => (
        <Sheet label="Changes">
          <thead>
            <tr>
              <th scope="col">Where</th>
              <th scope="col">Version {from}</th>
              <th scope="col">Version {to}</th>
            </tr>
          </thead>
          <tbody>
            {changes.map(({ pointer, before, after }) => (
              <tr key={pointer}>
                <th scope="row">
                  <code>{pointer || "/"}</code>
                </th>
                <td class="rule gone">{shown(before)}</td>
                <td class="rule come">{shown(after)}</td>
              </tr>
            ))}
          </tbody>
        </Sheet>
      )}
    </Loaded>
  );
}

const shown = (value: unknown): VNode => (value === undefined ? <Empty>nothing</Empty> : <code>{JSON.stringify(value)}</code>);

function RollBack({ version, newest, done }: { version: Version; newest: Version; done: (version: Version) => void }): VNode {
  const [refusal, setRefusal] = useState<Refusal>();
  const [busy, setBusy] = useState(false);
  const roll = async (): Promise<void> => {
    setBusy(true);
    await ask<Version>("/v1/config/rollback", { method: "POST", body: { version: version.version }, ifMatch: `"${newest.hash}"` }).then(
      done,
      (error: unknown) => {
        setRefusal(asRefusal(error));
        setBusy(false);
      },
    );
  };
  return (
    <>
      <p>It is published once more, as the newest version. Nothing is lost: version {newest.version} stays in this list.</p>
      {refusal && <Refused refusal={refusal} />}
      <button type="button" class="main" disabled={busy} onClick={roll}>
        {busy ? "Rolling back" : `Roll back to version ${version.version}`}
      </button>
    </>
  );
}
