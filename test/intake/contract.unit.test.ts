// The lead contract row by row: what passes, and for each fault the column and the code, never the value.
import { checkRow, rowDigest, rowText, type CheckedRow } from '../../src/intake/contract.ts';
import { consentElement, fields, interactionElement, rowKinds } from '../../src/intake/fields.ts';
import { refusalCodes } from '../../src/intake/refusals.ts';
import { intakeColumns } from '../../src/store/intake/intake.ts';
import { fullLead, grant, lead, now } from './rows.ts';

type Values = Record<string, unknown>;

const faults = (values: Values): string[] => {
  const checked = checkRow(values, now);
  return 'row' in checked ? [] : checked.refusals.map((one) => `${one.column} ${one.code}`);
};
const read = (values: Values): CheckedRow => {
  const checked = checkRow(values, now);
  if (!('row' in checked)) throw new Error(JSON.stringify(checked.refusals));
  return checked.row;
};
const child = (kind: string, more: Values): Values => ({
  client_id: 'acme',
  kind,
  reference: 'AB-1',
  row_reference: 'r-1',
  ...more,
});
const consents = (...events: object[]): Values => lead('AB-1', { consents: JSON.stringify(events) });
const interactions = (...events: object[]): Values => lead('AB-1', { interactions: JSON.stringify(events) });
const at = '2026-11-24T10:15:00+01:00';
const phone = (more: object = {}): object =>
  grant({ channel: 'phone', legalEntity: 'Acme Promotion SAS', ...more });

it('every column a sender may fill has its rule, and no rule speaks of a column that is not there', () => {
  expect(fields.map((one) => one.name).sort()).toEqual([...intakeColumns].sort());
});

