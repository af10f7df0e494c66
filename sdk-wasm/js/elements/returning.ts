/** What Stripe's page adds to the address it leads back to: the name of the upgrade. */
export const PARAMETER = "upcue_upgrade";

export const returnedUpgrade = (): string | null => new URL(location.href).searchParams.get(PARAMETER);
