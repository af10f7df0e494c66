// The page's own script with ours: the few lines of the README, and the elements once it has been decided what they show.
import { Upcue } from "#upcue";

const upcue = await Upcue.load({ endpoint: location.origin, token: window.TOKEN });
window.bench.decided(upcue.decide("app.header").nudge?.campaign);
await import("#upcue/define");
