// Bugs to plant in retention: what goes on leaving of a lead that is gone, what stays, what comes back.
// Invariant: as in plants.ts: a text that is not found any more is an error.
import type { Plant } from './plants.ts';
import { zeros } from './zeros.ts';

export const plantsOfRetention: readonly Plant[] = [
  {
    name: 'a purged lead goes on leaving',
    // It is marked as gone, and neither blanked nor are its deliveries cancelled.
    patches: [
      {
        file: 'src/retention/leave.ts',
        find: 'await blankLead(tx, leadId, clientId, reference, revision + 1);',
        put: 'if (revision < 0) await blankLead(tx, leadId, clientId, reference, revision + 1);',
      },
      {
        file: 'src/retention/leave.ts',
        find: 'await cancelUnsent(tx, open, reason, true);',
        put: 'revision < 0 ? await cancelUnsent(tx, open, reason, true) : [];',
      },
    ],
    red: [zeros.afterPurge],
    favour: ['trouble'],
  },
  {
    name: 'nobody goes on with a run',
    // Whatever the process that began it has not done stays undone.
    patches: [
      {
        file: 'src/retention/run.ts',
        find: 'for (const run of runs) done',
        put: 'for (const run of runs.slice(0, 0)) done',
      },
    ],
    red: [zeros.kept],
  },
  {
    name: 'what is over may come again',
    // An old export brings back what was deleted at the end of its operation.
    patches: [
      {
        file: 'src/intake/too-late.ts',
        find: 'if (!isDue(retention, today)) return undefined;',
        put: "if (!isDue(retention, today) || today !== '') return undefined;",
      },
    ],
    red: [zeros.cameBack],
    undisturbed: true,
  },
  {
    name: 'a restore forgets the ledger',
    // Whoever was erased since the backup is back.
    patches: [
      {
        file: 'src/backups/apply-ledger.ts',
        find: 'await applyPart(deps, part, fresh);',
        put: 'await applyPart(deps, part.slice(0, 0), fresh);',
      },
    ],
    red: [zeros.broughtBack],
    favour: ['erased'],
    undisturbed: true,
  },
  {
    name: 'an erasure has no line outside',
    // The ledger knows of deletions alone.
    patches: [
      {
        file: 'src/backups/ledger.ts',
        find: 'const rows = await takeUnwritten(tx, linesAtOnce);',
        put: "const rows = (await takeUnwritten(tx, linesAtOnce)).filter(({ act }) => act === 'gone');",
      },
    ],
    red: [zeros.broughtBack],
    favour: ['erased'],
    undisturbed: true,
  },
  {
    name: 'deliveries in flight are deleted',
    // A lead goes while it is being sent: what became of that nobody will ever know. Where it had not departed yet, its delivery is
    // deleted as `sending`.
    patches: [
      {
        file: 'src/store/retention/gone-leads.ts',
        find: 'export const underWay = async (tx: Sql, leadIds: readonly number[]): Promise<ReadonlySet<number>> =>',
        put: 'export const underWay = async (tx: Sql, leadIds: readonly number[]): Promise<ReadonlySet<number>> => leadIds.length >= 0 ? new Set() :',
      },
    ],
    red: [zeros.unanswered, zeros.unsettled],
    like: / sending:|\/\d+$/,
    favour: ['trouble'],
    undisturbed: true,
  },
];
