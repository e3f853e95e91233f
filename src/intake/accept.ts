// Takes new rows of lead_intake into the lead tables, batch by batch; any number of processes may do so at once.
// Invariant: a row is accepted once or refused visibly; one that cannot be stored never holds up the others.
import { foreignCode, isRelaisError } from '../errors.ts';
import type { Log } from '../log.ts';
import { isDuplicateKey, isStoreTrouble, type Database, type Sql } from '../store/database.ts';
import { raiseIntakeAlert, refuseRows, takeNewRows, takeRow, type IntakeRow } from '../store/intake.ts';
import type { LeadChange } from '../store/lead-writes.ts';
import { startOfTurns } from '../store/turns.ts';
import type { Settled, SettleDeps } from './batch.ts';
import { refusal, refusalText } from './refusals.ts';
import { settleRows } from './settle.ts';

export interface IntakeDeps extends SettleDeps {
  readonly database: Database;
  readonly log: Log;
}

export interface BatchResult {
  /** Rows settled: accepted, refused or duplicates. 0 means: nothing to do now. */
  readonly taken: number;
  readonly accepted: number;
  readonly refused: number;
  readonly duplicates: number;
  /** Rows left for a later round because an earlier row about their lead is in other hands. */
  readonly waiting: number;
  readonly leads: readonly LeadChange[];
}

export interface Intake {
  /** One batch of at most `limit` rows (1000 at most), the oldest of each client in its turn. @throws DB-001 and other outages; nothing is lost then */
  readonly acceptBatch: (limit: number) => Promise<BatchResult>;
}

/** The batch is given back whole and tried later. */
const isOfNoRow = (error: unknown): boolean => isRelaisError(error) || isStoreTrouble(error);
/** A twin row accepted by another process in between: the next look sees its receipt. */
const twinRounds = 5;

const nothing: Settled = { accepted: 0, refused: 0, duplicates: 0, waiting: 0, changes: [] };

export function createIntake(deps: IntakeDeps): Intake {
  const { database, log } = deps;
  const turns = startOfTurns();

  const settle = async (
    take: (tx: Sql) => Promise<IntakeRow[]>,
    seen: Map<number, IntakeRow>,
  ): Promise<Settled> => {
    const remember = (rows: readonly IntakeRow[]): void => rows.forEach((one) => void seen.set(one.id, one));
    for (let round = 1; ; round += 1) {
      try {
        return await database.transaction(async (tx) => {
          const rows = await take(tx);
          remember(rows);
          return rows.length === 0 ? nothing : settleRows(tx, deps, rows, remember);
        });
      } catch (error) {
        if (!isDuplicateKey(error) || round >= twinRounds) throw error;
      }
    }
  };

  const refusePoison = async (row: IntakeRow, error: unknown): Promise<Settled> => {
    const code = foreignCode(error);
    const refused = await database.transaction(async (tx) => {
      const count = await refuseRows(tx, [
        { id: row.id, refusal: refusalText([refusal('row', 'INTERNAL')]) },
      ]);
      const clientId = String(row.values.client_id ?? '');
      if (count > 0) await raiseIntakeAlert(tx, clientId.length <= 40 ? clientId : '', code);
      return count;
    });
    log.error('intake.refused', { reason: 'INTERNAL', code, count: refused });
    return { ...nothing, refused };
  };

  const oneByOne = async (rows: readonly IntakeRow[]): Promise<Settled> => {
    // Leads first: a correction must not answer for the lead it pulls in.
    const order = [...rows].sort(
      (a, b) => Number(a.values.kind !== 'lead') - Number(b.values.kind !== 'lead') || a.id - b.id,
    );
    let sum = nothing;
    for (const row of order) {
      const settled = await settle((tx) => takeRow(tx, row.id), new Map()).catch((error: unknown) => {
        if (isOfNoRow(error)) throw error;
        return refusePoison(row, error);
      });
      sum = added(sum, settled);
    }
    return sum;
  };

  return {
    acceptBatch: async (limit) => {
      const seen = new Map<number, IntakeRow>();
      const settled = await settle((tx) => takeNewRows(tx, limit, turns), seen).catch((error: unknown) => {
        if (isOfNoRow(error)) throw error;
        return oneByOne([...seen.values()]);
      });
      const { accepted, refused, duplicates, waiting, changes } = settled;
      if (accepted > 0) log.info('intake.accepted', { count: accepted });
      if (refused > 0) log.warn('intake.refused', { count: refused });
      return {
        taken: accepted + refused + duplicates,
        accepted,
        refused,
        duplicates,
        waiting,
        leads: changes,
      };
    },
  };
}

function added(a: Settled, b: Settled): Settled {
  return {
    accepted: a.accepted + b.accepted,
    refused: a.refused + b.refused,
    duplicates: a.duplicates + b.duplicates,
    waiting: a.waiting + b.waiting,
    changes: [...a.changes, ...b.changes],
  };
}
