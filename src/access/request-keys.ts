// Implements `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a repeated request gets the answer of the first.
// Invariant: of the request only a keyed digest is kept; an answer is kept for a day.
import { mac } from '../domain/keyed.ts';
import {
  beginRequest,
  forgetRequest,
  forgetRequests,
  keepAnswer,
  type Begun,
  type RequestKey,
} from '../store/access/idempotency-keys.ts';
import type { Sql } from '../store/database.ts';
import type { AccessPlace } from './place.ts';

const answersKeptHours = 24;

export const requestKey = (
  { tryKey }: AccessPlace,
  holder: string,
  key: string,
  request: string,
): RequestKey => ({
  holder,
  key: mac(tryKey, `idempotency key:${key}`),
  request: mac(tryKey, `request:${request}`),
});

export const begin = ({ database }: AccessPlace, key: RequestKey): Promise<Begun> =>
  database.transaction((tx) => beginRequest(tx, key));

export const keep = (
  { database }: AccessPlace,
  key: RequestKey,
  status: number,
  answer: string,
): Promise<boolean> => keepAnswer(database, key, status, answer);

/** Another process, taken for dead, has answered the request while it was being repeated. */
export class AnsweredMeanwhile extends Error {}

/**
 * The same in the transaction of the act: an act that another process completed meanwhile is rolled back here. @throws AnsweredMeanwhile
 */
export async function keepIn(tx: Sql, key: RequestKey, status: number, answer: string): Promise<void> {
  if (!(await keepAnswer(tx, key, status, answer))) throw new AnsweredMeanwhile('Answered meanwhile.');
}

/** False: it is answered already. */
export const forget = ({ database }: AccessPlace, key: RequestKey): Promise<boolean> =>
  forgetRequest(database, key);

export const forgetOldRequests = ({ database }: AccessPlace): Promise<number> =>
  forgetRequests(database, answersKeptHours);
