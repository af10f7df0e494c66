// The way in: an app's secret key.

import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { ask } from "../api/client";
import { allowed, appOf, isLocal, signIn, usualEndpoint } from "../api/session";
import { asRefusal } from "../parts/load";
import { Mark } from "../parts/shell";

export function SignIn(): VNode {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (form: HTMLFormElement): Promise<void> => {
    const given = new FormData(form);
    const key = String(given.get("key") ?? "").trim();
    const endpoint = allowed(String(given.get("endpoint") ?? usualEndpoint()));
    const wrong = refused(key, endpoint);
    if (wrong || !endpoint) return setProblem(wrong);
    setProblem("");
    setBusy(true);
    await ask("/v1/config/versions?limit=1", { as: { endpoint, key } }).then(
      () => signIn({ endpoint, key }),
      (error: unknown) => (setProblem(asRefusal(error).message), setBusy(false)),
    );
  };
  return (
    <main class="door">
      <h1>
        <Mark /> Upcue console
      </h1>
      <form method="post" onSubmit={(event) => (event.preventDefault(), void submit(event.currentTarget))}>
        <label class="field">
          <span>Secret key</span>
          <input
            name="key"
            type="password"
            required
            placeholder="upc_sk_…"
            autocomplete="off"
            spellcheck={false}
            aria-describedby="key-hint key-problem"
            aria-invalid={problem !== ""}
            autofocus
          />
        </label>
        {isLocal && (
          <label class="field">
            <span>Worker</span>
            <input name="endpoint" type="url" required defaultValue={usualEndpoint()} spellcheck={false} />
          </label>
        )}
        <p id="key-problem" class="problem" role="alert">
          {problem}
        </p>
        <button class="main" disabled={busy}>
          {busy ? "Signing in" : "Sign in"}
        </button>
        <p id="key-hint" class="fine">
          The key of your app, as creating it answered. It stays in this tab until you sign out or close it, and is sent to the Worker
          alone.
        </p>
      </form>
    </main>
  );
}

function refused(key: string, endpoint: string | undefined): string {
  if (key.startsWith("upc_op_")) return "This is an operator key. The console takes the secret key of one app, which begins with upc_sk_.";
  if (!appOf(key)) return "This is no secret key: one begins with upc_sk_, the name of its app and another underscore.";
  return endpoint ? "" : "The Worker must be an address of this machine, as http://127.0.0.1:8787.";
}
