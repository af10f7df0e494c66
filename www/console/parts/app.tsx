// The whole: signed in or not, and which page.

import type { VNode } from "preact";
import { useEffect, useErrorBoundary, useState } from "preact/hooks";
import { onSession, session } from "../api/session";
import { Activity } from "../pages/activity";
import { Campaign } from "../pages/campaign";
import { Campaigns } from "../pages/campaigns";
import { Configuration } from "../pages/configuration";
import { ConversionsPage } from "../pages/conversions";
import { Letters } from "../pages/letters";
import { Overview } from "../pages/overview";
import { Segments } from "../pages/segments";
import { SignIn } from "../pages/sign-in";
import { Signals } from "../pages/signals";
import { StripePage } from "../pages/stripe";
import { TenantPage } from "../pages/tenant";
import { TenantsPage } from "../pages/tenants";
import { WebhooksPage } from "../pages/webhooks";
import { Head } from "./bits";
import { Refused, asRefusal } from "./load";
import { useRoute } from "./router";
import { Shell } from "./shell";

export function App(): VNode {
  const [who, setWho] = useState(session);
  useEffect(() => onSession(() => setWho(session())), []);
  // Another key is another app: nothing of what was shown stays.
  return who ? <House key={who.key} /> : <SignIn />;
}

function House(): VNode {
  const { parts } = useRoute();
  return (
    <Shell parts={parts}>
      <Room key={parts.join("/")} parts={parts} />
    </Shell>
  );
}

/** One page. What goes wrong in it leaves the way to the others open. */
function Room({ parts }: { parts: string[] }): VNode {
  const [error, reset] = useErrorBoundary();
  if (error) {
    return (
      <>
        <Head title="Something went wrong" />
        <Refused refusal={asRefusal(error)} again={reset} />
      </>
    );
  }
  return page(parts);
}

function page([name = "overview", which, ...rest]: string[]): VNode {
  if (rest.length === 0) {
    switch (which === undefined ? name : `${name}/*`) {
      case "overview":
        return <Overview />;
      case "campaigns":
        return <Campaigns />;
      case "campaigns/*":
        return <Campaign id={which ?? ""} />;
      case "signals":
        return <Signals />;
      case "conversions":
        return <ConversionsPage />;
      case "tenants":
        return <TenantsPage />;
      case "tenants/*":
        return <TenantPage id={which ?? ""} />;
      case "segments":
        return <Segments id={undefined} />;
      case "segments/*":
        return <Segments id={which} />;
      case "letters":
        return <Letters />;
      case "configuration":
        return <Configuration />;
      case "stripe":
        return <StripePage />;
      case "webhooks":
        return <WebhooksPage />;
      case "activity":
        return <Activity />;
    }
  }
  return <Head title="There is no such page" lead="The address names nothing that the console has. The menu leads on." />;
}
