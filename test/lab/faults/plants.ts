// Bugs to plant: each takes one promise out of the gateway, in a copy of its sources, to see that the checker notices.
// Invariant: the product holds no switch for them; a text that is not found any more is an error, never a plant that does nothing.
import { zeros } from './check.ts';
import { plantsOfApi } from './plants-api.ts';
import { plantsOfFiles } from './plants-files.ts';
import { plantsOfIntake } from './plants-intake.ts';
import { plantsOfRequests } from './plants-requests.ts';
import { plantsOfRetention } from './plants-retention.ts';
import { plantsOfRights } from './plants-rights.ts';

export interface Patch {
  readonly file: string;
  readonly find: string;
  readonly put: string;
}

export interface Plant {
  readonly name: string;
  readonly patches: readonly Patch[];
  /** The figures one of which must turn red for it, and what a finding must look like where the name alone is not enough. */
  readonly red: readonly string[];
  readonly like?: RegExp;
  /** Mischief that brings it out, done more often than in other storms. */
  readonly favour?: readonly string[];
  /** Processes and services are left alone and fewer leads come, where outages would keep the crossing from happening. */
  readonly undisturbed?: true;
}

export const plants: readonly Plant[] = [
  {
    name: 'no lease',
    // What a killed worker held is held for ever.
    patches: [
      {
        file: 'src/store/deliveries/leases.ts',
        find: 'lease_owner = ?,\n            lease_until = TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3))',
        put: 'lease_owner = ?,\n            lease_until = TIMESTAMPADD(HOUR, 9 + 0 * ?, UTC_TIMESTAMP(3))',
      },
    ],
    red: [zeros.unsettled],
    like: / sending:/,
  },
  {
    name: 'no fencing',
    // Whoever comes back settles, whoever holds the row now.
    patches: [
      {
        file: 'src/store/deliveries/leases.ts',
        find: "sql: `AND state = 'sending' AND lease_until > UTC_TIMESTAMP(3) AND lease_token = ${token.sql}`",
        put: 'sql: `AND (lease_token = ${token.sql} OR 1 = 1)`',
      },
      {
        file: 'src/store/deliveries/leases.ts',
        find: 'return (id, token) => live.get(id)?.token === token;',
        put: 'return (id, token) => live.get(id)?.token === token || true;',
      },
    ],
    red: [zeros.settledTwice],
  },
  {
    name: 'log after send only',
    // `departed` is written with the outcome: a worker that dies between has sent what nobody knows of.
    patches: [
      {
        file: 'src/delivery/departure/departure.ts',
        find: 'await appendHandovers(tx, entries, { at: locked.now });',
        put: 'for (const entry of entries) afterwards.set(entry.deliveryId, entry);',
      },
      {
        file: 'src/delivery/departure/departure.ts',
        find: 'await appendHandovers(tx, await entriesOf(leaving), { at: locked.now });',
        put: 'for (const entry of await entriesOf(leaving)) afterwards.set(entry.deliveryId, entry);',
      },
      {
        file: 'src/delivery/departure/departure.ts',
        find: 'export async function depart(',
        put: 'export const afterwards = new Map();\nexport async function depart(',
      },
      {
        file: 'src/delivery/outcome/effects.ts',
        find: "    handovers: [\n      {\n        entry: attempted.asked ? 'lookup' : 'outcome',",
        put: "    handovers: [\n      ...(afterwards.has(row.id) ? [afterwards.get(row.id)] : []),\n      {\n        entry: attempted.asked ? 'lookup' : 'outcome',",
      },
      {
        file: 'src/delivery/outcome/effects.ts',
        find: 'export function joinEffects(',
        put: "import { afterwards } from '../departure/departure.ts';\nexport function joinEffects(",
      },
    ],
    red: [zeros.unlogged],
  },
  {
    name: 'no re-push',
    // What Redis forgot is forgotten.
    patches: [
      {
        file: 'src/delivery/planning/push-jobs.ts',
        find: "await pushJobs(at, destinationId, group.map(jobOf), 'again');",
        put: "if (group.length < 0) await pushJobs(at, destinationId, group.map(jobOf), 'again');",
      },
    ],
    red: [zeros.unsettled],
    like: / queued:/,
  },
  {
    name: 'claim without order',
    // A change may leave while its create is on its way.
    patches: [
      {
        file: 'src/delivery/claim/claim.ts',
        find: '&& isBlocked(row, siblings, taken);',
        put: '&& false && isBlocked(row, siblings, taken);',
      },
    ],
    red: [zeros.twoAtOnce],
  },
  {
    name: 'limits trusted to Redis',
    // Each process keeps the limit; together they do not. A number, since dispatch takes so many.
    patches: [
      {
        file: 'src/domain/send-policy.ts',
        find: 'const byConcurrency = at.limits.concurrency - at.inFlight;',
        put: 'const byConcurrency = 1_000;',
      },
      {
        file: 'src/domain/rates.ts',
        find: 'left: limit - departed,',
        put: 'left: 1_000,',
      },
    ],
    red: [zeros.limits],
  },
  {
    name: 'consent not re-read',
    // What was read when the content was written counts, whatever the prospect has said since.
    patches: [
      {
        file: 'src/delivery/departure/departure.ts',
        find: "if (lead === undefined || lead.revision !== readRevision || (lead.erased && row.action !== 'erase'))\n    return false;",
        put: 'if (lead === undefined) return false;',
      },
    ],
    red: [zeros.erased, zeros.withdrawn],
  },
  ...plantsOfRights,
  ...plantsOfRequests,
  ...plantsOfRetention,
  ...plantsOfApi,
  ...plantsOfIntake,
  ...plantsOfFiles,
];

/** @throws when the text is not there, or more than once: the plant must be written anew for today's source */
export function patched(source: string, { file, find, put }: Patch): string {
  const [before, after, ...more] = source.split(find);
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(
      `${file}: the text a plant replaces is there ${source.split(find).length - 1} times instead of once:\n${find}`,
    );
  return before + put + after;
}
