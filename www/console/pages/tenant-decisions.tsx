// What a user of a tenant is shown, and gate by gate why.

import type { VNode } from "preact";
import { part, query } from "../api/client";
import type { Decision, Decisions, Gate } from "../api/shapes";
import { Card, Lamp, Select, Sheet, Time } from "../parts/bits";
import { Loaded, useAnswer } from "../parts/load";
import { go, here, href, useRoute } from "../parts/router";
import { REASONS, sentence, word } from "../parts/words";

export function TenantDecisions({ id }: { id: string }): VNode {
  const { query: chosen } = useRoute();
  const asked = { user: chosen.get("user"), role: chosen.get("role") };
  const answer = useAnswer<Decisions>(query(`/v1/tenants/${part(id)}/decisions`, asked));
  return (
    <>
      <form
        class="controls"
        onSubmit={(event) => {
          event.preventDefault();
          go(here({ user: String(new FormData(event.currentTarget).get("user") ?? "").trim() || undefined }));
        }}
      >
        <label class="field grow">
          <span>User</span>
          <input
            name="user"
            type="text"
            maxLength={128}
            defaultValue={asked.user ?? ""}
            placeholder="Anybody new"
            spellcheck={false}
            autocomplete="off"
          />
        </label>
        <Select
          name="role"
          label="Role"
          usual="admin"
          options={[
            ["admin", "Admin"],
            ["member", "Member"],
          ]}
        />
        <button>Ask</button>
      </form>
      <Loaded
        of={answer}
        lines={8}
        empty={({ decisions }) => (decisions.length === 0 ? "No campaign has a placement, so nothing is ever shown." : undefined)}
      >
        {({ decisions, at, config_version: version }) => (
          <>
            <p class="fine">
              As of <Time at={at} />, by version {version} of the configuration.
            </p>
            {decisions.map((decision) => (
              <Placement key={decision.placement} decision={decision} />
            ))}
          </>
        )}
      </Loaded>
    </>
  );
}

const Placement = ({ decision: { placement, campaign, title, reason, trace } }: { decision: Decision }): VNode => (
  <Card title={placement} wide tools={<Lamp state={reason} label={campaign ? "Shows a prompt" : word(REASONS, reason)} />}>
    {title && <p class="verdict">“{title}”</p>}
    <ul class="why">
      {trace.map((of) => (
        <li key={of.campaign}>
          <details>
            <summary>
              <b>{of.campaign}</b>
              {of.variant && <span class="fine"> {of.variant}</span>}
              <Lamp state={of.reason} label={word(REASONS, of.reason)} />
              {of.would_show_if && (
                <span class="would">
                  Would show if <code>{of.would_show_if}</code>
                </span>
              )}
            </summary>
            <Gates gates={of.gates} />
            <p class="fine">
              <a href={href(["campaigns", of.campaign])}>What comes of this campaign</a>
            </p>
          </details>
        </li>
      ))}
    </ul>
  </Card>
);

const VERDICTS: Record<string, string> = { pass: "Passed", stop: "Stopped here", not_reached: "Not reached" };

const Gates = ({ gates }: { gates: Gate[] }): VNode => (
  <Sheet label="Gates">
    <thead>
      <tr>
        <th scope="col">Gate</th>
        <th scope="col">Verdict</th>
        <th scope="col">Wants</th>
        <th scope="col">Finds</th>
      </tr>
    </thead>
    <tbody>
      {gates.map(({ gate, verdict, inputs, threshold, would }) => (
        <tr key={gate} class={verdict === "not_reached" ? "faint" : undefined}>
          <th scope="row">{sentence(gate)}</th>
          <td>
            <Lamp state={verdict} as={verdict === "stop" ? "bad" : verdict === "pass" ? "go" : "out"} label={word(VERDICTS, verdict)} />
          </td>
          <td class="rule">{threshold ? <code>{threshold}</code> : "–"}</td>
          <td class="rule">
            {inputs.map(({ name, value }) => (
              <span key={name} class="line">
                <code>
                  {name} = {value}
                </code>
              </span>
            ))}
            {would && verdict === "stop" && <span class="line">Would pass: {would}</span>}
          </td>
        </tr>
      ))}
    </tbody>
  </Sheet>
);
