// Requests to the weather API, their answers, and what they count.

import type { Upcue } from "upcue";

import { say, tell } from "./backstage.js";
import { by, every, make, number, shape } from "./dom.js";
import { type Place, PLACES, forecast } from "./weather.js";

const WIDTH = 640;
const HEIGHT = 180;
const FOOT = 2;
const HEAD = 14;
/** What Nimbus's servers see of a busy afternoon, in calls per step, on a plan of ten thousand. */
const AFTERNOON = [90, 140, 160, 210, 260, 300, 320, 310, 280, 240, 180, 130];
const STEP = 420;

let place = PLACES[0]!;

export function watchPlayground(upcue: () => Upcue | undefined): void {
  const select = by("place") as HTMLSelectElement;
  select.append(...PLACES.map(({ name }, i) => make("option", { value: String(i) }, name)));
  select.addEventListener("change", () => {
    place = PLACES[Number(select.value)] ?? place;
    draw(place);
    drawPlayground(upcue());
  });
  for (const button of every("[data-calls]")) {
    button.addEventListener("click", () => count(upcue(), Number(button.dataset.calls)));
  }
  const afternoon = by("afternoon") as HTMLButtonElement;
  afternoon.addEventListener("click", () => void simulate(upcue, afternoon));
  draw(place);
}

/** The answer that the API gives now. */
export function drawPlayground(upcue: Upcue | undefined): void {
  const granted = upcue?.entitlement("api_calls").granted ?? true;
  const { hours } = forecast(place);
  const status = by("status");
  status.textContent = granted ? "200 OK" : "429 Too Many Requests";
  status.dataset.ok = String(granted);
  by("request").textContent = `/v2/forecast?at=${place.at}`;
  const noon = hours[12]!;
  const answer = granted
    ? { place: place.name, hour: 12, celsius: noon.celsius, rain_mm: noon.rain, wind_kn: noon.wind }
    : { error: "quota_exhausted", detail: "This plan’s calls are used up for the period." };
  by("response").textContent = JSON.stringify(answer, null, 2);
}

function count(upcue: Upcue | undefined, calls: number): void {
  if (upcue && !upcue.entitlement("api_calls").granted) return say("429: the plan’s calls are used up for this period.");
  upcue?.usage("api_calls", calls);
  tell(`This page counted ${number(calls)} API calls`);
}

async function simulate(upcue: () => Upcue | undefined, button: HTMLButtonElement): Promise<void> {
  const limit = upcue()?.meter("api_calls")?.limit;
  const scale = limit ? limit / 10_000 : 20;
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  try {
    for (const calls of AFTERNOON) {
      await report(Math.round(calls * scale));
      await new Promise((done) => setTimeout(done, STEP));
    }
  } catch (error) {
    say("Nimbus’s servers could not report their usage.");
    tell(String(error));
  } finally {
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }
}

async function report(value: number): Promise<void> {
  const answer = await fetch("/api/usage", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ meter: "api_calls", value }),
  });
  if (!answer.ok) throw new Error(`/api/usage answered ${answer.status}`);
  tell(`Servers reported ${number(value)} API calls`);
}

function draw({ name, at }: Place): void {
  const { hours } = forecast(place);
  const degrees = hours.map(({ celsius }) => celsius);
  const low = Math.min(...degrees);
  const high = Math.max(...degrees);
  const x = (hour: number) => (hour / (hours.length - 1)) * WIDTH;
  const y = (celsius: number) => HEAD + (1 - (celsius - low) / (high - low || 1)) * (HEIGHT - HEAD - FOOT - 40);
  const line = curve(degrees.map((celsius, hour) => [x(hour), y(celsius)] as const));
  const floor = HEIGHT - FOOT;
  const rain = hours.map(({ rain }, hour) => {
    const tall = Math.min(rain * 16, 64);
    return shape("rect", { class: "rain", x: Math.min(Math.max(x(hour) - 4, 0), WIDTH - 8), y: floor - tall, width: 8, height: tall, rx: 2 });
  });
  by("chart").replaceChildren(
    ...[6, 12, 18].map((hour) => shape("line", { class: "grid", x1: x(hour), x2: x(hour), y1: 12, y2: floor })),
    shape("path", { class: "area", d: `${line} L${WIDTH} ${floor} L0 ${floor} Z` }),
    ...rain,
    shape("path", { class: "curve", d: line, "vector-effect": "non-scaling-stroke" }),
    shape("line", { class: "axis", x1: 0, x2: WIDTH, y1: floor, y2: floor }),
  );
  by("chart-title").textContent = `${name}, today: ${low}° to ${high}°, ${total(hours.map((h) => h.rain))} mm of rain`;
  by("request").textContent = `/v2/forecast?at=${at}`;
}

/** A line through all points that does not swing beyond them: flat at every top and bottom. */
function curve(points: (readonly [number, number])[]): string {
  const slope = (i: number): number => {
    const [before, here, after] = [points[i - 1], points[i], points[i + 1]];
    if (!before || !here || !after) return 0;
    const turns = (here[1] - before[1]) * (after[1] - here[1]) <= 0;
    return turns ? 0 : (after[1] - before[1]) / 2;
  };
  return points.reduce((path, [x, y], i) => {
    const before = points[i - 1];
    if (!before) return `M${x} ${y}`;
    const third = (x - before[0]) / 3;
    const controls = [before[0] + third, before[1] + slope(i - 1) / 3, x - third, y - slope(i) / 3, x, y];
    return `${path} C${controls.map((n) => n.toFixed(1)).join(" ")}`;
  }, "");
}

const total = (amounts: number[]): number => Math.round(amounts.reduce((sum, amount) => sum + amount, 0));
