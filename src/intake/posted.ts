// Accepts rows that another system posts over HTTP: judges them at once, stores them in lead_intake, and answers row by row.
// Invariant: a stored row is accepted even if the caller disconnects: a planner accepts the rows that this process leaves behind.
import { setImmediate as othersFirst, setTimeout as pause } from 'node:timers/promises';
import { phoneTyped } from '../domain/typed-address.ts';
import type { Database } from '../store/database.ts';
import { addIntakeRows, intakeRowsLeft, receiptsOf } from '../store/intake/intake.ts';
import { findLeads } from '../store/leads/lead-writes.ts';
import type { Intake } from './accept.ts';
import { checkedOf, intakeValues, withShared, type Shared, type Values } from './as-row.ts';
import { flattened } from './import-jsonl.ts';
import type { ColumnRefusal } from './refusals.ts';
import type { Post } from './together.ts';
import type { CheckedRow } from './contract.ts';
import { fields } from './fields.ts';

const phones = fields.filter(({ schema }) => schema['format'] === 'e164').map(({ name }) => name as string);

/**
 * Rewrites national phone numbers to E.164, where the sender states their country. A text that is not a number of
 * that country, or has an extension, stays unchanged, and the contract refuses it.
 * @param country ISO 3166-1 alpha-2
 */
function international(values: Values, country: string): Values {
  const changed: Record<string, unknown> = { ...values };
  for (const name of phones) {
    const typed = values[name];
    if (typeof typed !== 'string') continue;
    const found = phoneTyped(typed, country);
    if (found?.hasExtension === false) changed[name] = found.number;
  }
  return changed;
}

/** A row as JSON: columns of the lead contract; `consents` and `interactions` as lists. */
export type Posted = Readonly<Record<string, unknown>>;

export type PostedAnswer =
  | { readonly state: 'accepted' | 'duplicate'; readonly leadId: number | undefined }
  /** Nothing of it is stored. */
  | {
      readonly state: 'refused';
      readonly refusals: readonly Pick<ColumnRefusal, 'column' | 'code' | 'message'>[];
    }
  /** Stored and in process: the answer was due first. */
  | { readonly state: 'received' };

export interface PostOptions {
  /** ISO 3166-1 alpha-2: country whose national phone numbers are accepted; without it numbers are E.164. */
  readonly country?: string;
  readonly shared?: Shared;
}

export interface PostingDeps {
  readonly database: Database;
  readonly intake: Pick<Intake, 'acceptRows'> & Partial<Pick<Intake, 'takePost'>>;
  /** After this time a stored row is answered as received: a caller that times out sends all of it again. 5 s by default. */
  readonly answerWithinMs?: number;
}

const usualAnswerMs = 5_000;

/** Delays in ms between looks at rows that another process works on. */
const looks = [0, 10, 20, 40, 80, 150, 300, 600, 1_000];

async function judgedInTurn(
  { database }: Pick<PostingDeps, 'database'>,
  items: readonly Posted[],
  options: PostOptions,
): Promise<readonly Judged[]> {
  const now = database.now();
  const judged: Judged[] = [];
  for (const item of items) {
    // Judging a row of many columns takes milliseconds: other requests are answered between two rows.
    if (judged.length > 0) await othersFirst();
    judged.push(judge(item, options, now));
  }
  return judged;
}

/** The answer to a request, and the key under which it is kept. */
export interface AnsweredPost {
  readonly key: Post['key'];
  readonly apiKey?: Post['apiKey'];
  /** Reads the API key again where no commit has proved it. @throws where it has ended */
  readonly prove?: () => Promise<void>;
  readonly answerOf: (answers: readonly PostedAnswer[]) => ReturnType<Post['answerOf']>;
}

/**
 * Takes leads in at once, in a commit that posts of the same moment share. Undefined where that is not possible, or takes too long:
 * `postRows` stores the rows and follows them.
 */
