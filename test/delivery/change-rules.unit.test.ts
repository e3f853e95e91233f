// What one change of a lead means for one destination: the rules of order, branch by branch.
import {
  planSteps,
  type ChangeKind,
  type ChangeSituation,
  type CreateStanding,
  type KnownDelivery,
  type PlanStep,
} from '../../src/delivery/planning/change-rules.ts';

const known = (over: Partial<KnownDelivery> = {}): KnownDelivery => ({
  id: 1,
  action: 'create',
  state: 'delivered',
  reason: 'accepted',
  departures: 1,
  attempt: 1,
  departedAttempt: 1,
  maybeReceived: true,
  sentRevision: 1,
  ...over,
});
const unsent = (over: Partial<KnownDelivery> = {}): KnownDelivery =>
  known({
    ...{ state: 'planned', reason: '', departures: 0, attempt: 0, departedAttempt: 0 },
    ...{ maybeReceived: false, sentRevision: 0 },
    ...over,
  });
type Over = Partial<Omit<ChangeSituation, 'change' | 'lead'>> & {
  kind?: ChangeSituation['change']['kind'];
  revision?: number;
};
const steps = (
  { kind = 'corrected', revision = 2, ...over }: Over,
  lead: Partial<ChangeSituation['lead']> = {},
) =>
  planSteps({
    change: { clientId: 'essai', leadId: 9, revision, kind },
    lead: { revision, ...lead },
    ...{
      due: true,
      destination: 'open',
      actions: ['create', 'update', 'erase'],
      updateOn: ['corrected'],
      accepted: true,
      existing: [],
    },
    ...over,
  });
const insert = (
  action: KnownDelivery['action'],
  state: KnownDelivery['state'],
  reason: string,
  more: object = {},
): PlanStep => ({ do: 'insert', action, state, reason, ...more }) as PlanStep;
const create = insert('create', 'planned', '', { priority: 0 });
const absorbed = insert('update', 'cancelled', 'superseded');
const update = insert('update', 'planned', '');
const erasedAt = new Date('2026-11-01T00:00:00Z');

describe('a new lead', () => {
  test('gets one create', () => expect(steps({ kind: 'created', revision: 1 })).toEqual([create]));
  test('backfilled, it goes behind the fresh ones', () =>
    expect(steps({ kind: 'backfill', revision: 1 })).toEqual([{ ...create, priority: 1 }]));
  test.each(['created', 'backfill'] as const)('%s twice gets no second create', (kind) =>
    expect(steps({ kind, existing: [unsent()] })).toEqual([]),
  );
  test.each<[string, Over, Partial<ChangeSituation['lead']>]>([
    ['older than the destination', { due: false }, {}],
    ['that the destination does not take', { accepted: false }, {}],
    ['already erased', {}, { erasedAt }],
  ])('%s gets nothing', (_title, over, lead) =>
    expect(steps({ kind: 'created', ...over }, lead)).toEqual([]),
  );
});

describe('a change before the create has ended', () => {
  test('a lead that becomes acceptable through a correction gets its create now', () =>
    expect(steps({ existing: [] })).toEqual([create]));
  test.each(['planned', 'queued', 'waiting'] as const)(
    '%s and never departed: the create carries it',
    (state) => expect(steps({ existing: [unsent({ state })] })).toEqual([absorbed]),
  );
  test('withheld: the create carries it and is looked at again', () =>
    expect(
      steps({ kind: 'consent', existing: [unsent({ state: 'withheld', reason: 'opt_in_missing' })] }),
    ).toEqual([{ do: 'reopen', ids: [1] }, absorbed]));
  test('claimed but not departed: departure reads the lead again and carries it', () =>
    expect(steps({ existing: [unsent({ state: 'sending', attempt: 1 })] })).toEqual([absorbed]));
  test('in flight with the earlier revision: an update follows', () =>
    expect(steps({ existing: [known({ state: 'sending', maybeReceived: false, sentRevision: 1 })] })).toEqual(
      [update],
    ));
  test('in flight with this very revision: it is carried already', () =>
    expect(steps({ existing: [known({ state: 'sending', maybeReceived: false, sentRevision: 2 })] })).toEqual(
      [absorbed],
    ));
  test('in flight with this very revision, after a try of the older one that may have arrived: an update follows', () =>
    expect(steps({ existing: [known({ state: 'sending', sentRevision: 2 })] })).toEqual([update]));
  test('an earlier attempt may have been received: key and content stay, an update follows', () =>
    expect(steps({ existing: [known({ state: 'waiting', sentRevision: 1 })] })).toEqual([update]));
  test('departed but certainly not received: the next try carries it', () =>
    expect(steps({ existing: [known({ state: 'waiting', maybeReceived: false, sentRevision: 1 })] })).toEqual(
      [absorbed],
    ));
  test('the recipient is deciding: an update follows', () =>
    expect(steps({ existing: [known({ state: 'pending' })] })).toEqual([update]));
});

