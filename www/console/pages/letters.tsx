// Sequences, and the outbox of all tenants.

import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { ask, query } from "../api/client";
import type { Config, Outbox, Preview } from "../api/shapes";
import { Card, Head, More, Select, Sheet } from "../parts/bits";
import { useConfig } from "../parts/config";
import { Dialog } from "../parts/dialog";
import { LetterRows } from "../parts/letter-rows";
import { LetterText } from "../parts/letter-text";
import { Loaded, Refused, useLoad } from "../parts/load";
import { usePages } from "../parts/pages";
import { go, here, href, useRoute } from "../parts/router";
import { LETTER_STATES } from "../parts/words";

export function Letters(): VNode {
  const { query: chosen } = useRoute();
  const config = useConfig();
  const filters = { state: chosen.get("state"), tenant: chosen.get("tenant") };
  const list = usePages<Outbox>(query("/v1/email/outbox", filters), (page) => page.next_cursor);
  return (
    <>
      <Head title="Letters" lead="What follows up by mail, and every letter of all tenants." />
      <Card title="Sequences" wide>
        <Loaded of={config} lines={4} empty={(found) => ((found.sequences ?? []).length === 0 ? <None /> : undefined)}>
          {(found) => <Sequences sequences={found.sequences ?? []} />}
        </Loaded>
      </Card>
      <Card title="Outbox" wide>
        <form
          class="controls"
          onSubmit={(event) => {
            event.preventDefault();
            go(here({ tenant: String(new FormData(event.currentTarget).get("tenant") ?? "").trim() || undefined }));
          }}
        >
          <Select name="state" label="State" options={[["", "All"], ...Object.entries(LETTER_STATES)]} />
          <label class="field">
            <span>Tenant</span>
            <input
              name="tenant"
              type="search"
              maxLength={128}
              defaultValue={filters.tenant ?? ""}
              spellcheck={false}
              placeholder="Its whole name"
            />
          </label>
          <button>Filter</button>
        </form>
        <Loaded of={list.first} lines={8} empty={({ letters }) => (letters.length === 0 ? "There is no such letter." : undefined)}>
          {() => (
            <>
              <LetterRows letters={list.rows(({ letters }) => letters)} />
              <More next={list.next} busy={list.busy} more={list.more} />
              {list.refusal && <Refused refusal={list.refusal} again={list.more} />}
            </>
          )}
        </Loaded>
      </Card>
    </>
  );
}

/** `0s` → “at once”, `next_morning` → “next morning”, `2d` → “after 2d”. */
const when = (after: string): string =>
  /^0+[smhd]$/.test(after) ? "at once" : /^\d/.test(after) ? `after ${after}` : after.replaceAll("_", " ");

const None = (): VNode => (
  <>
    There are no sequences yet. <a href={href(["configuration"])}>Write the first one.</a>
  </>
);

function Sequences({ sequences }: { sequences: NonNullable<Config["sequences"]> }): VNode {
  const [template, setTemplate] = useState<string>();
  return (
    <>
      <Sheet label="Sequences">
        <thead>
          <tr>
            <th scope="col">Sequence</th>
            <th scope="col">Begins when</th>
            <th scope="col">To</th>
            <th scope="col">Letters</th>
          </tr>
        </thead>
        <tbody>
          {sequences.map(({ id, enter, to, steps }) => (
            <tr key={id}>
              <th scope="row">{id}</th>
              <td class="rule">
                <code>{enter}</code>
              </td>
              <td>{to ?? "the usual"}</td>
              <td>
                {steps.map((step, i) => (
                  <span key={i} class="line">
                    {when(step.after)}{" "}
                    <button type="button" class="link" onClick={() => setTemplate(step.template)}>
                      {step.template}
                    </button>
                  </span>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </Sheet>
      {template && (
        <Dialog title={`Template ${template}`} close={() => setTemplate(undefined)}>
          <Previewed template={template} />
        </Dialog>
      )}
    </>
  );
}

function Previewed({ template }: { template: string }): VNode {
  const preview = useLoad(template, (signal) => ask<Preview>("/v1/email/preview", { method: "POST", body: { template }, signal }));
  return (
    <Loaded of={preview} lines={8}>
      {(found) => (
        <>
          <p class="fine">
            With example facts. {found.missing.length > 0 && `Unknown, so nobody would be sent it: ${found.missing.join(", ")}.`}
          </p>
          <LetterText letter={found} name={template} />
        </>
      )}
    </Loaded>
  );
}
