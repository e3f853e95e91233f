// Takes a refused row in again, and plans a client's changes again, as the operator at the terminal does.
import { retryRow, replanClient } from '../../src/support/acts/set-aside.ts';
import { perform, type By } from '../../src/support/acts/act.ts';
import { wholeCentre } from '../../src/support/place.ts';
import type { Database } from '../../src/store/database.ts';

type Why = Pick<By, 'actor'> & { readonly reason: string };

export const retried = (
  database: Database,
  row: string,
  { actor, reason }: Why,
  scope: By['scope'] = wholeCentre,
): Promise<{ readonly alongside: number }> =>
  perform({ database }, retryRow, { scope, actor }, { to: [row], input: { reason } });

export const replanned = (database: Database, clientId: string, { actor, reason }: Why): Promise<number> =>
  perform({ database }, replanClient, { scope: wholeCentre, actor }, { to: [clientId], input: { reason } });
