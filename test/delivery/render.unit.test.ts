// Guarantee 4 and its limit: what a recipient may hold is written again as it was, unless the prospect took something back.
import type { CallProgress, RoutedCall, ClaimedDelivery } from '../../src/delivery/trip/attempt.ts';
import { moreProtective, renderContent, type ContentInputs } from '../../src/delivery/content/render.ts';
import type { Authorisation } from '../../src/domain/destination.ts';
import type { ConsentRecord, ConsentState, Lead } from '../../src/domain/lead.ts';
import { unchanged } from '../../src/mapping/contract.ts';
import type { ApplyResult, CompiledMapping } from '../../src/mapping/contract.ts';

const now = new Date('2026-11-02T09:00:00Z');
const at = (days: number): Date => new Date(now.getTime() + days * 86_400_000);
const said = (state: ConsentState, days = -10, more: Partial<ConsentRecord> = {}): ConsentRecord => ({
  ...{ purpose: 'marketing', channel: 'email', state, recordedAt: at(days) },
  ...more,
});

describe('C16: what counts as taken back', () => {
  test.each<[string, ConsentRecord[], ConsentRecord[], boolean]>([
    ['nothing new', [said('granted')], [said('granted')], false],
    ['a withdrawal', [said('granted')], [said('granted'), said('withdrawn', -1)], true],
    ['a refusal after a grant', [said('granted')], [said('granted'), said('refused', -1)], true],
    ['a first answer that refuses', [], [said('refused')], true],
    ['a first answer that grants', [], [said('granted')], false],
    ['a grant after a refusal', [said('refused', -20)], [said('refused', -20), said('granted')], false],
    [
      'a grant whose end was brought forward',
      [said('granted')],
      [said('granted'), said('granted', -5, { validUntil: at(-1) })],
      true,
    ],
    [
      'a withdrawal for another channel',
      [said('granted')],
      [said('granted'), said('withdrawn', -1, { channel: 'sms' })],
      true,
    ],
    [
      'C16b: a telephone grant given again without proof',
      [said('granted', -9, { channel: 'phone', legalEntity: 'E', wordingVersion: 'v' })],
      [
        said('granted', -9, { channel: 'phone', legalEntity: 'E', wordingVersion: 'v' }),
        said('granted', -1, { channel: 'phone' }),
      ],
      true,
    ],
    ['not asked after a grant', [said('granted')], [said('granted'), said('not_asked', -1)], false],
  ])('%s', (_title, before, after, expected) => expect(moreProtective(before, after, now)).toBe(expected));
});

const authorisation: Authorisation = {
  ...{
    id: 3,
    clientId: 'essai',
    destinationId: 'essai-crm',
    recipient: 'Essai CRM',
    targets: ['crm.example'],
  },
  ...{ categories: ['identity'], documentRef: 'Contrat 1', validFrom: at(-100) },
};
const lead = (revision: number, consents: readonly ConsentRecord[] = [said('granted')]): Lead => ({
  ...{ id: 9, clientId: 'essai', reference: 'R-9', revision, channel: 'web_form', collectedAt: at(-1) },
  ...{ operationKind: 'recurring', identity: {}, project: {}, origin: {}, financial: {}, interactions: [] },
  consents,
});
const row = (over: Partial<ClaimedDelivery> = {}): ClaimedDelivery => ({
  ...{
    id: 1,
    clientId: 'essai',
    destinationId: 'essai-crm',
    leadId: 9,
    revision: 1,
    action: 'create',
    key: 'k',
  },
  ...{ state: 'sending', reason: '', priority: 0, run: 1, keyRun: 1, attempt: 2, spent: 1, departures: 1 },
  ...{
    departedAttempt: 1,
    maybeReceived: true,
    askFirst: false,
    sentRevision: 1,
    sentMappingId: 1,
    dueAt: now,
  },
  ...{
    expiresAt: at(1),
    queuedAt: now,
    pendingSince: undefined,
    notFoundSince: undefined,
    leaseToken: 2,
    leaseUntil: at(1),
    batchId: 0,
  },
  ...{ recipientReference: undefined, createdAt: now, firstDepartedAt: at(-2), settledAt: undefined, now },
  ...{ knownReference: undefined, hasCreate: true, createUnsettled: false },
  ...over,
});
interface Seen {
  revision?: number;
  writtenAt?: Date;
  categories?: readonly string[];
}
function write(
  claimed: ClaimedDelivery,
  present: Lead | undefined,
  more: Partial<ContentInputs> & { readonly answer?: ApplyResult; readonly earlier?: Lead } = {},
): { readonly result: ReturnType<typeof renderContent>; readonly seen: Seen } {
  const seen: Seen = {};
  const plan = { settings: {}, targets: ['crm.example'] };
  const record = { fieldNames: [], consents: [] } as unknown as Extract<ApplyResult, { ok: true }>['record'];
  const mapping = {
    actions: { create: plan, update: plan },
    categories: ['identity'],
    accepts: () => ({ yes: true }),
    apply: (written: Lead, context: { writtenAt: Date; categories: readonly string[] }): ApplyResult => {
      Object.assign(seen, { revision: written.revision, ...context });
      return more.answer ?? { ok: true, record };
    },
  } as unknown as CompiledMapping;
  const result = renderContent(claimed, {
    ...{ mapping, content: mapping, authorisations: [authorisation], now },
    leads: new Map(present === undefined ? [] : [[9, { lead: present, consentRevision: 1, createdAt: now }]]),
    revisions: new Map(more.earlier === undefined ? [] : [['9:1', more.earlier]]),
    ...more,
  });
  return { result, seen };
}

