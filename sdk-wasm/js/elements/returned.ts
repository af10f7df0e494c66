/** What Stripe's page adds to the address it leads back to: the name of the upgrade. */
const PARAMETER = "upcue_upgrade";

/** The upgrade that the page was left for. */
export const returnedUpgrade = (): string | null => new URL(location.href).searchParams.get(PARAMETER);

/** This page's address, as it was before it was ever returned to. */
export function ownAddress(): string {
  const here = new URL(location.href);
  here.searchParams.delete(PARAMETER);
  return here.href;
}
