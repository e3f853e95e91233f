// The checks of ten years themselves: true lives are clean, and for every figure that must be 0 a forged one turns exactly it red.
import { zeros } from './figures.ts';
import { forge, life, minutes, noon, seenRed } from './forged.ts';

test('a life of one request is clean: relayed, inactive, anonymised on its day', () => {
  const { it, night, goes, red } = life();
  night('2030-01-31', it);
  goes(it, '2030-02-01', 'anonymised');
  night('2030-02-01');
  expect(red('2031-01-01')).toEqual([]);
});

test('C33: there on the day on which three years are over', () => {
  const { it, night, red } = life();
  night('2030-02-01', it);
  expect(red('2030-02-02')).toEqual(['tooLong']);
});

test('C33: gone a day before, or deleted instead of anonymised', () => {
  const early = life();
  early.goes(early.it, '2030-01-31', 'anonymised');
  expect(early.red('2030-02-02')).toEqual(['tooEarly']);
  const otherwise = life();
  otherwise.goes(otherwise.it, '2030-02-01', 'purged');
  expect(otherwise.red('2030-02-02')).toEqual(['tooEarly']);
});

test('C30: an operation that is recorded anew is what counts, and a later sign of the person keeps every lead of theirs', () => {
  const { book, lead, relayed, night, red } = forge();
  book.record('OP', { kind: 'one_off', endsOn: '2027-06-30' });
  const it = lead('P1', '2027-02-01', { kind: 'one_off', operation: 'OP', mobile: '+33639980001' });
  relayed(it, '2027-02-01');
  night('2027-06-01', it);
  book.record('OP', { kind: 'one_off', endsOn: '2027-04-30' });
  night('2027-06-30', it);
  expect(red('2027-07-01')).toEqual(['tooLong']);

  const shared = forge();
  const first = shared.lead('P1', '2027-02-01', { mobile: '+33639980001' });
  const second = shared.lead('P2', '2028-02-01', { mobile: '+33639980001' });
  for (const one of [first, second]) shared.relayed(one, '2028-02-01');
  shared.night('2030-02-01', first, second);
  expect(shared.red('2030-02-02')).toEqual([]);
});

test('C33: a first delivery after two years without a sign, and none when the day is not there yet', () => {
  const old = forge();
  const it = old.lead('P1', '2027-02-01');
  old.relayed(it, '2029-02-01');
  expect(old.red('2029-02-02')).toEqual(['inactive']);
  const late = forge();
  late.relayed(late.lead('P1', '2027-02-01'), '2029-01-31');
  expect(late.red('2029-02-02')).toEqual([]);
});

test('C16b: a yes by phone a minute after 365 days', () => {
  const forged = life();
  forged.granted(forged.it, '2027-02-01');
  const yes = { yes: { email: false, phone: true }, action: 'update' as const };
  const ends = new Date(noon('2027-02-01').getTime() + 365 * 86_400_000);
  forged.received(forged.it, minutes(noon('2027-02-01'), 5), yes);
  forged.received(forged.it, minutes(ends, -15), { action: 'update' });
  expect(forged.red('2028-03-01')).toEqual([]);

  const left = life();
  left.granted(left.it, '2027-02-01');
  left.received(left.it, minutes(noon('2027-02-01'), 5), yes);
  left.received(left.it, minutes(ends, 5), { action: 'update' });
  expect(left.red('2028-03-01')).toEqual(['lapsed']);

  const never = life();
  never.received(never.it, minutes(noon('2027-02-01'), 5), yes);
  expect(never.red('2028-03-01')).toEqual(['lapsed']);
});