describe('a lead', () => {
  it('with every column filled passes', () => {
    expect(faults(fullLead('AB-1'))).toEqual([]);
  });

  it('keeps absent what was not said (C13), but for the kind of operation', () => {
    expect(read(lead('AB-1')).fields).toEqual({
      ...{
        channel: 'web_form',
        collected_at: new Date('2026-11-24T09:15:00Z'),
        last_name: 'Dupont-Test',
        operation_kind: 'recurring',
      },
    });
    expect(read(lead('AB-1'))).toMatchObject({ consents: [], interactions: [] });
  });

  it.each(['client_id', 'reference', 'channel', 'collected_at'])('without %s is refused', (name) => {
    expect(faults({ ...lead('AB-1'), [name]: null })).toContain(`${name} REQUIRED`);
  });

  it('needs a way to be named or reached', () => {
    expect(faults(lead('AB-1', { last_name: null, first_name: 'Zoé' }))).toEqual(['row REQUIRED']);
    expect(faults(lead('AB-1', { last_name: null, landline: '+33199001234' }))).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ['client_id', 'ac me', 'BAD_FORMAT'],
    ['kind', 'prospect', 'NOT_ALLOWED_VALUE'],
    ['reference', 'AB 1', 'BAD_FORMAT'],
    ['reference', 'elodie@example.test', 'BAD_FORMAT'],
    ['reference', '0639981234', 'PERSONAL_REFERENCE'],
    ['reference', '06.39.98.12.34', 'PERSONAL_REFERENCE'],
    ['reference', '33639981234', 'PERSONAL_REFERENCE'],
    ['reference', '0033-6-39-98-12-34', 'PERSONAL_REFERENCE'],
    ['reference', 'A'.repeat(65), 'TOO_LONG'],
    ['channel', 'fax', 'NOT_ALLOWED_VALUE'],
    ['channel', 'Web_Form', 'NOT_ALLOWED_VALUE'],
    ['collected_at', new Date('2026-11-24T12:05:01Z'), 'OUT_OF_RANGE'],
    ['collected_at', new Date(Number.NaN), 'BAD_FORMAT'],
    ['collected_at', '2026-11-24 10:15:00', 'BAD_FORMAT'],
    ['collected_at', '2026-02-30T10:15:00Z', 'BAD_FORMAT'],
    ['operation_kind', 'once', 'NOT_ALLOWED_VALUE'],
    ['operation', 'OP 1', 'BAD_FORMAT'],
    ['notice', 'n'.repeat(41), 'TOO_LONG'],
    ['civility', 'Mme', 'NOT_ALLOWED_VALUE'],
    ['last_name', ' Dupont', 'OUTER_BLANKS'],
    ['last_name', 'Dupont\u00a0', 'OUTER_BLANKS'],
    ['last_name', 'Du\npont', 'BAD_FORMAT'],
    ['last_name', 'Du\u0000pont', 'BAD_FORMAT'],
    ['last_name', 'x'.repeat(121), 'TOO_LONG'],
    ['first_name', '', 'EMPTY'],
    ['email', 'elodie@example', 'BAD_FORMAT'],
    ['email', 'elodie example.test', 'BAD_FORMAT'],
    ['mobile', '0639981234', 'BAD_FORMAT'],
    ['mobile', '+33 6 39 98 12 34', 'BAD_FORMAT'],
    ['mobile', '+3363998123', 'BAD_FORMAT'],
    ['mobile', '+330639981234', 'BAD_FORMAT'],
    ['landline', '+33012345678', 'BAD_FORMAT'],
    ['postcode', '33000 ', 'OUTER_BLANKS'],
    ['country', 'fr', 'BAD_FORMAT'],
    ['country', 'ZZ', 'BAD_FORMAT'],
    ['housing_type', 'castle', 'NOT_ALLOWED_VALUE'],
    ['rooms', 0, 'OUT_OF_RANGE'],
    ['rooms', 2.5, 'BAD_FORMAT'],
    ['surface_min', -1, 'OUT_OF_RANGE'],
    ['surface_max', 10.123, 'BAD_FORMAT'],
    ['budget_min', 'a lot', 'BAD_FORMAT'],
    ['budget_max', 1_000_000_001, 'OUT_OF_RANGE'],
    ['comment', 'x'.repeat(10_001), 'TOO_LONG'],
    ['comment', 'bell\u0007', 'BAD_FORMAT'],
    ['comment', 'no character\uFFFE', 'BAD_FORMAT'],
    ['last_name', 'Dupont\u{1FFFF}x', 'BAD_FORMAT'],
    ['commune', '3306', 'BAD_FORMAT'],
    ['departement', '20', 'BAD_FORMAT'],
    ['departement', '96', 'BAD_FORMAT'],
    ['talk_started_at', new Date('2026-11-25T00:00:00Z'), 'OUT_OF_RANGE'],
    ['talk_duration', -1, 'OUT_OF_RANGE'],
    ['tax_bracket', 101, 'OUT_OF_RANGE'],
    ['nickname', 'Dudu', 'UNKNOWN_FIELD'],
    ['row_reference', 'r-1', 'NOT_ALLOWED_HERE'],
    ['clear_fields', 'email', 'NOT_ALLOWED_HERE'],
    ['consents', '[{"purpose"', 'BAD_JSON'],
    ['consents', '{}', 'BAD_FORMAT'],
    ['consents', '[]', 'EMPTY'],
    ['interactions', '"x"', 'BAD_FORMAT'],
  ])('with %s = %j is refused as such, once, and the value is not told', (name, value, code) => {
    const checked = checkRow({ ...lead('AB-1'), [name]: value }, now);
    const refusals = 'row' in checked ? [] : checked.refusals;
    expect(refusals.map((one) => `${one.column} ${one.code}`)).toEqual([`${name} ${code}`]);
    if (typeof value === 'string' && value.length > 5 && value !== 'email')
      expect(JSON.stringify(refusals)).not.toContain(value);
  });

  it.each<[string, unknown]>([
    ['reference', '0000012345'],
    ['reference', 'ML-0639981234'],
    ['mobile', '+33639980000'],
    ['landline', '+33199009999'],
    ['landline', '+442079460958'],
    ['mobile', '+590690001234'],
    ['email', "o'neil+crm@sub.example.test"],
    ['last_name', "D'Île-de-l'Étang 李"],
    ['postcode', 'SW1A 1AA'],
    ['commune', '2A004'],
    ['departement', '2B'],
    ['departement', '974'],
    ['collected_at', new Date('2026-11-24T12:05:00Z')],
    ['collected_at', '2026-11-24T10:15+01:00'],
    ['collected_at', '2026-11-24T10:15:00.123456+00:00'],
    ['collected_at', '2026-11-24T10:15:00.1234567Z'],
    ['budget_max', 310000.01],
    ['tax_bracket', 0],
    ['comment', 'first\r\n\tsecond'],
  ])('with %s = %j passes', (name, value) => {
    expect(faults({ ...lead('AB-1'), [name]: value })).toEqual([]);
  });

  it('keeps an instant to the millisecond, whatever decimals its sender writes', () => {
    const kept = [123, 123_456, 123_456_789].map((decimals) => {
      const checked = checkRow(lead('AB-1', { collected_at: `2026-11-24T10:15:00.${decimals}Z` }), now);
      return 'row' in checked ? rowText(checked.row) : checked.refusals;
    });
    expect(kept[0]).toContain('2026-11-24T10:15:00.123Z');
    expect(kept).toEqual([kept[0], kept[0], kept[0]]);
  });

  it('refused for an instant is shown one', () => {
    const checked = checkRow(lead('AB-1', { collected_at: '2026-11-24T10:15:00+0100' }), now);
    expect('refusals' in checked && checked.refusals[0]?.message).toContain('2026-11-24T10:15:00+01:00');
  });

  it('has its smallest below its largest', () => {
    expect(faults(lead('AB-1', { surface_min: 80, surface_max: 60, budget_min: 2, budget_max: 1 }))).toEqual([
      ...['surface_max OUT_OF_RANGE', 'budget_max OUT_OF_RANGE'],
    ]);
  });

  it('with many faults tells them all', () => {
    expect(faults(lead('AB-1', { channel: 'fax', rooms: 0, email: 'x', country: 'FRA' }))).toHaveLength(4);
  });
});

