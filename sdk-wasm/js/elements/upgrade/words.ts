import { PRICES, type PriceMessages } from "../prices.js";

/** What `<upcue-upgrade>` says by itself. Words in braces are filled in. */
export interface UpgradeMessages extends PriceMessages {
  /** `{plan}` */
  title: string;
  titleSwitch: string;
  close: string;
  cancel: string;
  loading: string;

  from: string;
  to: string;
  noPlan: string;
  /** `{price}`, `{n}` */
  times: string;
  seats: string;
  fewer: string;
  more: string;

  subtotal: string;
  discount: string;
  tax: string;
  balance: string;
  due: string;
  /** `{amount}`, `{date}` */
  next: string;
  gained: string;
  lost: string;
  /** `{label}`, `{before}`, `{after}` */
  limit: string;
  unlimited: string;
  /** `{time}` */
  held: string;
  unlocked: string;
  /** The notes of a quote. */
  trial_continues: string;
  cancellation_withdrawn: string;
  interval_changes: string;
  invoice_sent: string;
  tax_at_checkout: string;

  /** The button that does it: `{amount}` */
  pay: string;
  payNothing: string;
  payCredit: string;
  paySwitch: string;
  payCheckout: string;
  busy: string;

  expired: string;
  staleTitle: string;
  /** `{before}`, `{after}` */
  staleAmount: string;
  stalePrice: string;
  stale: string;
  declined: string;
  declinedHelp: string;
  mend: string;
  unreachable: string;
  unreachableHelp: string;
  inProgress: string;
  already: string;
  alreadyHelp: string;
  /** Nothing was done, whatever the reason. */
  failed: string;
  failedHelp: string;
  forbidden: string;

  authentication: string;
  authenticationHelp: string;
  payment_method: string;
  payment_methodHelp: string;
  checkout: string;
  checkoutHelp: string;
  go: string;

  checking: string;
  waiting: string;
  waitingHelp: string;
  again: string;
  unfinished: string;

  /** `{plan}` */
  done: string;
  /** `{amount}` */
  charged: string;
  chargedNothing: string;
  finish: string;
}

export const WORDS: UpgradeMessages = {
  ...PRICES,
  title: "Upgrade to {plan}",
  titleSwitch: "Change how you pay for {plan}",
  close: "Close",
  cancel: "Not now",
  loading: "Asking Stripe for the amount…",
  from: "From",
  to: "To",
  noPlan: "No plan",
  times: "{n} × {price}",
  seats: "Seats",
  fewer: "One fewer",
  more: "One more",
  subtotal: "Subtotal",
  discount: "Discount",
  tax: "Tax",
  balance: "Your balance",
  due: "Due now",
  next: "Next invoice: {amount} on {date}.",
  gained: "What you get",
  lost: "What you lose",
  limit: "{label}: {after}, was {before}",
  unlimited: "unlimited",
  held: "This amount holds until {time}.",
  unlocked: "Stripe works it out once more when you confirm.",
  trial_continues: "Your trial goes on; nothing is due before it ends.",
  cancellation_withdrawn: "You had cancelled; your subscription goes on.",
  interval_changes: "Your billing period begins anew today.",
  invoice_sent: "Stripe sends you an invoice.",
  tax_at_checkout: "Stripe’s page adds the tax.",
  pay: "Pay {amount} and upgrade",
  payNothing: "Upgrade, nothing due now",
  payCredit: "Upgrade, keep {amount} as credit",
  paySwitch: "Pay {amount} and switch",
  payCheckout: "Continue to Stripe",
  busy: "Upgrading…",
  expired: "The amount had run out. This is the new one.",
  staleTitle: "Something has changed meanwhile",
  staleAmount: "Due now: {after} instead of {before}.",
  stalePrice: "The price: {after} instead of {before}.",
  stale: "Nothing was charged. Look again and confirm.",
  declined: "The payment did not go through",
  declinedHelp: "Your plan is what it was. Use another card or ask your bank, then try again.",
  mend: "Change how you pay",
  unreachable: "We don’t know yet whether it went through",
  unreachableHelp: "Try again: however often you do, you pay once.",
  inProgress: "Another change of your plan is under way. Try again in a moment.",
  already: "You’re on this plan already",
  alreadyHelp: "Nothing was charged.",
  failed: "That did not work",
  failedHelp: "Nothing was charged. Your plan is what it was.",
  forbidden: "Only your admins can change the plan.",
  authentication: "Your bank wants you to confirm",
  authenticationHelp: "Stripe’s page takes it from here, and leads back.",
  payment_method: "A card is missing",
  payment_methodHelp: "Stripe’s page takes it from here, and leads back.",
  checkout: "On to the payment",
  checkoutHelp: "Stripe’s page takes it from here, and leads back.",
  go: "Continue to Stripe",
  checking: "Looking how it went…",
  waiting: "The payment is still under way",
  waitingHelp: "You can close this. Your plan changes as soon as it is through.",
  again: "Look again",
  unfinished: "The payment is not finished",
  done: "You’re on {plan}",
  charged: "{amount} was charged.",
  chargedNothing: "Nothing was charged.",
  finish: "Done",
};
