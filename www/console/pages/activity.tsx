// What happens now: asked for every few seconds while somebody looks.

import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { query } from "../api/client";
import type { Act, Activity as Answer } from "../api/shapes";
import { Card, Head, Select, TenantLink } from "../parts/bits";
import { money, shortTime } from "../parts/format";
import { Loaded, useAnswer } from "../parts/load";
import { useCurrency, usePlanNames } from "../parts/plan-names";
import { href, useRoute } from "../parts/router";
import { ACTS, sentence, tone, word } from "../parts/words";

const EVERY = 4_000;

export function Activity(): VNode {
  const { query: chosen } = useRoute();
  const [isLive, setLive] = useState(true);
  const answer = useAnswer<Answer>(query("/v1/activity", { limit: 100, kind: chosen.get("kind"), tenant: chosen.get("tenant") }));
  const planName = usePlanNames();
  const currency = useCurrency();
  const refused = answer.refusal !== undefined;
  useEffect(() => {
    if (!isLive || refused) return;
    const clock = setInterval(() => document.visibilityState === "visible" && answer.again(), EVERY);
    return () => clearInterval(clock);
  }, [isLive, refused, answer.again]);
  return (
    <>
      <Head title="Activity" lead="What happens now, the newest first.">
        <button type="button" aria-pressed={isLive} onClick={() => setLive(!isLive)}>
          {isLive ? "Pause" : "Go on"}
        </button>
      </Head>
      <div class="controls">
        <Select
          name="kind"
          label="What"
          options={[["", "Everything"], ...Object.keys(ACTS).map((kind) => [kind, sentence(kind)] as const)]}
        />
      </div>
      <Card title={isLive ? "Live" : "Paused"} wide>
        <Loaded
          of={answer}
          lines={12}
          empty={({ activity }) =>
            activity.length === 0 ? "Nothing has happened yet. Leave this open: what happens appears by itself." : undefined
          }
        >
          {({ activity }) => (
            <ol class="cues live">
              {activity.map((act) => (
                <Cue
                  key={[act.at, act.tenant, act.kind, act.campaign, act.sequence, act.signal].join(" ")}
                  act={act}
                  planName={planName}
                  currency={currency}
                />
              ))}
            </ol>
          )}
        </Loaded>
      </Card>
    </>
  );
}

/** What an amount is of. */
const AMOUNTS: Record<string, string> = { quoted: "due", upgraded: "charged", conversion: "a month more" };

const Cue = ({
  act: { at, tenant, kind, campaign, sequence, signal, segment, plan, code, amount },
  planName,
  currency,
}: {
  act: Act;
  planName: (id: string) => string;
  currency: string;
}): VNode => (
  <li>
    <time dateTime={new Date(at).toISOString()}>{shortTime(at)}</time>
    <i class={`dot ${tone(kind)}`} />
    <div>
      <TenantLink tenant={tenant} /> {word(ACTS, kind)} {campaign && <a href={href(["campaigns", campaign])}>{campaign}</a>}{" "}
      {[sequence, signal, segment, plan && `to ${planName(plan)}`, code && sentence(code).toLowerCase()].filter(Boolean).join(", ")}
    </div>
    {amount !== undefined && <b>{`${money(amount, currency)} ${AMOUNTS[kind] ?? ""}`}</b>}
  </li>
);