test('C16: a yes that stands ten minutes after it was taken back, in this lead or in a later one of the address', () => {
  const yes = { yes: { email: true, phone: false }, action: 'update' as const };
  const granted = { channel: 'email' as const };
  const out = { at: noon('2027-03-01'), channel: 'email' as const, leads: new Set<never>() };
  const told = life();
  told.granted(told.it, '2027-02-01', granted);
  told.received(told.it, minutes(noon('2027-02-01'), 5), yes);
  told.book.takenBack.push({ ...out, addresses: new Set(['P1@courriel.example']) });
  const untold = told.red('2027-04-01');
  expect(untold).toEqual(['objected']);

  const inTime = life();
  inTime.granted(inTime.it, '2027-02-01', granted);
  inTime.received(inTime.it, minutes(noon('2027-02-01'), 5), yes);
  inTime.book.takenBack.push({ ...out, addresses: new Set(['P1@courriel.example']) });
  inTime.received(inTime.it, minutes(noon('2027-03-01'), 9), { action: 'update' });
  expect(inTime.red('2027-04-01')).toEqual([]);

  const anew = life();
  anew.book.takenBack.push({ ...out, addresses: new Set(['P1@courriel.example']) });
  anew.granted(anew.it, '2027-03-02', granted);
  anew.received(anew.it, minutes(noon('2027-03-02'), 5), yes);
  expect(anew.red('2027-04-01')).toEqual([]);
});

describe('a request', () => {
  const erased = (forged: ReturnType<typeof life>) => {
    const demand = forged.demand('erasure', '2027-03-01', {
      ...{ leads: [forged.it], owed: new Map([['P1', ['essai-crm', 'essai-old']]]) },
      ...{ appliedAt: noon('2027-03-02'), closedAt: noon('2027-03-20'), informedAt: noon('2027-03-10') },
    });
    forged.book.end(forged.it, 'erased', noon('2027-03-02'));
    forged.received(forged.it, minutes(noon('2027-03-02'), 1), { action: 'erase' });
    return demand;
  };

  test('C24: closed with one recipient told and the other answered for', () => {
    const forged = life();
    erased(forged).acknowledged.set('essai-old', noon('2027-03-05'));
    expect(forged.red('2027-04-01')).toEqual([]);
  });

  test('C24 C25: closed while a recipient is open, or without a word to the person, or before it was carried out', () => {
    const open = life();
    erased(open);
    expect(open.red('2027-04-01')).toEqual(['incomplete']);
    const silent = life();
    const demand = erased(silent);
    demand.acknowledged.set('essai-old', noon('2027-03-05'));
    demand.informedAt = undefined;
    expect(silent.red('2027-04-01')).toEqual(['incomplete']);
    const unheard = life();
    unheard.demand('erasure', '2027-03-01', {
      ...{ leads: [unheard.it], owed: new Map([['P1', ['essai-crm']]]), appliedAt: noon('2027-03-02') },
      acknowledged: new Map([['essai-crm', noon('2027-03-02')]]),
    });
    unheard.book.end(unheard.it, 'erased', noon('2027-03-02'));
    expect(unheard.red('2027-03-02')).toEqual([]);
    expect(unheard.red('2027-03-04')).toEqual(['incomplete']);
    const never = life();
    never.demand('access', '2027-03-01', { closedAt: noon('2027-03-02') });
    expect(never.red('2027-04-01')).toEqual(['incomplete']);
  });

  test('C21: nobody alerted on day 21, on day 25, past the last day', () => {
    const runs = ['2027-03-22', '2027-03-26', '2027-04-03'];
    const alerts = ['1:day_21', '1:day_25', '1:overdue'];
    for (const missing of [undefined, ...alerts]) {
      const forged = life();
      forged.demand('access', '2027-03-01');
      const red = forged.red('2027-04-10', { runs, alerts: alerts.filter((one) => one !== missing) });
      expect(red).toEqual(missing === undefined ? [] : ['term']);
    }
  });

  test('article 18: told anew, or gone, while it is restricted; what takes back or corrects may leave', () => {
    const restricted = (lifted?: string) => {
      const forged = life();
      forged.demand('restriction', '2027-03-01', {
        ...{ leads: [forged.it], appliedAt: noon('2027-03-02') },
        liftedAt: lifted === undefined ? undefined : noon(lifted),
      });
      return forged;
    };
    const told = restricted();
    told.received(told.it, noon('2027-03-05'), { action: 'update', yes: { email: true, phone: true } });
    expect(told.red('2027-04-01')).toEqual(['restricted']);
    const corrected = restricted();
    corrected.received(corrected.it, noon('2027-03-05'), { action: 'update' });
    expect(corrected.red('2027-04-01')).toEqual([]);
    const gone = restricted();
    gone.goes(gone.it, '2030-02-01', 'anonymised');
    expect(gone.red('2030-04-01')).toEqual(['restricted']);
    const rightly = restricted('2027-03-04');
    rightly.received(rightly.it, noon('2027-03-03'), { action: 'erase' });
    rightly.received(rightly.it, noon('2027-03-05'), { action: 'update' });
    expect(rightly.red('2027-04-01')).toEqual([]);
    const waits = restricted();
    waits.night('2030-02-01', waits.it);
    expect(waits.red('2030-02-02')).toEqual([]);
  });

  test('C22: told to somebody after its erasure', () => {
    const forged = life();
    erased(forged).acknowledged.set('essai-old', noon('2027-03-05'));
    forged.received(forged.it, noon('2027-03-06'), { action: 'update' });
    expect(forged.red('2027-04-01')).toEqual(['erased']);
  });
});

