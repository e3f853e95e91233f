// Leads as another system posts them, and as intake gets them.
import { checkRow } from '../../src/intake/contract.ts';
import type { Posted } from '../../src/intake/posted.ts';
import type { Post } from '../../src/intake/together.ts';
import type { RequestKey } from '../../src/store/access/idempotency-keys.ts';
import { fullLead } from './rows.ts';

/** With every column filled. */
export function postedLead(reference: string, more: Posted = {}): Posted {
  const { consents, interactions, ...columns } = fullLead(reference);
  return {
    ...Object.fromEntries(
      Object.entries(columns).map(([name, value]) => [
        name,
        value instanceof Date ? value.toISOString() : value,
      ]),
    ),
    consents: JSON.parse(String(consents)) as unknown,
    interactions: JSON.parse(String(interactions)) as unknown,
    ...more,
  };
}

export function postOf(reference: string, key?: RequestKey, more: Posted = {}): Post {
  const checked = checkRow(postedLead(reference, more), new Date());
  if ('refusals' in checked) throw new Error(checked.refusals[0]?.message);
  return { rows: [checked.row], key, answerOf: (rows) => ({ status: 200, body: { rows } }) };
}

export const keyOf = (name: string, key = Buffer.alloc(32, name)): RequestKey => ({
  holder: 'key:1',
  key,
  request: Buffer.alloc(32, 1),
});
