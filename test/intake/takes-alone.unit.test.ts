// C16: which rows are accepted beside no other of their client: withdrawals reach other leads by addresses, present and former.
import { takesAlone } from '../../src/intake/same-person.ts';
import type { CheckedRow } from '../../src/intake/contract.ts';

const row = (more: Partial<CheckedRow>): CheckedRow => ({
  kind: 'correction',
  clientId: 'acme',
  reference: 'C-1',
  rowReference: 'r-1',
  fields: {},
  clear: [],
  consents: [],
  interactions: [],
  ...more,
});

test.each<[string, boolean, Partial<CheckedRow>]>([
  [
    'a refusal',
    true,
    {
      kind: 'lead',
      consents: [{ purpose: 'marketing', channel: 'email', state: 'refused', recordedAt: new Date() }],
    },
  ],
  ['a corrected address', true, { fields: { email: 'now@courriel.example' } }],
  // A new lead under that address would miss the withdrawal if it came in beside it: it is under neither list yet.
  ['an address that is removed', true, { clear: ['email'] }],
  ['another field that is removed', false, { clear: ['city'] }],
  ['a new lead that says yes', false, { kind: 'lead', fields: { email: 'a@courriel.example' } }],
])('%s: %s', (_name, alone, more) => {
  expect(takesAlone(row(more))).toBe(alone);
});
