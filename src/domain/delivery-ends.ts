// What an entry of the log says became of a delivery: delivered, failed or withheld.
// Invariant: each entry says one of them or none; a delivery that is replayed may come to several ends, one after the other.

export const deliveryEnds = ['delivered', 'failed', 'withheld'] as const;
export type DeliveryEnd = (typeof deliveryEnds)[number];

/** Entries that end a delivery by themselves; of the others, what comes next says it. */
const byEntry: Readonly<Partial<Record<string, DeliveryEnd>>> = {
  invalid: 'failed',
  expired: 'failed',
  bounced: 'failed',
  withheld: 'withheld',
};
const byStep: Readonly<Partial<Record<string, DeliveryEnd>>> = { done: 'delivered', fail: 'failed' };

export const endingEntries: readonly string[] = Object.keys(byEntry);
export const endingSteps: readonly string[] = Object.keys(byStep);

/** Undefined: it goes on. @param step what comes next, as the entry has it */
export const endOf = (entry: string, step: string): DeliveryEnd | undefined => byEntry[entry] ?? byStep[step];
