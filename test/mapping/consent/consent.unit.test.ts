// Consent as the client receives it (C16, C16b, C20).
import fc from 'fast-check';
import { consentStates } from '../../../src/domain/lead.ts';
import type { ConsentRecord, ConsentState } from '../../../src/domain/lead.ts';
import { at, compiled, demoClient, flow, lead, mail, situation, webhook, written } from '../support.ts';

const answered = (state: ConsentState, more: Partial<ConsentRecord> = {}): ConsentRecord => ({
  purpose: 'marketing',
  channel: 'email',
  state,
  recordedAt: new Date('2026-11-20T09:15:00Z'),
  ...more,
});

const name = '- {to: nom, from: identity.lastName}';
const block = (line: string): string => `consent:\n  - ${line}\n`;

test('C20: each state is written as the client wants it, and the log says which', () => {
  const mapping = compiled(webhook(name));
  const values: Record<ConsentState, string> = { granted: 'O', refused: 'N', not_asked: 'I', withdrawn: 'R' };
  for (const state of consentStates) {
    const someone = lead({ consents: [answered(state)] });
    expect(JSON.parse(written(mapping, someone))).toEqual({ nom: 'Durand', OPTIN: values[state] });
    const result = mapping.apply(someone, situation());
    expect(result.ok && result.record.consents).toEqual([
      { purpose: 'marketing', channel: 'email', state, field: 'OPTIN', value: values[state] },
    ]);
  }
  expect(mapping.consentTable).toEqual([{ field: 'OPTIN', purpose: 'marketing', channel: 'email', values }]);
});

test('C20: the opt-in is in a JSON body, a form, an XML file, a CSV file and a mail alike', () => {
  expect(written(compiled(webhook(name)))).toBe('{"nom":"Durand","OPTIN":"O"}');
  expect(written(compiled(webhook(name, 'form: {}')))).toBe('nom=Durand&OPTIN=O');
  expect(written(compiled(flow('csv: {}', name)))).toBe('nom;OPTIN\r\nDurand;O\r\n');
  const xml = compiled(
    flow(
      'xml: {root: leads, record: lead}',
      '- {to: lead.nom, from: identity.lastName}',
      block(
        '{to: lead.optin@canal, channel: email, values: {granted: 1, refused: 0, not_asked: omit, withdrawn: 0}}',
      ),
    ),
  );
  expect(written(xml)).toContain('<optin canal="1"/>');
  const result = compiled(mail('', name)).apply(lead(), situation());
  expect(result.ok && result.record.sheet?.at(-1)).toEqual({
    title: 'Consentement (opt-in)',
    lines: [{ label: 'OPTIN', value: 'O', emphasis: true }],
  });
});

test('C16: a purpose and channel without a recorded answer withholds the lead; absence is never an answer', () => {
  const mapping = compiled(
    webhook(
      name,
      '',
      'consent:\n  - {to: OPTIN, channel: email, values: {granted: O, refused: N, not_asked: N, withdrawn: N}}\n' +
        '  - {to: NEWS, purpose: newsletter, channel: email, values: {granted: O, refused: N, not_asked: N, withdrawn: N}}\n',
    ),
  );
  expect(mapping.apply(lead(), situation())).toEqual({
    ok: false,
    why: 'opt_in_missing',
    missing: [{ purpose: 'newsletter', channel: 'email' }],
  });
  expect(mapping.apply(lead({ consents: [] }), situation())).toMatchObject({
    ok: false,
    why: 'opt_in_missing',
  });
});

test('C16: hold keeps the lead back, omit leaves the field out and the log says so', () => {
  const mapping = compiled(
    webhook(
      name,
      '',
      block(
        '{to: OPTIN, channel: email, values: {granted: O, refused: hold, not_asked: omit, withdrawn: N}}',
      ),
    ),
  );
  expect(mapping.apply(lead({ consents: [answered('refused')] }), situation())).toEqual({
    ok: false,
    why: 'opt_in_held',
    field: 'OPTIN',
  });
  const someone = lead({ consents: [answered('not_asked')] });
  expect(written(mapping, someone)).toBe('{"nom":"Durand"}');
  const result = mapping.apply(someone, situation());
  expect(result.ok && result.record.consents[0]?.value).toBe('(omitted)');
});

test('C16: a withdrawal beats an older grant', () => {
  const events = [
    answered('granted'),
    answered('withdrawn', { recordedAt: new Date('2026-11-21T09:00:00Z') }),
  ];
  expect(written(compiled(webhook(name)), lead({ consents: events }))).toContain('"OPTIN":"R"');
});

test('C16b: a phone grant past its year is written as a refusal, and the record says how long it stays fresh', () => {
  const phone = block(
    '{to: OPTIN_TEL, channel: phone, values: {granted: O, refused: N, not_asked: I, withdrawn: R}}',
  );
  const mapping = compiled(webhook(name, '', phone));
  const grant = answered('granted', { channel: 'phone', legalEntity: 'DEMO SAS', wordingVersion: 'w1' });
  const someone = lead({ consents: [grant] });
  const result = mapping.apply(someone, situation());
  expect(result.ok && result.record.freshUntil).toEqual(new Date('2027-11-20T09:00:00Z'));
  expect(written(mapping, someone)).toContain('"OPTIN_TEL":"O"');
  expect(written(mapping, someone, situation({ now: new Date('2027-11-20T09:15:00Z') }))).toContain(
    '"OPTIN_TEL":"N"',
  );
  const unproved = lead({ consents: [answered('granted', { channel: 'phone' })] });
  expect(written(mapping, unproved)).toContain('"OPTIN_TEL":"N"');
});

