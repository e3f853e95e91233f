// Derives from a log entry the end of a delivery: delivered, failed or withheld.
// Invariant: an entry gives one end or none; a replayed delivery may have several ends, one after the other.

export const deliveryEnds = ['delivered', 'failed', 'withheld'] as const;
export type DeliveryEnd = (typeof deliveryEnds)[number];

/** Entries that end a delivery by themselves; for the others the next step decides. */
const byEntry: Readonly<Partial<Record<string, DeliveryEnd>>> = {
  invalid: 'failed',
  expired: 'failed',
  bounced: 'failed',
  withheld: 'withheld',
};
const byStep: Readonly<Partial<Record<string, DeliveryEnd>>> = { done: 'delivered', fail: 'failed' };

export const endingEntries: readonly string[] = Object.keys(byEntry);
export const endingSteps: readonly string[] = Object.keys(byStep);

/** Undefined: the delivery goes on. @param step the next step in the entry */
export const endOf = (entry: string, step: string): DeliveryEnd | undefined => byEntry[entry] ?? byStep[step];