describe('a change after the create was delivered', () => {
  const delivered = [known()];
  test('is one update', () => expect(steps({ existing: delivered })).toEqual([update]));
  test('that the destination does not want is refused in writing', () =>
    expect(steps({ kind: 'interaction', existing: delivered })).toEqual([
      { do: 'refuse', reason: 'update_not_wanted' },
    ]));
  test('C20: of consent always travels, wanted or not', () =>
    expect(steps({ kind: 'consent', updateOn: [], existing: delivered })).toEqual([update]));
  test.each(['consent', 'corrected'] as const)(
    'C20, C24: a %s change a recipient cannot be told is a written task with an alert',
    (kind) =>
      expect(steps({ kind, actions: ['create'], existing: delivered })).toEqual([
        insert('update', 'failed', 'manual_update_required', { alert: 'manual_task' }),
      ]),
  );
  test('takes the place of updates that have not departed', () => {
    const older = [
      known(),
      unsent({ id: 2, action: 'update' }),
      unsent({ id: 3, action: 'update', state: 'waiting', reason: 'waits_for_create' }),
    ];
    expect(steps({ revision: 4, existing: older })).toEqual([
      { do: 'cancel', ids: [2, 3], reason: 'superseded', includeDeparted: false },
      update,
    ]);
  });
  test('leaves updates alone that are being sent, have departed or have ended', () => {
    const busy = [
      known(),
      unsent({ id: 2, action: 'update', state: 'sending', attempt: 1 }),
      known({ id: 3, action: 'update', state: 'waiting' }),
      known({ id: 4, action: 'update' }),
    ];
    expect(steps({ revision: 5, existing: busy })).toEqual([update]);
  });
  test('C20: of consent is not dropped because a later change exists that makes no update', () => {
    const steps2 = steps({ kind: 'consent', revision: 2, existing: delivered }, { revision: 3 });
    const planned = steps2.flatMap((step) => (step.do === 'insert' ? [step.state] : []));
    expect(planned).toEqual(['planned']);
    expect(steps({ kind: 'interaction', revision: 3, existing: delivered })).toEqual([
      { do: 'refuse', reason: 'update_not_wanted' },
    ]);
  });
});

describe('a change after the create has failed', () => {
  const refused = known({ state: 'failed', reason: 'refused:DOUBLON', maybeReceived: false });
  test('a corrected lead deserves a new start', () =>
    expect(steps({ existing: [refused] })).toEqual([insert('create', 'planned', '')]));
  test('and so does one whose opt-in came too late', () =>
    expect(steps({ kind: 'consent', existing: [unsent({ state: 'failed', reason: 'expired' })] })).toEqual([
      insert('create', 'planned', ''),
    ]));
  test.each<[string, Over]>([
    ['an interaction', { kind: 'interaction', existing: [refused] }],
    ['a consent after a refusal', { kind: 'consent', existing: [refused] }],
    [
      'a correction after support cancelled it',
      { existing: [unsent({ state: 'cancelled', reason: 'by_support' })] },
    ],
    ['a correction the destination does not take', { accepted: false, existing: [refused] }],
  ])('%s is no new start, and that is written down', (_title, over) =>
    expect(steps(over)).toEqual([{ do: 'refuse', reason: 'create_not_delivered' }]),
  );
  test('of unknown outcome: the change goes to whoever may hold the lead', () =>
    expect(steps({ existing: [known({ state: 'failed', reason: 'exhausted:TIMEOUT' })] })).toEqual([update]));
  test('the last create counts, not an earlier one that failed', () =>
    expect(steps({ revision: 3, existing: [refused, known({ id: 2 })] })).toEqual([update]));
  test('a correction followed by another change in the same breath still brings the new start', () =>
    expect(steps({ revision: 2, existing: [refused] }, { revision: 3 })).toEqual([
      insert('create', 'planned', ''),
    ]));
});

