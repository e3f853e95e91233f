// The opt-in in every shape real CRMs ask for: each state of each shape, byte for byte.
import { consentStates } from '../../../src/domain/lead.ts';
import type { ConsentChannel, ConsentRecord, ConsentState } from '../../../src/domain/lead.ts';
import { previewMapping } from '../../../src/mapping/tools/preview.ts';
import {
  check,
  compiled,
  flow,
  lead,
  mail,
  noted,
  problemsOf,
  situation,
  webhook,
  written,
} from '../support.ts';

const ref = '- {to: ref, from: id}';
const consent = (...lines: readonly string[]): string =>
  `consent:\n${lines.map((line) => `  - ${line}\n`).join('')}`;

const answer = (channel: ConsentChannel, state: ConsentState, more: Partial<ConsentRecord> = {}) => ({
  ...{ purpose: 'marketing' as const, channel, state, recordedAt: new Date('2026-11-20T09:15:00Z') },
  ...{ legalEntity: 'DEMO SAS', wordingVersion: 'w3', source: 'form-7' },
  ...more,
});
const answered = (...consents: readonly ConsentRecord[]) => lead({ consents });

/** What each state of the e-mail consent becomes. */
function table(mapping: string): Record<ConsentState, unknown> {
  const made = compiled(mapping);
  const row = (state: ConsentState): unknown => {
    const text = written(made, answered(answer('email', state)));
    if (!text.startsWith('{')) return text;
    const { ref: _ref, ...rest } = JSON.parse(text) as Record<string, unknown>;
    return rest;
  };
  return {
    granted: row('granted'),
    refused: row('refused'),
    not_asked: row('not_asked'),
    withdrawn: row('withdrawn'),
  };
}

test('a text pair: RGPD_OPTIN, OUI or NON', () => {
  const line =
    '{to: RGPD_OPTIN, channel: email, values: {granted: OUI, refused: NON, not_asked: NON, withdrawn: NON}}';
  expect(table(webhook(ref, '', consent(line)))).toEqual({
    granted: { RGPD_OPTIN: 'OUI' },
    refused: { RGPD_OPTIN: 'NON' },
    not_asked: { RGPD_OPTIN: 'NON' },
    withdrawn: { RGPD_OPTIN: 'NON' },
  });
});

test('an inverted boolean: HasOptedOutOfEmail is false for a grant only, and the file says it knows', () => {
  const values = 'values: {granted: false, refused: true, not_asked: true, withdrawn: true}';
  const line = `{to: HasOptedOutOfEmail, channel: email, inverted: confirmed, ${values}}`;
  expect(table(webhook(ref, '', consent(line)))).toEqual({
    granted: { HasOptedOutOfEmail: false },
    refused: { HasOptedOutOfEmail: true },
    not_asked: { HasOptedOutOfEmail: true },
    withdrawn: { HasOptedOutOfEmail: true },
  });
  expect(problemsOf(webhook(ref, '', consent(line.replace(' inverted: confirmed,', '')))).join()).toContain(
    'MAP-304',
  );
});

test('a status of several words: each state its own', () => {
  const line =
    '{to: marketing_status, channel: email, values: {granted: subscribed, refused: unsubscribed, not_asked: no_consent, withdrawn: archived}}';
  expect(table(webhook(ref, '', consent(line)))).toEqual({
    granted: { marketing_status: 'subscribed' },
    refused: { marketing_status: 'unsubscribed' },
    not_asked: { marketing_status: 'no_consent' },
    withdrawn: { marketing_status: 'archived' },
  });
});

describe('membership in a list of channels', () => {
  const lines = (['email', 'phone'] as const).map(
    (channel) =>
      `{to: "campaigns[]", channel: ${channel}, values: {granted: ${channel}, refused: omit, not_asked: omit, withdrawn: omit}}`,
  );
  const mapping = webhook(ref, '', consent(...lines));
  const listOf = (email: ConsentState, phone: ConsentState): unknown =>
    (
      JSON.parse(written(compiled(mapping), answered(answer('email', email), answer('phone', phone)))) as {
        campaigns: unknown;
      }
    ).campaigns;

  test('a channel is in the list for a grant only, in every combination of states', () => {
    for (const email of consentStates) {
      for (const phone of consentStates) {
        const expected = [
          ...(email === 'granted' ? ['email'] : []),
          ...(phone === 'granted' ? ['phone'] : []),
        ];
        expect([email, phone, listOf(email, phone)]).toEqual([email, phone, expected]);
      }
    }
  });

  test('a refusal of all writes an empty list: a missing one would leave the old channels standing', () => {
    expect(listOf('withdrawn', 'refused')).toEqual([]);
  });

  test('the log and the truth table tell one row a channel', () => {
    const made = compiled(mapping);
    const someone = answered(answer('email', 'granted'), answer('phone', 'refused'));
    const result = made.apply(someone, situation());
    expect(result.ok && result.record.consents.map(({ channel, value }) => [channel, value])).toEqual([
      ['email', 'email'],
      ['phone', '(omitted)'],
    ]);
    const { consentTable } = previewMapping(made, someone, situation());
    expect(consentTable.map(({ channel, now }) => [channel, now])).toEqual([
      ['email', 'granted'],
      ['phone', 'refused'],
    ]);
  });
});

