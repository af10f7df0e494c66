import { PRICES, type PriceMessages } from "../prices.js";

/**
 * What `<upcue-plans>` says by itself. Words in braces are filled in. Where a message counts, `key_one`, `key_few` and so on
 * are taken for the numbers that go with them, in the language of the page.
 */
export interface PlansMessages extends PriceMessages {
  loading: string;
  failed: string;
  empty: string;

  /** `{percent}`, `{label}`, `{used}`, `{limit}` */
  limit: string;
  limitReached: string;
  /** `{projected}`, `{label}`, `{limit}` */
  pace: string;
  /** `{label}` */
  feature: string;
  /** `{n}`, `{label}` */
  requests: string;
  requests_one: string;
  /** `{plan}` */
  fitting: string;
  covered: string;

  /** For those who have no plan. */
  none: string;
  /** For those who pay nothing: `{plan}` */
  free: string;
  /** For those who pay: `{plan}`, `{price}`, `{date}` */
  paying: string;
  trial: string;
  ending: string;

  /** The name of the switch, and what it offers. */
  interval: string;
  day: string;
  week: string;
  month: string;
  year: string;
  best: string;
  yours: string;
  /** `{n}`, `{price}` */
  quantity: string;
  /** Beside a meter's name: `{n}` */
  used: string;
  lower: string;
  /** `{amount}` */
  estimate: string;
  estimateNothing: string;
  /** For those who pay nothing, and for those who do: `{plan}` */
  choose: string;
  switch: string;
  switchMonth: string;
  switchYear: string;

  /** For members. */
  ask: string;
  asked: string;
  /** Read out: `{label}` */
  askedFor: string;
  askedEnough: string;
  askFailed: string;
  /** For admins. */
  wishes: string;

  contactTitle: string;
  contactText: string;
  contact: string;

  included: string;
  notIncluded: string;
  unlimited: string;
  /** The name of the table, and of its first column and rows. */
  compared: string;
  what: string;
  priceRow: string;
  choiceRow: string;
}

export const WORDS: PlansMessages = {
  ...PRICES,
  loading: "Loading plans…",
  failed: "The plans could not be loaded.",
  empty: "There are no plans to choose from.",
  limit: "You’ve used {percent} of your {label}",
  limitReached: "You’ve reached your limit of {limit} {label}",
  pace: "At this pace you’ll need {projected} {label}; your plan has {limit}",
  feature: "{label} is not part of your plan",
  requests: "{n} teammates asked for {label}",
  requests_one: "A teammate asked for {label}",
  fitting: "{plan} covers what you use and where you are heading.",
  covered: "Your plan covers what you use.",
  none: "You have no plan yet.",
  free: "You’re on {plan}.",
  paying: "You’re on {plan}, {price}. It renews on {date}.",
  trial: "Your trial of {plan} runs until {date}.",
  ending: "You’re on {plan} until {date}.",
  interval: "Billing period",
  day: "Daily",
  week: "Weekly",
  month: "Monthly",
  year: "Yearly",
  best: "Fits your pace",
  yours: "Your plan",
  quantity: "{price} for {n}",
  used: "{n} used",
  lower: "Smaller than your plan",
  estimate: "About {amount} today, estimate",
  estimateNothing: "Nothing due today, estimate",
  choose: "Choose {plan}",
  switch: "Switch to {plan}",
  switchMonth: "Switch to monthly",
  switchYear: "Switch to yearly",
  ask: "Ask your admin",
  asked: "Asked",
  askedFor: "Your admins have been asked for {label}.",
  askedEnough: "You have asked often enough for now.",
  askFailed: "Your admins could not be asked. Try again.",
  wishes: "What your team asked for",
  contactTitle: "None of these plans covers what you need",
  contactText: "Tell us what you need, and we’ll find a plan.",
  contact: "Contact us",
  included: "Included",
  notIncluded: "Not included",
  unlimited: "Unlimited",
  compared: "Plans compared",
  what: "What you get",
  priceRow: "Price",
  choiceRow: "Your choice",
};