test('C30 C34: an address in any column of somebody who is gone, a shell; whoever shares it with one who is there is let off', () => {
  const rows = [{ note: Buffer.from('see personne-7@courriel.example') }, { phone: '+33639980001' }];
  const over = { email: 'personne-7@courriel.example', mobile: '+33639980001' };
  const gone = forge();
  gone.goes(gone.lead('P1', '2027-02-01', over), '2030-02-01', 'anonymised');
  expect(gone.red('2030-03-01', { rows })).toEqual(['remains']);
  const shared = forge();
  const [one, other] = [shared.lead('P1', '2027-02-01', over), shared.lead('P2', '2029-02-01', over)];
  shared.relayed(other, '2029-02-01');
  shared.book.end(one, 'erased', noon('2029-03-01'));
  expect(shared.red('2030-03-01', { rows })).toEqual([]);
  expect(forge().red('2030-03-01', { standing: { shells: 1 } })).toEqual(['remains']);
});

test('C30: taken in though its operation is long over; refused for it is no loss', () => {
  const forged = forge();
  forged.book.record('OP', { kind: 'one_off', endsOn: '2027-06-30' });
  const over = { kind: 'one_off', operation: 'OP', collectedAt: noon('2027-06-01') } as const;
  forged.relayed(forged.lead('P1', '2027-08-30', over), '2027-08-30');
  expect(forged.red('2027-08-30')).toEqual(['ended']);
  const refused = forge();
  refused.book.record('OP', { kind: 'one_off', endsOn: '2027-06-30' });
  refused.handedIn('P1', '2027-08-30', over);
  refused.look('2027-08-30');
  expect(refused.red('2027-09-01')).toEqual([]);
});

test('lost: refused for no reason that holds, never looked at, or never at a recipient', () => {
  const refused = forge();
  refused.handedIn('P1', '2027-02-01');
  refused.look('2027-02-01');
  expect(refused.red('2027-03-01')).toEqual(['lost']);
  const waiting = forge();
  waiting.handedIn('P1', '2027-02-01');
  expect(waiting.red('2027-03-01')).toEqual(['lost']);
  const half = forge();
  half.received(half.lead('P1', '2027-02-01'), noon('2027-02-01'));
  expect(half.red('2027-03-01')).toEqual(['lost']);
});

test("guarantee 9: the log does not verify, or the sealer met an entry that is nobody's", () => {
  const problem = { kind: 'entry_changed', entry: 7 } as const;
  expect(forge().red('2030-03-01', { standing: { log: { ok: false, problem } } })).toEqual(['log']);
  const alerts = [{ kind: 'log_altered', reason: 'entry_forged:7' }];
  expect(forge().red('2030-03-01', { standing: { alerts } })).toEqual(['log']);
});

test('broken: a step that the product itself set aside', () => {
  const alerts = [{ kind: 'internal_error', reason: 'RETENTION:TYPE_ERROR' }];
  expect(forge().red('2030-03-01', { standing: { alerts } })).toEqual(['broken']);
});

test('every figure was seen red', () => {
  expect(Object.keys(zeros).filter((zero) => !seenRed.has(zero))).toEqual([]);
});