test('freshUntil is a quarter of an hour before the earliest end of the grants that were written', () => {
  const both =
    'consent:\n  - {to: A, channel: email, values: {granted: O, refused: N, not_asked: I, withdrawn: R}}\n' +
    '  - {to: B, channel: sms, values: {granted: O, refused: N, not_asked: I, withdrawn: R}}\n';
  const soon = new Date('2026-12-01T00:15:00Z');
  const consents = [
    answered('granted', { validUntil: new Date('2027-01-01T00:00:00Z') }),
    answered('granted', { channel: 'sms', validUntil: soon }),
  ];
  const result = compiled(webhook(name, '', both)).apply(lead({ consents }), situation());
  expect(result.ok && result.record.freshUntil).toEqual(new Date('2026-12-01T00:00:00Z'));
  const [first, second] = [consents[1], consents[0]].map((consent, index) => ({
    ...(consent ?? answered('granted')),
    channel: index === 0 ? ('email' as const) : ('sms' as const),
  }));
  const turned = first === undefined || second === undefined ? [] : [first, second];
  const other = compiled(webhook(name, '', both)).apply(lead({ consents: turned }), situation());
  expect(other.ok && other.record.freshUntil).toEqual(new Date('2026-12-01T00:00:00Z'));
  const endless = compiled(webhook(name)).apply(lead(), situation());
  expect(endless.ok && 'freshUntil' in endless.record).toBe(false);
});

test('the second line may hold where the first does not', () => {
  const two =
    'consent:\n  - {to: A, channel: email, values: {granted: O, refused: N, not_asked: I, withdrawn: R}}\n' +
    '  - {to: B, channel: sms, values: {granted: O, refused: N, not_asked: hold, withdrawn: R}}\n';
  const consents = [answered('granted'), answered('not_asked', { channel: 'sms' })];
  expect(compiled(webhook(name, '', two)).apply(lead({ consents }), situation())).toMatchObject({
    ...{ why: 'opt_in_held', field: 'B' },
  });
});

test('null is written as null, told to the log as such and shown as nothing; a proof is in no truth table', () => {
  const lines =
    'consent:\n  - {to: OPTIN, channel: email, values: {granted: true, refused: false, not_asked: null, withdrawn: false}}\n' +
    '  - {to: P, channel: email, proof: source}\n';
  const someone = lead({ consents: [answered('not_asked')] });
  const mapping = compiled(webhook(name, '', lines));
  expect(written(mapping, someone)).toBe('{"nom":"Durand","OPTIN":null}');
  const result = mapping.apply(someone, situation());
  expect(result.ok && result.record.consents.map(({ field, value }) => [field, value])).toEqual([
    ['OPTIN', 'null'],
  ]);
  expect(mapping.consentTable.map(({ field }) => field)).toEqual(['OPTIN']);
  const sheet = compiled(mail('', name, lines)).apply(someone, situation());
  expect(sheet.ok && sheet.record.sheet?.at(-1)?.lines).toEqual([
    { label: 'OPTIN', value: '', emphasis: true },
  ]);
});

test('an opt-out field writes its no for a grant, once it is confirmed', () => {
  const line =
    '{to: contact.DoNotCall, channel: phone, inverted: confirmed, values: {granted: false, refused: true, not_asked: true, withdrawn: true}}';
  const mapping = compiled(webhook(name, '', block(line)));
  const consents = [answered('refused', { channel: 'phone' })];
  expect(written(mapping, lead({ consents }))).toBe('{"nom":"Durand","contact":{"DoNotCall":true}}');
});

test('proofs accompany the answer: date, source, wording, entity, until', () => {
  const lines = ['date, as: {date: dd/MM/yyyy HH:mm}', 'source', 'wording', 'entity', 'until']
    .map((proof, index) => `  - {to: P${index}, channel: email, proof: ${proof}}\n`)
    .join('');
  const mapping = compiled(
    webhook(
      name,
      '',
      `consent:\n  - {to: OPTIN, channel: email, values: {granted: O, refused: N, not_asked: N, withdrawn: N}}\n${lines}`,
    ),
  );
  const consents = [
    answered('granted', {
      source: 'form-7',
      wordingVersion: 'w3',
      legalEntity: 'DEMO SAS',
      validUntil: new Date('2027-01-01T00:00:00Z'),
    }),
  ];
  expect(JSON.parse(written(mapping, lead({ consents })))).toMatchObject({
    ...{ P0: '20/11/2026 10:15', P1: 'form-7', P2: 'w3', P3: 'DEMO SAS', P4: '2027-01-01T01:00:00+01:00' },
  });
});