export async function postTogether(
  deps: PostingDeps,
  items: readonly Posted[],
  options: PostOptions,
  { key, apiKey, prove, answerOf }: AnsweredPost,
): ReturnType<Intake['takePost']> {
  const { intake, answerWithinMs = usualAnswerMs } = deps;
  if (
    intake.takePost === undefined ||
    items.some(({ kind = options.shared?.kind ?? 'lead' }) => kind !== 'lead')
  ) {
    await prove?.();
    return undefined;
  }
  const judged = await judgedInTurn(deps, items, options);
  const until = performance.now() + answerWithinMs;
  const taken = intake.takePost({
    until,
    rows: judged.flatMap((one) => ('row' in one ? [one.row] : [])),
    key,
    apiKey,
    answerOf: (rows) => {
      let next = 0;
      return answerOf(
        judged.map((one) =>
          'refusals' in one
            ? { state: 'refused', refusals: one.refusals }
            : (rows[next++] ?? { state: 'received' }),
        ),
      );
    },
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((done) => {
    timer = setTimeout(() => done(undefined), answerWithinMs).unref();
  });
  const answer = await Promise.race([taken, late]).finally(() => clearTimeout(timer));
  if (typeof answer === 'object') return answer;
  try {
    await prove?.();
  } catch (error) {
    // The commit that is under way saw the key while it was in force: who is refused has stored nothing.
    const stored = await taken;
    if (typeof stored === 'object') return stored;
    throw error;
  }
  return answer;
}

/** @param items at most 100, of any kind of row. @throws DB-001 when nothing could be stored */
export async function postRows(
  deps: PostingDeps,
  items: readonly Posted[],
  options: PostOptions = {},
): Promise<readonly PostedAnswer[]> {
  const judged = await judgedInTurn(deps, items, options);
  const sound = judged.flatMap((one) => ('row' in one ? [one] : []));
  const rows = sound.map(({ row }) => row);
  const before = await leadsByRow(deps.database, rows);
  const ids = await deps.database.transaction((tx) =>
    addIntakeRows(
      tx,
      sound.map(({ values }) => intakeValues(values)),
    ),
  );
  const outcomes = await outcomesOf(deps, ids);
  const after = await leadsByRow(deps.database, rows);
  let next = 0;
  const named = new Set(before.keys());
  return judged.map((one): PostedAnswer => {
    if ('refusals' in one) return { state: 'refused', refusals: one.refusals };
    const outcome = outcomes[next++] ?? { state: 'received' };
    if (outcome.state !== 'accepted') return outcome;
    const name = nameOf(one.row);
    const state = named.has(name) ? 'duplicate' : 'accepted';
    named.add(name);
    return { state, leadId: after.get(name) };
  });
}

type Judged =
  | { readonly row: CheckedRow; readonly values: Values }
  | { readonly refusals: readonly ColumnRefusal[] };

function judge(item: Posted, { country, shared = {} }: PostOptions, now: Date): Judged {
  const named = withShared(flattened(item), shared);
  const values = country === undefined ? named : international(named, country);
  const checked = checkedOf(values, shared, now);
  return 'row' in checked ? { ...checked, values } : checked;
}

const nameOf = ({
  clientId,
  kind,
  rowReference,
}: Pick<CheckedRow, 'clientId' | 'rowReference'> & { readonly kind: string }): string =>
  JSON.stringify([clientId, kind, rowReference]);

async function leadsByRow(
  database: Database,
  rows: readonly CheckedRow[],
): Promise<ReadonlyMap<string, number>> {
  const leads = await findLeads(
    database,
    rows.filter(({ kind }) => kind === 'lead'),
  );
  const receipts = await receiptsOf(
    database,
    rows.filter(({ kind }) => kind !== 'lead'),
  );
  return new Map([
    ...[...leads.values()].map(({ id, clientId, reference }): [string, number] => [
      nameOf({ clientId, kind: 'lead', rowReference: reference }),
      id,
    ]),
    ...receipts.map((receipt): [string, number] => [nameOf(receipt), receipt.leadId]),
  ]);
}

type Outcome =
  | Extract<PostedAnswer, { readonly state: 'refused' | 'received' }>
  | { readonly state: 'accepted' };

async function outcomesOf(
  { database, intake, answerWithinMs = usualAnswerMs }: PostingDeps,
  ids: readonly bigint[],
): Promise<readonly Outcome[]> {
  let left: Awaited<ReturnType<typeof intakeRowsLeft>> = new Map();
  const due = performance.now() + answerWithinMs;
  const untilDue = (): number => Math.max(0, due - performance.now());
  for (const wait of looks) {
    await pause(wait);
    // A batch that failed as a whole is left to a planner, which tries each row again, alone if necessary.
    const taken = intake.acceptRows(ids).catch(() => undefined);
    await Promise.race([taken, pause(untilDue(), undefined, { ref: false })]);
    left = await intakeRowsLeft(database, ids);
    if (untilDue() === 0 || ![...left.values()].some(({ status }) => status === 'new')) break;
  }
  return ids.map((id): Outcome => {
    const row = left.get(id);
    if (row === undefined) return { state: 'accepted' };
    if (row.status !== 'refused') return { state: 'received' };
    return { state: 'refused', refusals: JSON.parse(row.refusal ?? '[]') as readonly ColumnRefusal[] };
  });
}
