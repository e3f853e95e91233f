// Reads the `send` block of a destination whose client fetches: the fetching host, and the lease of a fetched delivery. Pure.
// Invariant: contract and authorisation name the fetching host, like the address of any other destination (C18, C19).
import { blockOf, formedText, textOf, problemIf, type SettingsParts } from '../contract.ts';

export interface PullSettings {
  readonly fetchedBy: string;
  readonly leaseMinutes?: number;
  /** Keyed by the client's code, and `else`. */
  readonly reasons?: Readonly<Record<string, string>> & { readonly else: string };
}

const code = formedText(
  'A code of letters, digits, _ . - only.',
  '^[A-Za-z0-9_.-]{1,64}$',
  'un code de lettres, chiffres, _ . - seulement.',
);

const standardMinutes = 15;

const settingsSchema = blockOf('The recipient that fetches.', ['fetchedBy'], {
  fetchedBy: textOf(
    "Host of the client's system that fetches, as client.yaml and the authorisation name it.",
    253,
  ),
  leaseMinutes: {
    type: 'integer',
    minimum: 1,
    maximum: 1440,
    default: standardMinutes,
    description: 'So long nobody else is given what was fetched; unanswered by then it comes again.',
  },
  reasons: {
    type: 'object',
    required: ['else'],
    additionalProperties: code,
    properties: { else: code },
    description:
      "The client's codes for a no or a not now, each with the code that is kept for it; `else` for any other.",
  },
});

const hostForm = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

export const pullSettings = {
  settingsSchema,
  check: ({ fetchedBy }) =>
    problemIf(!hostForm.test(fetchedBy), '/fetchedBy', [
      `« ${fetchedBy} » n’est pas un serveur : crm.client.example, sans https://.`,
      `"${fetchedBy}" is no host: crm.client.example, without https://.`,
    ]),
  targets: ({ fetchedBy }) => [fetchedBy.toLowerCase()],
  places: ({ fetchedBy }) => [`pull:${fetchedBy.toLowerCase()}`],
  secretNames: () => [],
} satisfies SettingsParts<PullSettings>;

/** With a closed list, no text of the client is kept. */
export function keptReason({ reasons }: PullSettings, given: string): string {
  if (reasons === undefined) return given;
  return (given !== 'else' && Object.hasOwn(reasons, given) ? reasons[given] : undefined) ?? reasons.else;
}

/** Milliseconds. */
export const leaseMsOf = ({ leaseMinutes = standardMinutes }: PullSettings): number => leaseMinutes * 60_000;
