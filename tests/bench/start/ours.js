// The page's own script with ours: the few lines of the README.
import { Upcue } from "#upcue";

const elements = import("#upcue/define");
const upcue = await Upcue.load({ endpoint: location.origin, token: window.TOKEN });
window.bench.decided(upcue.decide("app.header").nudge?.campaign);
await elements;