describe('which revision is written', () => {
  const old = lead(1);
  test('the one the recipient may hold, at the time of the first departure', () => {
    const { result, seen } = write(row(), lead(3), { earlier: old });
    expect(seen).toMatchObject({ revision: 1, writtenAt: at(-2) });
    expect(result).toMatchObject({ readRevision: 3, contentRevision: 1 });
  });
  test('the present one when the recipient certainly holds nothing', () =>
    expect(write(row({ maybeReceived: false }), lead(3), { earlier: old }).seen.revision).toBe(3));
  test('C16: the present one when the prospect has taken something back since', () =>
    expect(
      write(row(), lead(3, [said('granted'), said('withdrawn', -1)]), { earlier: old }).seen.revision,
    ).toBe(3));
  test('the present one when the earlier one is not kept', () =>
    expect(write(row(), lead(3)).seen.revision).toBe(3));
});

describe('an update of which nothing but an unchanged opt-in would be said', () => {
  const quiet = {
    ok: true,
    record: {
      fieldNames: [],
      consents: [{ purpose: 'marketing', channel: 'email', field: 'OPTIN', value: unchanged }],
    },
  } as unknown as ApplyResult;
  const update = row({ action: 'update', maybeReceived: false, departures: 0 });
  test('is not sent', () =>
    expect(write(update, lead(2), { answer: quiet }).result).toMatchObject({
      ...{ state: 'cancelled', reason: 'not_needed' },
    }));
  test('is made all the same where it is a call that others follow: one that reads holds nothing', () => {
    const call = {
      name: 'read',
      applies: () => true,
      captures: ['read.id'],
      needs: [],
    } as unknown as RoutedCall;
    const progress: CallProgress = {
      ...{
        calls: [call],
        done: new Set(),
        captured: {},
        outdated: new Set(),
        open: undefined,
        oldestRevision: 0,
      },
      ...{ undoing: undefined, undoes: false, neverMade: () => true },
    };
    expect(write(update, lead(2), { answer: quiet, progress }).result).toMatchObject({
      call: { name: 'read' },
    });
  });
});

describe('what cannot leave says why', () => {
  const stopped = (...from: Parameters<typeof write>): unknown => write(...from).result;
  const refusing = (answer: Extract<ApplyResult, { ok: false }>): unknown =>
    stopped(row(), lead(1), { answer });
  test('C22: a lead that is gone or erased is cancelled', () => {
    expect(stopped(row(), undefined)).toMatchObject({ state: 'cancelled', reason: 'erased' });
    expect(stopped(row(), { ...lead(2), erasedAt: now })).toMatchObject({
      state: 'cancelled',
      reason: 'erased',
    });
  });
  test('C17: without a live authorisation it is withheld', () => {
    const revoked = [{ ...authorisation, revokedAt: at(-1) }];
    expect(stopped(row(), lead(1), { authorisations: revoked })).toMatchObject({
      ...{ state: 'withheld', reason: 'recipient_not_authorised' },
    });
  });
  test('C18: the categories offered to the mapping are those of the authorisation, no more', () =>
    expect(write(row(), lead(1)).seen.categories).toEqual(['identity']));
  test('C24: an action the mapping does not know becomes a written task', () =>
    expect(stopped(row({ action: 'erase' }), lead(1))).toMatchObject({
      state: 'failed',
      reason: 'manual_erasure_required',
    }));
  test('C16: an opt-in that was not recorded withholds, and names purpose and channel', () =>
    expect(
      refusing({ ok: false, why: 'opt_in_missing', missing: [{ purpose: 'marketing', channel: 'sms' }] }),
    ).toMatchObject({ state: 'withheld', reason: 'opt_in_missing:marketing.sms' }));
  test('what is held back says which revision of the lead was judged', () =>
    expect(
      refusing({ ok: false, why: 'opt_in_missing', missing: [{ purpose: 'marketing', channel: 'sms' }] }),
    ).toHaveProperty('readRevision', 1));
  test('an opt-in rule that holds names its field', () =>
    expect(refusing({ ok: false, why: 'opt_in_held', field: 'OPTIN' })).toMatchObject({
      ...{ state: 'withheld', reason: 'opt_in_held', fields: ['OPTIN'] },
    }));
  test('C10: a category the authorisation does not cover withholds', () =>
    expect(refusing({ ok: false, why: 'category_not_authorised', category: 'financial' })).toMatchObject({
      ...{ state: 'withheld', reason: 'category_not_authorised:financial' },
    }));
  test('a lead that does not fit its client’s format fails with the code and the fields', () =>
    expect(
      refusing({ ok: false, why: 'invalid', problems: [{ field: 'tel', code: 'REQUIRED' }] }),
    ).toMatchObject({
      ...{ state: 'failed', reason: 'invalid:REQUIRED', fields: ['tel'] },
    }));
});
