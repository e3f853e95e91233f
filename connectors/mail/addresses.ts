// Parses mailboxes in settings. Pure.
// Invariant: accepts any text; the schema of the settings decides what a mailbox is.

export function listOf(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}

/** The bare mailbox of `Name <mailbox>`. */
export function bareMailbox(address: string): string {
  return /<([^<>]+)>$/.exec(address)?.[1] ?? address;
}

/** The domain a sender writes from. */
export const domainOf = (address: string): string => bareMailbox(address).split('@').at(-1) ?? '';