describe('C22, C24: an erasure', () => {
  const erased = (
    over: Over,
    actions: ChangeSituation['actions'] = ['create', 'update', 'erase'],
  ): readonly PlanStep[] => steps({ kind: 'erased', actions, ...over }, { erasedAt });
  const cancel = (...ids: number[]): PlanStep => ({
    do: 'cancel',
    ids,
    reason: 'erased',
    includeDeparted: true,
  });
  const erase = insert('erase', 'planned', '');

  test('of a lead nobody was owed does nothing', () => expect(erased({})).toEqual([]));
  test('before any departure ends everything and tells nobody', () =>
    expect(erased({ existing: [unsent(), unsent({ id: 2, action: 'update', state: 'withheld' })] })).toEqual([
      cancel(1, 2),
    ]));
  test.each<[string, KnownDelivery]>([
    ['delivered', known()],
    ['refused', known({ state: 'failed', reason: 'refused', maybeReceived: false })],
    ['still in flight', known({ state: 'sending' })],
  ])('after a departure that is %s is followed by an erase', (_title, row) =>
    expect(erased({ existing: [row] })).toEqual([erase]),
  );
  test('after a departure that waits for its next try ends it and is followed by an erase', () =>
    expect(erased({ existing: [known({ state: 'waiting' })] })).toEqual([cancel(1), erase]));
  test('a departed update calls for it as well', () =>
    expect(
      erased({ existing: [unsent({ state: 'cancelled' }), known({ id: 2, action: 'update' })] }),
    ).toEqual([erase]));
  test('where the recipient cannot be told is a written task with an alert', () =>
    expect(erased({ existing: [known()] }, ['create', 'update'])).toEqual([
      insert('erase', 'failed', 'manual_erasure_required', { alert: 'manual_task' }),
    ]));
  test('never cancels an erase that is on its way', () =>
    expect(erased({ existing: [known(), unsent({ id: 2, action: 'erase' })] })).toEqual([erase]));
  test('is the last word: changes planned after it do nothing', () => {
    for (const kind of ['created', 'backfill', 'corrected', 'consent', 'interaction'] as const)
      expect([kind, steps({ kind, existing: [known()] }, { erasedAt })]).toEqual([kind, []]);
  });
});

describe('the table, a row for each kind of change and each standing of the create', () => {
  const standings = {
    none: [],
    unsent: [unsent()],
    may_be_held: [known()],
    failed: [known({ state: 'failed', reason: 'refused', maybeReceived: false })],
  } as const satisfies Readonly<Record<CreateStanding, readonly KnownDelivery[]>>;
  const again = insert('create', 'planned', '');
  const refused: PlanStep = { do: 'refuse', reason: 'create_not_delivered' };
  const unwanted: PlanStep = { do: 'refuse', reason: 'update_not_wanted' };
  const cancel: PlanStep = { do: 'cancel', ids: [1], reason: 'erased', includeDeparted: true };
  const erase = insert('erase', 'planned', '');
  const behind = { ...create, priority: 1 };

  test.each<[ChangeKind, CreateStanding, readonly PlanStep[]]>([
    ['created', 'none', [create]],
    ['created', 'unsent', []],
    ['created', 'may_be_held', []],
    ['created', 'failed', []],
    ['backfill', 'none', [behind]],
    ['backfill', 'unsent', []],
    ['backfill', 'may_be_held', []],
    ['backfill', 'failed', []],
    ['corrected', 'none', [create]],
    ['corrected', 'unsent', [absorbed]],
    ['corrected', 'may_be_held', [update]],
    ['corrected', 'failed', [again]],
    ['consent', 'none', [create]],
    ['consent', 'unsent', [absorbed]],
    ['consent', 'may_be_held', [update]],
    ['consent', 'failed', [refused]],
    // Nobody said anything: it begins nothing.
    ['consent_ended', 'none', []],
    ['consent_ended', 'unsent', []],
    ['consent_ended', 'may_be_held', [update]],
    ['consent_ended', 'failed', []],
    ['interaction', 'none', [create]],
    ['interaction', 'unsent', [absorbed]],
    ['interaction', 'may_be_held', [unwanted]],
    ['interaction', 'failed', [refused]],
    ['erased', 'none', []],
    ['erased', 'unsent', [cancel]],
    ['erased', 'may_be_held', [erase]],
    ['erased', 'failed', [erase]],
  ])('%s, %s', (kind, standing, expected) => {
    const existing = standings[standing];
    expect(steps({ kind, existing }, kind === 'erased' ? { erasedAt } : {})).toEqual(expected);
  });

  test('an archived destination hears only of what a prospect takes back, in writing', () => {
    const told = (kind: ChangeKind, existing: readonly KnownDelivery[]): readonly string[] =>
      steps({ kind, existing, destination: 'archived' }).flatMap((step) =>
        step.do === 'insert' ? [`${step.state}:${step.reason}`] : [],
      );
    for (const kind of ['created', 'backfill', 'corrected', 'interaction'] as const)
      expect([kind, told(kind, [known()])]).toEqual([kind, []]);
    expect(told('consent', [known()])).toEqual(['failed:manual_update_required']);
    expect(told('consent', [unsent()])).toEqual([]);
    expect(told('consent_ended', [known()])).toEqual(['failed:manual_update_required']);
    expect(told('erased', [known()])).toEqual(['failed:manual_erasure_required']);
  });
});