describe('consents (C16, C16b)', () => {
  it.each<[string, object, string]>([
    ['an unknown state', grant({ state: 'yes' }), 'consents[0].state NOT_ALLOWED_VALUE'],
    ['an unknown purpose', grant({ purpose: 'all' }), 'consents[0].purpose NOT_ALLOWED_VALUE'],
    ['an unknown channel', grant({ channel: 'fax' }), 'consents[0].channel NOT_ALLOWED_VALUE'],
    ['no state', grant({ state: undefined }), 'consents[0].state REQUIRED'],
    ['no moment', grant({ recordedAt: undefined }), 'consents[0].recordedAt REQUIRED'],
    [
      'a moment without offset',
      grant({ recordedAt: '2026-11-24T10:15:00' }),
      'consents[0].recordedAt BAD_FORMAT',
    ],
    [
      'a moment to come',
      grant({ recordedAt: '2026-11-24T13:06:00+01:00' }),
      'consents[0].recordedAt OUT_OF_RANGE',
    ],
    ['an unknown field', grant({ agent: 'x' }), 'consents[0].agent UNKNOWN_FIELD'],
    ['a person as source', grant({ source: 'Jeanne Dupont' }), 'consents[0].source BAD_FORMAT'],
    ['null for absent', grant({ source: null }), 'consents[0].source BAD_FORMAT'],
    [
      'an end before its beginning',
      grant({ validUntil: '2026-11-23T00:00:00Z' }),
      'consents[0].validUntil OUT_OF_RANGE',
    ],
    [
      'an end in a year that no column has',
      grant({ validUntil: '9999-12-31T23:59:59-01:00' }),
      'consents[0].validUntil BAD_FORMAT',
    ],
    [
      'a phone grant without legal entity',
      phone({ legalEntity: undefined }),
      'consents[0].legalEntity REQUIRED',
    ],
    [
      'a phone grant without wording',
      phone({ wordingVersion: undefined }),
      'consents[0].wordingVersion REQUIRED',
    ],
    [
      'a phone grant of more than 365 days',
      phone({ validUntil: '2027-11-24T09:15:01Z' }),
      'consents[0].validUntil OUT_OF_RANGE',
    ],
    ['a field named like a person', grant({ 'Jeanne Dupont': 1 }), 'consents[0].(unnamed) UNKNOWN_FIELD'],
  ])('with %s are refused', (_what, event, fault) => {
    expect(faults(consents(event))).toEqual([fault]);
  });

  it('by phone may live 365 days, and a refusal by phone needs no proof', () => {
    expect(
      faults(
        consents(phone({ validUntil: '2027-11-24T09:15:00Z' }), {
          purpose: 'marketing',
          channel: 'phone',
          state: 'refused',
          recordedAt: at,
        }),
      ),
    ).toEqual([]);
  });

  it('are read with their instants', () => {
    expect(read(consents(grant())).consents).toEqual([
      {
        purpose: 'marketing',
        channel: 'email',
        state: 'granted',
        recordedAt: new Date('2026-11-24T09:15:00Z'),
        wordingVersion: 'v3',
        source: 'form-12',
      },
    ]);
  });
});

describe('interactions (C08)', () => {
  it.each(['failed_callback', 'email_sent', 'sms_sent', 'brochure_sent', 'invitation_letter'])(
    'of kind %s are never voluntary',
    (kind) => {
      expect(faults(interactions({ kind, at, voluntary: true }))).toEqual([
        'interactions[0].voluntary NOT_ALLOWED_VALUE',
      ]);
      expect(read(interactions({ kind, at })).interactions[0]?.voluntary).toBe(false);
    },
  );

  it.each([
    ['inbound_call', true],
    ['web_form', true],
    ['chat', false],
    ['social_message', false],
    ['outbound_call', false],
  ])('of kind %s are voluntary by default: %s; the row may say otherwise', (kind, byDefault) => {
    const [first, second] = read(
      interactions({ kind, at }, { kind, at, voluntary: !byDefault }),
    ).interactions;
    expect([first?.voluntary, second?.voluntary]).toEqual([byDefault, !byDefault]);
  });

  it('to come, of no known kind or of negative length are refused', () => {
    expect(faults(interactions({ kind: 'chat', at: '2026-12-24T00:00:00Z' }))).toEqual([
      'interactions[0].at OUT_OF_RANGE',
    ]);
    expect(faults(interactions({ kind: 'fax', at }, { kind: 'chat', at, duration: -1 }))).toEqual([
      ...['interactions[0].kind NOT_ALLOWED_VALUE', 'interactions[1].duration OUT_OF_RANGE'],
    ]);
  });
});