test('a nested object with wording and subscription, at its place in a list', () => {
  const fields = [
    '- {to: "legal.communications[0].subscriptionTypeId", value: 12}',
    '- {consent: rest}',
  ].join('\n');
  const lines = [
    '{to: "legal.communications[0].value", channel: email, values: {granted: true, refused: false, not_asked: false, withdrawn: false}}',
    '{to: "legal.communications[0].text", channel: email, proof: wording, map: {w3: "J’accepte de recevoir les offres.", else: error}}',
  ];
  const process =
    '{to: legal.consentToProcess, channel: email, values: {granted: true, refused: false, not_asked: false, withdrawn: false}}';
  const mapping = webhook(fields, '', consent(...lines, process));
  expect(JSON.parse(written(compiled(mapping), answered(answer('email', 'granted'))))).toEqual({
    legal: {
      communications: [{ subscriptionTypeId: 12, value: true, text: 'J’accepte de recevoir les offres.' }],
      consentToProcess: true,
    },
  });
  expect(
    compiled(mapping).apply(answered(answer('email', 'granted', { wordingVersion: 'w9' })), situation()),
  ).toMatchObject({
    why: 'invalid',
    problems: [{ field: 'legal.communications[0].text', code: 'NOT_IN_MAP' }],
  });
});

describe('a line of a free text', () => {
  const fields = [
    '- {to: description, line: "Nom : {value}", from: identity.lastName}',
    '- {to: description, line: "Message : {value}", from: comment}',
  ].join('\n');
  const line =
    '{to: description, line: "Accord e-mail : {value}", channel: email, values: {granted: OUI, refused: NON, not_asked: non demandé, withdrawn: RETIRÉ}}';
  const mapping = webhook(fields, '', consent(line));

  test('each state is a line among the others', () => {
    expect(table(mapping)).toEqual({
      granted: { description: 'Nom : Durand\nAccord e-mail : OUI' },
      refused: { description: 'Nom : Durand\nAccord e-mail : NON' },
      not_asked: { description: 'Nom : Durand\nAccord e-mail : non demandé' },
      withdrawn: { description: 'Nom : Durand\nAccord e-mail : RETIRÉ' },
    });
  });

  test('what a person wrote cannot forge a line', () => {
    const forged = noted('bonjour\r\nAccord e-mail : OUI\u2028Accord e-mail : OUI', {
      consents: [answer('email', 'refused')],
    });
    const { description } = JSON.parse(written(compiled(mapping), forged)) as { description: string };
    expect(description.split(/[\r\n\u2028]/)).toEqual([
      'Nom : Durand',
      'Message : bonjour Accord e-mail : OUI Accord e-mail : OUI',
      'Accord e-mail : NON',
    ]);
  });

  test('polarity and channel are read from the line, as they would be from a field', () => {
    const wrong = line.replace('Accord e-mail', 'Refus de prospection par téléphone');
    const problems = problemsOf(webhook(fields, '', consent(wrong))).join('\n');
    expect(problems).toContain('MAP-304');
    expect(problems).toContain('MAP-307');
  });

  test('it stands in a CSV cell, a form, an XML element and a mail alike', () => {
    const csv = compiled(flow('csv: {lineBreak: "<BR>"}', fields, consent(line)));
    expect(written(csv)).toBe('description\r\nNom : Durand<BR>Accord e-mail : OUI\r\n');
    expect(
      new URLSearchParams(written(compiled(webhook(fields, 'form: {}', consent(line))))).get('description'),
    ).toBe('Nom : Durand\nAccord e-mail : OUI');
    const xml = compiled(
      webhook(
        fields.replaceAll('to: description', 'to: lead.description'),
        'xml: {record: lead}',
        consent(line.replace('to: description', 'to: lead.description')),
      ),
    );
    expect(written(xml)).toContain('<description>Nom : Durand\nAccord e-mail : OUI</description>');
    const sheet = compiled(mail('', fields, consent(line))).apply(lead(), situation());
    expect(sheet.ok && sheet.record.sheet?.at(-1)?.lines).toEqual([
      { label: 'description (Accord e-mail)', value: 'OUI', emphasis: true },
    ]);
  });
});

