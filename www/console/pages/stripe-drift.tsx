// Whether Stripe and its mirror here say the same.

import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { ask } from "../api/client";
import type { Sweep } from "../api/shapes";
import { Card, TenantLink } from "../parts/bits";
import { count, number } from "../parts/format";
import { asRefusal } from "../parts/load";

/** Every subscription at Stripe beside its mirror, when somebody asks. */
export function Drift(): VNode {
  const [sweep, setSweep] = useState<Sweep>();
  const [said, setSaid] = useState("");
  const compare = async (): Promise<void> => {
    setSaid("Comparing every subscription");
    await ask<Sweep>("/v1/stripe/reconcile", { method: "POST", body: {} }).then(
      (found) => (setSweep(found), setSaid("")),
      (error: unknown) => setSaid(asRefusal(error).message),
    );
  };
  return (
    <Card title="Drift">
      <p>Every hour, and now if you like, each subscription at Stripe is compared with its mirror here, and mended.</p>
      <button type="button" onClick={compare}>
        Compare now
      </button>
      <p role="status">
        {said}
        {sweep && outcome(sweep)}
      </p>
      <ul>
        {sweep?.drifted.map(({ tenant, subscription }) => (
          <li key={subscription}>
            <TenantLink tenant={tenant} /> <code>{subscription}</code>
          </li>
        ))}
        {sweep?.failed.map(({ subscription, detail }) => (
          <li key={subscription}>
            <code>{subscription}</code> {detail}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function outcome({ checked, drifted, unmatched, failed }: Sweep): string {
  const mended = `${count(drifted.length, "one", "ones")} had drifted and ${drifted.length === 1 ? "is" : "are"} mended`;
  const found = drifted.length === 0 ? "none had drifted" : mended;
  return `${count(checked, "subscription")} compared: ${found}, ${number(unmatched)} of nobody, ${number(failed.length)} could not be read.`;
}