describe('corrections, consent rows and interaction rows', () => {
  it.each(['correction', 'consent', 'interaction'])('of kind %s need a reference of their own', (kind) => {
    expect(faults(child(kind, { row_reference: '' }))).toContain('row_reference REQUIRED');
    expect(faults(child(kind, { row_reference: '0639981234' }))).toContain(
      'row_reference PERSONAL_REFERENCE',
    );
  });

  it('carry what belongs to their kind only', () => {
    expect(faults(child('consent', { consents: [grant()], email: 'a@b.test' }))).toEqual([
      'email NOT_ALLOWED_HERE',
    ]);
    expect(
      faults(child('interaction', { interactions: [{ kind: 'chat', at }], consents: [grant()] })),
    ).toEqual(['consents NOT_ALLOWED_HERE']);
    expect(faults(child('correction', { email: 'a@b.test', consents: [grant()] }))).toEqual([
      'consents NOT_ALLOWED_HERE',
    ]);
    expect(faults(child('consent', {}))).toEqual(['consents REQUIRED']);
    expect(faults(child('interaction', {}))).toEqual(['interactions REQUIRED']);
  });

  it.each<[string, Values, string[]]>([
    ['nothing to do', {}, ['row REQUIRED']],
    ['a mandatory column to clear', { clear_fields: 'channel' }, ['clear_fields NOT_ALLOWED_VALUE']],
    ['a column that is none', { clear_fields: 'id' }, ['clear_fields NOT_ALLOWED_VALUE']],
    ['blanks between names', { clear_fields: 'email, mobile' }, ['clear_fields NOT_ALLOWED_VALUE']],
    [
      'a column given and cleared',
      { clear_fields: 'email', email: 'a@b.test' },
      ['clear_fields NOT_ALLOWED_VALUE'],
    ],
  ])('a correction with %s is refused', (_what, more, expected) => {
    expect(faults(child('correction', more))).toEqual(expected);
  });

  it('a correction says what changes and what becomes blank', () => {
    expect(read(child('correction', { clear_fields: 'email,rent', last_name: 'Durand-Test' }))).toMatchObject(
      {
        ...{
          kind: 'correction',
          reference: 'AB-1',
          rowReference: 'r-1',
          fields: { last_name: 'Durand-Test' },
          clear: ['email', 'rent'],
        },
      },
    );
  });
});

describe('the keyed digest of a row', () => {
  const key = Buffer.alloc(32, 1);
  const digest = (values: Values): string => rowDigest(key, read(values)).toString('hex');
  it('does not depend on the order of keys, the spelling of an instant or a default written out', () => {
    const { consents: _, ...rest } = fullLead('AB-1');
    const turned = Object.fromEntries(Object.entries(rest).reverse());
    expect(digest(turned)).toBe(digest(rest));
    expect(digest(consents(grant({ recordedAt: '2026-11-24T09:15:00.000Z' })))).toBe(
      digest(consents(grant())),
    );
    expect(digest(lead('AB-1', { operation_kind: 'recurring' }))).toBe(digest(lead('AB-1')));
  });
  it('changes with any column, and with the key', () => {
    for (const name of Object.keys(fullLead('AB-1')).filter(
      (one) => !['client_id', 'reference', 'channel', 'collected_at'].includes(one),
    )) {
      expect([name, digest({ ...fullLead('AB-1'), [name]: null })]).not.toEqual([
        name,
        digest(fullLead('AB-1')),
      ]);
    }
    expect(rowDigest(Buffer.alloc(32, 2), read(lead('AB-1')))).not.toEqual(
      rowDigest(key, read(lead('AB-1'))),
    );
  });
});

it('says something of every field and code, and has four kinds of row', () => {
  const rules = [...fields, ...Object.values(consentElement), ...Object.values(interactionElement)];
  expect(rules.filter((one) => one.says === '')).toEqual([]);
  expect(Object.values(refusalCodes).every((one) => one.length > 5)).toBe(true);
  expect(rowKinds).toHaveLength(4);
});