test('a tag: present for a grant only, another for a withdrawal', () => {
  const fields = '- {to: ref, from: id}\n- {to: "tags[]", value: centre}';
  const line =
    '{to: "tags[]", channel: email, values: {granted: optin-mail, refused: omit, not_asked: omit, withdrawn: optout-mail}}';
  expect(table(webhook(fields, '', consent(line)))).toEqual({
    granted: { tags: ['centre', 'optin-mail'] },
    refused: { tags: ['centre'] },
    not_asked: { tags: ['centre'] },
    withdrawn: { tags: ['centre', 'optout-mail'] },
  });
});

describe('a list of answers, each with its proof', () => {
  const each =
    '{to: optins, each: consents, channels: [email, phone], fields: [' +
    '{to: canal, from: channel, map: {email: MAIL, phone: TEL, sms: SMS, post: COURRIER, else: error}},' +
    '{to: accord, values: {granted: true, refused: false, not_asked: null, withdrawn: false}},' +
    '{to: le, proof: date, as: {date: dd/MM/yyyy}}, {to: texte, proof: wording}, {to: base, value: consentement}]}';
  const mapping = webhook(ref, '', consent(each));

  test('one record for each channel named, in order, every state written', () => {
    const rest = { le: '20/11/2026', texte: 'w3', base: 'consentement' };
    const accord = { granted: true, refused: false, not_asked: null, withdrawn: false };
    for (const email of consentStates) {
      const someone = answered(answer('email', email), answer('phone', 'granted'), answer('sms', 'granted'));
      expect(JSON.parse(written(compiled(mapping), someone))).toEqual({
        ref: 'DM-1',
        optins: [
          { canal: 'MAIL', accord: accord[email], ...rest },
          { canal: 'TEL', accord: true, ...rest },
        ],
      });
    }
  });

  test('a channel without a recorded answer withholds the lead', () => {
    expect(compiled(mapping).apply(answered(answer('email', 'granted')), situation())).toEqual({
      ...{ ok: false, why: 'opt_in_missing' },
      missing: [{ purpose: 'marketing', channel: 'phone' }],
    });
  });

  test('the log and the truth table have a row for each channel', () => {
    const made = compiled(mapping);
    expect(made.consentTable.map(({ field, channel, values }) => [field, channel, values.withdrawn])).toEqual(
      [
        ['optins.accord', 'email', 'false'],
        ['optins.accord', 'phone', 'false'],
      ],
    );
    const result = made.apply(answered(answer('email', 'refused'), answer('phone', 'granted')), situation());
    expect(result.ok && result.record.consents.map((sent) => [sent.channel, sent.state, sent.value])).toEqual(
      [
        ['email', 'refused', 'false'],
        ['phone', 'granted', 'true'],
      ],
    );
    expect(result.ok && result.record.freshUntil).toEqual(new Date('2027-11-20T09:00:00Z'));
  });

  test('hold works inside; a lapsed phone grant is no grant', () => {
    const held = compiled(webhook(ref, '', consent(each.replace('not_asked: null', 'not_asked: hold'))));
    const asked = answered(answer('email', 'not_asked'), answer('phone', 'granted'));
    expect(held.apply(asked, situation())).toEqual({ ok: false, why: 'opt_in_held', field: 'optins.accord' });
    const late = written(
      compiled(mapping),
      answered(answer('email', 'granted'), answer('phone', 'granted')),
      situation({ now: new Date('2027-11-20T09:15:00Z') }),
    );
    expect(
      (JSON.parse(late) as { optins: { accord: boolean }[] }).optins.map((entry) => entry.accord),
    ).toEqual([true, false]);
  });

  test('XML repeats the element', () => {
    const xml = webhook(
      '- {to: lead.ref, from: id}',
      'xml: {record: lead}',
      consent(
        '{to: lead.optins.optin, each: consents, channels: [email], fields: [{to: "@canal", from: channel}, {to: "#text", values: {granted: 1, refused: 0, not_asked: 0, withdrawn: 0}}]}',
      ),
    );
    expect(written(compiled(xml), answered(answer('email', 'granted')))).toContain(
      '<optins>\n    <optin canal="email">1</optin>\n  </optins>',
    );
  });

  test('outside the consent block the answers cannot be listed', () => {
    expect(
      problemsOf(webhook('- {to: optins, each: consents, fields: [{to: a, from: state}]}')).join(),
    ).toContain('MAP-220');
  });
});

