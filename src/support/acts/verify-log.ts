// Verifies the log on request: begun by a person, run beside the traffic in this process, its result kept.
// Invariant: the findings are kept unchanged; an interrupted verification is never reported as good.
import type { Log } from '../../log.ts';
import { foreignCode } from '../../errors.ts';
import type { Sealer } from '../../privacy/seal.ts';
import type { Anchor, Period, Verification } from '../../privacy/verification.ts';
import type { Database } from '../../store/database.ts';
import {
  beginVerification,
  endVerification,
  findVerification,
  listVerifications,
  noteProgress,
  type VerificationRow,
} from '../../store/log/log-range.ts';

export interface VerifyPlace {
  readonly database: Database;
  readonly sealer: Pick<Sealer, 'verify'>;
  readonly log: Log;
}

/** `running`, `interrupted`: its process has died; `failed`: it broke off; else its result. */
type VerificationEnd = 'running' | 'interrupted' | 'failed' | 'good' | 'bad';

export interface AskedVerification extends Omit<VerificationRow, 'result' | 'isRunning'> {
  readonly end: VerificationEnd;
  readonly result: Verification | undefined;
}

/** Interval of the heartbeat; far shorter than the silence after which a process counts as dead. */
const beatMs = 5_000;

/** Undefined: one is running already. `ended` settles when its result is kept, and never fails. */
export async function startVerification(
  place: VerifyPlace,
  actor: string,
  anchor?: Anchor,
  period?: Period,
): Promise<{ readonly id: number; readonly ended: Promise<void> } | undefined> {
  const text = anchor === undefined ? '' : `${anchor.sequence}:${anchor.mac}`;
  const id = await beginVerification(place.database, { actor, anchor: text });
  return id === undefined ? undefined : { id, ended: run(place, id, anchor, period) };
}

async function run(
  { database, sealer, log }: VerifyPlace,
  id: number,
  anchor: Anchor | undefined,
  period: Period | undefined,
): Promise<void> {
  let read = 0;
  const quietly = (work: Promise<void>): Promise<void> =>
    work.catch((error: unknown) => log.error('console.failed', { code: foreignCode(error) }));
  const beat = setInterval(() => void quietly(noteProgress(database, id, read)), beatMs).unref();
  let result: Verification | undefined;
  try {
    const progress = (entries: number): void => {
      read = entries;
    };
    result = await sealer.verify(anchor, progress, period === undefined ? {} : { period });
  } catch (error) {
    log.error('console.failed', { code: foreignCode(error) });
  } finally {
    clearInterval(beat);
  }
  await quietly(
    endVerification(database, id, {
      entries: result?.entries ?? read,
      result: result === undefined ? null : JSON.stringify(result),
    }),
  );
}

function told({ isRunning, result: text, ...row }: VerificationRow): AskedVerification {
  const result = text === null ? undefined : (JSON.parse(text) as Verification);
  const ended = row.endedAt === null ? 'interrupted' : 'failed';
  const end: VerificationEnd =
    result === undefined ? (isRunning ? 'running' : ended) : result.ok ? 'good' : 'bad';
  return { ...row, end, result };
}

/** Newest first. */
export const verificationsAsked = async (
  { database }: Pick<VerifyPlace, 'database'>,
  limit: number,
): Promise<readonly AskedVerification[]> => (await listVerifications(database, limit)).map(told);

export async function verificationAsked(
  { database }: Pick<VerifyPlace, 'database'>,
  id: number,
): Promise<AskedVerification | undefined> {
  const row = await findVerification(database, id);
  return row === undefined ? undefined : told(row);
}
