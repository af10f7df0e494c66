// Outbound webhooks: where they go, what became of each delivery, and once more.

import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { ask, part } from "../api/client";
import type { Endpoint, FreshSecret, Webhooks } from "../api/shapes";
import { Card, Head, Lamp, Time } from "../parts/bits";
import { Dialog } from "../parts/dialog";
import { Loaded, asRefusal, useAnswer } from "../parts/load";
import { WebhookDeliveries } from "./webhook-deliveries";

export function WebhooksPage(): VNode {
  const list = useAnswer<Webhooks>("/v1/webhooks");
  const [fresh, setFresh] = useState("");
  return (
    <>
      <Head title="Webhooks" lead="What Upcue tells your servers, signed as Standard Webhooks are." />
      <Loaded of={list} lines={6}>
        {({ endpoints }) => (
          <>
            {endpoints.map((endpoint) => (
              <OneEndpoint key={endpoint.id} endpoint={endpoint} again={list.again} fresh={setFresh} />
            ))}
            <Add isFirst={endpoints.length === 0} again={list.again} fresh={setFresh} />
          </>
        )}
      </Loaded>
      {fresh && (
        <Dialog title="The signing secret" close={() => setFresh("")}>
          <p>It is shown this once. Keep it where your server reads it.</p>
          <pre tabIndex={0} aria-label="Secret">
            {fresh}
          </pre>
        </Dialog>
      )}
    </>
  );
}

interface Told {
  again: () => void;
  fresh: (secret: string) => void;
}

function OneEndpoint({
  endpoint: { id, url, events, state, disabled_reason: why, failing_since: failing, secrets },
  again,
  fresh,
}: Told & { endpoint: Endpoint }): VNode {
  const [said, setSaid] = useState("");
  const [isDeleting, setDeleting] = useState(false);
  const [turn, setTurn] = useState(0);
  const path = `/v1/webhooks/${part(id)}`;
  const does = async <T,>(call: Promise<T>, then: (answer: T) => string): Promise<void> => {
    await call.then(
      (answer) => (setSaid(then(answer)), setTurn((turn) => turn + 1), again()),
      (error: unknown) => setSaid(asRefusal(error).message),
    );
  };
  const enabled = state === "enabled";
  return (
    <Card title={url} wide tools={<Lamp state={state} />}>
      {why && <p class="alarm">Switched off: {why}</p>}
      <dl class="pairs">
        <dt>Events</dt>
        <dd>{events.includes("*") ? "All" : events.join(", ")}</dd>
        <dt>Secrets</dt>
        <dd>
          {secrets.map((secret) => (
            <span key={secret.id} class="line">
              <code>{secret.id}</code>{" "}
              {secret.expires_at === null ? (
                "signs"
              ) : (
                <>
                  signs as well, and expires <Time at={secret.expires_at} />
                </>
              )}
            </span>
          ))}
        </dd>
        {failing !== null && (
          <>
            <dt>Failing</dt>
            <dd>
              since <Time at={failing} />
            </dd>
          </>
        )}
      </dl>
      <p class="tools">
        <button type="button" onClick={() => does(ask(`${path}/test`, { method: "POST", body: {} }), () => "A test event is on its way.")}>
          Send a test
        </button>
        <button
          type="button"
          onClick={() =>
            does(
              ask<FreshSecret>(`${path}/rotate`, { method: "POST", body: { overlap: "24h" } }),
              ({ secret }) => (fresh(secret), "Both secrets sign for a day."),
            )
          }
        >
          New secret
        </button>
        <button
          type="button"
          onClick={() =>
            does(ask(path, { method: "PATCH", body: { state: enabled ? "disabled" : "enabled" } }), () =>
              enabled ? "Switched off." : "Switched on.",
            )
          }
        >
          {enabled ? "Switch off" : "Switch on"}
        </button>
        <button type="button" onClick={() => setDeleting(true)}>
          Delete
        </button>
      </p>
      <p role="status">{said}</p>
      <WebhookDeliveries endpoint={id} url={url} turn={turn} />
      {isDeleting && (
        <Dialog title={`Delete ${url}?`} close={() => setDeleting(false)}>
          <p>It is told nothing more, and its deliveries are gone.</p>
          <button
            type="button"
            class="main"
            onClick={() => does(ask(path, { method: "DELETE" }).catch(ignoreEmpty), () => (setDeleting(false), "Deleted."))}
          >
            Delete it
          </button>
        </Dialog>
      )}
    </Card>
  );
}

/** Deleting answers nothing, which is no JSON. */
function ignoreEmpty(error: unknown): void {
  if (!(error instanceof SyntaxError)) throw error;
}

function Add({ isFirst, again, fresh }: Told & { isFirst: boolean }): VNode {
  const [said, setSaid] = useState("");
  const add = async (form: HTMLFormElement): Promise<void> => {
    const given = new FormData(form);
    const events = String(given.get("events") ?? "")
      .split(/[\s,]+/)
      .filter(Boolean);
    await ask<FreshSecret>("/v1/webhooks", {
      method: "POST",
      body: { url: String(given.get("url")), ...(events.length > 0 && { events }) },
    }).then(
      ({ secret }) => (form.reset(), setSaid(""), fresh(secret), again()),
      (error: unknown) => setSaid(asRefusal(error).message),
    );
  };
  return (
    <Card title={isFirst ? "Add the first endpoint" : "Add an endpoint"} wide>
      <form class="controls" onSubmit={(event) => (event.preventDefault(), void add(event.currentTarget))}>
        <label class="field grow">
          <span>Address</span>
          <input name="url" type="url" required placeholder="https://api.example.com/upcue" spellcheck={false} autocomplete="off" />
        </label>
        <label class="field grow">
          <span>Events</span>
          <input name="events" placeholder="All; or names, as subscription.upgraded" spellcheck={false} autocomplete="off" />
        </label>
        <button class="main">Add</button>
      </form>
      <p class="problem" role="alert">
        {said}
      </p>
    </Card>
  );
}