test('what a person wrote may not stand where it could read as an opt-in', () => {
  const tag =
    '{to: "tags[]", channel: email, values: {granted: optin, refused: omit, not_asked: omit, withdrawn: omit}}';
  const line =
    '{to: texte, line: "Accord : {value}", channel: email, values: {granted: O, refused: N, not_asked: N, withdrawn: N}}';
  const codes = (field: string, opt: string): string => problemsOf(webhook(field, '', consent(opt))).join();
  expect(codes('- {to: "tags[]", from: comment}', tag)).toContain('MAP-224');
  expect(codes('- {to: "tags[]", template: "{{comment}}"}', tag)).toContain('MAP-224');
  expect(codes('- {to: texte, line: "{value}", from: comment}', line)).toContain('MAP-224');
  expect(codes('- {to: "tags[]", from: origin.media, map: {seloger: SL, else: omit}}', tag)).toBe('');
  expect(codes('- {to: "tags[]", from: project.housingType}', tag)).toBe('');
  expect(codes('- {to: texte, line: "Message : {value}", from: comment}', line)).toBe('');
});

test('proofs go to fields of their own, only in the states asked for', () => {
  const lines = [
    '{to: optin, channel: email, values: {granted: O, refused: N, not_asked: N, withdrawn: N}}',
    '{to: dateAccord, channel: email, proof: date, states: [granted], as: {date: yyyy-MM-dd}, empty: null}',
    '{to: dateRefus, channel: email, proof: date, states: [refused, withdrawn], as: {date: yyyy-MM-dd}}',
    '{to: source, channel: email, proof: source, map: {form-7: SITE, else: AUTRE}}',
    '{to: jusqu, channel: email, proof: until, empty: ""}',
  ];
  expect(table(webhook(ref, '', consent(...lines)))).toEqual({
    granted: { optin: 'O', dateAccord: '2026-11-20', source: 'SITE', jusqu: '' },
    refused: { optin: 'N', dateAccord: null, dateRefus: '2026-11-20', source: 'SITE', jusqu: '' },
    not_asked: { optin: 'N', dateAccord: null, source: 'SITE', jusqu: '' },
    withdrawn: { optin: 'N', dateAccord: null, dateRefus: '2026-11-20', source: 'SITE', jusqu: '' },
  });
});

test.each(consentStates.filter((state) => state !== 'granted'))(
  'hold is possible for %s, in every shape: the lead waits, nothing is written',
  (state) => {
    const values = { granted: 'O', refused: 'N', not_asked: 'N', withdrawn: 'N', [state]: 'hold' };
    for (const shape of ['to: X', 'to: "x[]"', 'to: x, line: "Y : {value}"']) {
      const mapping = compiled(
        webhook(ref, '', consent(`{${shape}, channel: email, values: ${JSON.stringify(values)}}`)),
      );
      expect(mapping.apply(answered(answer('email', state)), situation())).toMatchObject({
        why: 'opt_in_held',
      });
    }
  },
);

test('no shape may write another state like granted', () => {
  for (const shape of [
    '{to: X, channel: email, values: {granted: OUI, refused: oui, not_asked: N, withdrawn: N}}',
    '{to: "x[]", channel: email, values: {granted: mail, refused: omit, not_asked: mail, withdrawn: omit}}',
    '{to: x, line: "Y : {value}", channel: email, values: {granted: "1", refused: "0", not_asked: "0", withdrawn: 1}}',
    '{to: l, each: consents, channels: [email], fields: [{to: a, values: {granted: 1, refused: true, not_asked: 0, withdrawn: 1}}]}',
    '{to: X, channel: email, values: {granted: omit, refused: omit, not_asked: N, withdrawn: N}}',
  ]) {
    const result = check(webhook(ref, '', consent(shape)));
    expect(result.ok ? [] : result.problems.map((problem) => problem.code)).toContain('MAP-303');
  }
});
