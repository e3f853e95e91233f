// Records the credentials that one request uses, and removes them from its answer.
// Invariant: a reference that holds a credential of ours is never stored: a recipient may repeat what it was sent.
import type { Captured, Outcome, SendContext } from '../../../connectors/contract.ts';

/** Shorter secrets, such as a user name, also occur in honest references. */
const leastLetters = 8;

export interface Watched {
  readonly context: SendContext;
  /** The outcome without references and captures that hold a credential that the context gave out. */
  readonly clean: (outcome: Outcome) => Outcome;
}

export function watchCredentials(context: SendContext): Watched {
  const given = new Set<string>();
  const note = (value: string | undefined): void => {
    if (value !== undefined && value.length >= leastLetters) given.add(value);
  };
  const holds = (value: unknown): boolean =>
    typeof value === 'string' && [...given].some((credential) => value.includes(credential));
  const { credentials } = context;
  return {
    context: {
      ...context,
      secret: (name) => {
        const value = context.secret(name);
        note(value);
        return value;
      },
      secrets: (name) => {
        const values = context.secrets(name);
        values.forEach(note);
        return values;
      },
      ...(credentials === undefined
        ? {}
        : {
            credentials: {
              async obtain(need) {
                const obtained = await credentials.obtain(need);
                if (obtained.ok) note(obtained.credential.token);
                return obtained;
              },
            },
          }),
    },
    clean: (outcome) => {
      const isHeld =
        ('reference' in outcome && holds(outcome.reference)) ||
        ('captures' in outcome && Object.values(outcome.captures ?? {}).some(holds));
      if (!isHeld) return outcome;
      const { reference, captures, ...rest } = outcome as Outcome & {
        readonly reference?: string;
        readonly captures?: Captured;
      };
      return {
        ...rest,
        ...(reference === undefined || holds(reference) ? {} : { reference }),
        ...(captures === undefined
          ? {}
          : { captures: Object.fromEntries(Object.entries(captures).filter(([, value]) => !holds(value))) }),
      };
    },
  };
}
