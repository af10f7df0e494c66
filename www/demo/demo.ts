// Nimbus, a weather API that does not exist. What a customer of Upcue writes is in these two imports, in `enter`, and in
// the calls to `upcue` below; the rest is Nimbus.

import { Upcue } from "upcue";
import "upcue/define";

import { drawBackstage, say, tell } from "./parts/backstage.js";
import { aboutOf, askAdmins, showPlans, watchBilling } from "./parts/billing.js";
import { by, every } from "./parts/dom.js";
import { drawPlayground, watchPlayground } from "./parts/playground.js";
import { type Visitor, openSession } from "./parts/session.js";
import { drawSso, watchSso } from "./parts/sso.js";
import { watchStripe } from "./parts/stripe.js";
import { drawTeam, watchTeam } from "./parts/team.js";

let upcue: Upcue | undefined;
let visitor: Visitor = "admin";

const current = () => upcue;

async function enter(): Promise<void> {
  upcue?.close();
  upcue = undefined;
  const session = await openSession(visitor);
  const loaded = await Upcue.load({
    endpoint: session.endpoint,
    user: `${session.user.id} ${session.user.role}`,
    token: session.token,
  });
  upcue = loaded;
  loaded.on("change", draw);
  loaded.on("error", (error) => tell(`Upcue could not: ${error.message}`));
  by("me-name").textContent = session.user.name;
  by("me-avatar").textContent = session.user.name.split(" ").map((word) => word[0]).join("");
  draw();
}

function draw(): void {
  const plan = upcue?.plan();
  by("plan").hidden = !plan;
  by("plan").textContent = plan?.name ?? "";
  drawBackstage(upcue);
  drawPlayground(upcue);
  drawTeam(upcue);
  drawSso(upcue, visitor);
  stripe.draw();
}

function welcome(who: Visitor): void {
  visitor = who;
  for (const button of every("[data-role]")) button.setAttribute("aria-pressed", String(button.dataset.role === visitor));
  enter().catch((error: Error) => {
    say("Nimbus’s back end does not answer. Start the demo with `cargo xtask dev`.");
    tell(error.message);
    drawBackstage(undefined, "failed");
  });
}

const stripe = watchStripe(current);
watchBilling();
watchPlayground(current);
watchTeam(current);
watchSso(current, () => visitor);
for (const button of every("[data-role]")) {
  button.addEventListener("click", () => welcome(button.dataset.role as Visitor));
}

document.addEventListener("upcue-action", ({ detail }) => {
  tell(`Followed ${detail.campaign}: ${detail.action}`);
  const about = aboutOf(detail.campaign);
  if (detail.action === "request_upgrade" && about) return void askAdmins(upcue, about);
  showPlans(about);
});
document.addEventListener("upcue-dismiss", ({ detail }) => tell(`Put ${detail.campaign} away`));

draw();
welcome("admin");