test('consent lines stand where the fields place them', () => {
  const mapping = compiled(webhook(`- {to: a, value: 1}\n- {consent: OPTIN}\n- {to: b, value: 2}`));
  expect(written(mapping)).toBe('{"a":1,"OPTIN":"O","b":2}');
});

test('an erase asserts no opt-in and needs none', () => {
  const mapping = compiled(
    webhook(name, 'erase: {send: {method: DELETE, url: "https://crm.demo.example/api/{reference}"}}'),
  );
  const erased = lead({ identity: {}, project: {}, consents: [] });
  const result = mapping.apply(erased, situation({ action: 'erase', categories: [] }));
  if (!result.ok) throw new Error(result.why);
  expect(result.record.consents).toEqual([]);
  expect(mapping.write([result.record], 'erase').bytes.length).toBe(0);
  expect(mapping.actions.erase?.settings).toMatchObject({ method: 'DELETE' });
});

test('an update carries the same opt-in as the create', () => {
  const mapping = compiled(webhook(name, 'update: {fields: [{to: ref, from: delivery.reference}]}'));
  const update = situation({ action: 'update', recipientReference: 'H-1' });
  expect(written(mapping, lead({ consents: [answered('withdrawn')] }), update)).toBe(
    '{"ref":"H-1","OPTIN":"R"}',
  );
});

test('C20: the output always holds exactly the declared opt-in, whatever was answered and in which order', () => {
  const values = { granted: 'G', refused: 'F', not_asked: 'A', withdrawn: 'W' };
  const two =
    'consent:\n  - {to: c.mail, channel: email, values: {granted: G, refused: F, not_asked: A, withdrawn: W}}\n' +
    '  - {to: c.sms, purpose: newsletter, channel: sms, values: {granted: G, refused: F, not_asked: A, withdrawn: W}}\n';
  const mapping = compiled(webhook(name, '', two));
  const event = fc.record({
    purpose: fc.constantFrom('marketing' as const, 'newsletter' as const),
    channel: fc.constantFrom('email' as const, 'sms' as const),
    state: fc.constantFrom(...consentStates),
    recordedAt: fc.date({ min: new Date('2024-01-01'), max: at, noInvalidDate: true }),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 8 }), (consents) => {
      const result = mapping.apply(lead({ consents }), situation());
      // The oracle is written anew: the latest answer wins, "not asked" never takes back an answer, ties protect.
      const latest = (purpose: string, channel: string): ConsentState | undefined => {
        const own = consents.filter((consent) => consent.purpose === purpose && consent.channel === channel);
        const said = own.filter((consent) => consent.state !== 'not_asked');
        const order: readonly ConsentState[] = ['granted', 'not_asked', 'refused', 'withdrawn'];
        return (said.length > 0 ? said : own)
          .toSorted(
            (a, b) =>
              a.recordedAt.getTime() - b.recordedAt.getTime() ||
              order.indexOf(a.state) - order.indexOf(b.state),
          )
          .at(-1)?.state;
      };
      const mailState = latest('marketing', 'email');
      const smsState = latest('newsletter', 'sms');
      if (mailState === undefined || smsState === undefined) {
        expect(result).toMatchObject({ ok: false, why: 'opt_in_missing' });
        return;
      }
      if (!result.ok) throw new Error(result.why);
      const body = JSON.parse(Buffer.from(mapping.write([result.record], 'create').bytes).toString()) as {
        c: unknown;
      };
      expect(body.c).toEqual({ mail: values[mailState], sms: values[smsState] });
    }),
  );
});

describe('C16b: the company that a phone consent names', () => {
  const phone = block(
    '{to: TEL, channel: phone, values: {granted: O, refused: N, not_asked: I, withdrawn: R}}',
  );
  const named = (legalEntity: string, channel: 'phone' | 'email' = 'phone'): string =>
    written(
      compiled(webhook(name, '', channel === 'phone' ? phone : undefined)),
      lead({ consents: [answered('granted', { channel, legalEntity, wordingVersion: 'w1' })] }),
    );
  test.each(['DEMO SAS', 'Démo', 'S.A.S. demo', 'Demo'])(
    'the client or who receives, however it is written: %s',
    (entity) => {
      expect(named(entity)).toContain('"TEL":"O"');
    },
  );
  test.each(['AUTRE PROMOTION SAS', 'DEMO NORD', 'SAS'])('another is as good as none: %s', (entity) => {
    expect(named(entity)).toContain('"TEL":"N"');
  });
  test('a programme company that client.yaml names counts', () => {
    const lines = `${demoClient}
legalEntities: [SCCV Les Terrasses]
`;
    const mapping = compiled(webhook(name, '', phone), { 'demo/client.yaml': lines });
    const someone = lead({
      consents: [
        answered('granted', { channel: 'phone', legalEntity: 'LES TERRASSES', wordingVersion: 'w1' }),
      ],
    });
    expect(written(mapping, someone)).toContain('"TEL":"O"');
  });
  test('a consent for mail needs no company', () => {
    expect(named('AUTRE PROMOTION SAS', 'email')).toContain('"OPTIN":"O"');
  });
});
