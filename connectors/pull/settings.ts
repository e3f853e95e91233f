// Reads the `send` block of a destination whose client fetches: the fetching host, and the lease of a fetched delivery. Pure.
// Invariant: contract and authorisation name the fetching host, like the address of any other destination (C18, C19).
import type { JsonSchema, SettingsProblem } from '../contract.ts';

export interface PullSettings {
  readonly fetchedBy: string;
  readonly leaseMinutes?: number;
  /** Keyed by the client's code, and `else`. */
  readonly reasons?: Readonly<Record<string, string>> & { readonly else: string };
}

const code = {
  type: 'string',
  pattern: '^[A-Za-z0-9_.-]{1,64}$',
  description: 'A code of letters, digits, _ . - only.',
  'x-forme': 'un code de lettres, chiffres, _ . - seulement.',
};

const standardMinutes = 15;

export const pullSettingsSchema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['fetchedBy'],
  description: 'The recipient that fetches.',
  properties: {
    fetchedBy: {
      type: 'string',
      minLength: 1,
      maxLength: 253,
      description: "Host of the client's system that fetches, as client.yaml and the authorisation name it.",
    },
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
  },
};

const hostForm = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

export const checkPullSettings = ({ fetchedBy }: PullSettings): readonly SettingsProblem[] =>
  hostForm.test(fetchedBy)
    ? []
    : [
        {
          path: '/fetchedBy',
          message: [
            `« ${fetchedBy} » n’est pas un serveur : crm.client.example, sans https://.`,
            `"${fetchedBy}" is no host: crm.client.example, without https://.`,
          ],
        },
      ];

export const pullTargets = ({ fetchedBy }: PullSettings): readonly string[] => [fetchedBy.toLowerCase()];

export const pullPlaces = ({ fetchedBy }: PullSettings): readonly string[] => [
  `pull:${fetchedBy.toLowerCase()}`,
];

/** Milliseconds. */
/** With a closed list, no text of the client is kept. */
export function keptReason({ reasons }: PullSettings, given: string): string {
  if (reasons === undefined) return given;
  return (given !== 'else' && Object.hasOwn(reasons, given) ? reasons[given] : undefined) ?? reasons.else;
}

export const leaseMsOf = ({ leaseMinutes = standardMinutes }: PullSettings): number => leaseMinutes * 60_000;
