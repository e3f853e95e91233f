// How values are written: phones, dates, numbers, texts, maps.
import fc from 'fast-check';
import { compileDatePattern, isoIn } from '../../../src/mapping/fields/time.ts';
import { faults, json, lead, mobile } from '../support.ts';

describe('phones', () => {
  test.each([
    ['e164', '+33639980001'],
    ['national', '0639980001'],
    ['spaced', '06 39 98 00 01'],
    ['dotted', '06.39.98.00.01'],
    ['"0033"', '0033639980001'],
    ['"33"', '33639980001'],
  ])('%s', (style, expected) => {
    expect(json(`- {to: t, from: identity.mobile, as: {phone: ${style}}}`)).toEqual({ t: expected });
  });

  test('an overseas number has the national form, a foreign one 00 and its country', () => {
    const line = '- {to: t, from: identity.mobile, as: {phone: national}}';
    expect(json(line, mobile('+262692123456'))).toEqual({ t: '0692123456' });
    expect(json(line, mobile('+32470123456'))).toEqual({ t: '0032470123456' });
    expect(json('- {to: t, from: identity.mobile, as: {phone: spaced}}', mobile('+32470123456'))).toEqual({
      t: '0032 470 12 34 56',
    });
  });

  test('identity.phone is the mobile, else the landline; identity.phones are all of them', () => {
    const both = lead({ identity: { mobile: '+33639980001', landline: '+33199000001' } });
    const lines =
      '- {to: a, from: identity.phone}\n- {to: b, from: identity.phones.number, as: [{phone: national}, {join: " / "}]}\n- {to: c, from: identity.phones.number}';
    expect(json(lines, both)).toEqual({
      a: '+33639980001',
      b: '0639980001 / 0199000001',
      c: ['+33639980001', '+33199000001'],
    });
    expect(json(lines, lead({ identity: { landline: '+33199000001' } }))).toMatchObject({
      a: '+33199000001',
    });
  });
});

describe('dates', () => {
  test('are written in Paris, summer and winter, unless another zone is named', () => {
    const summer = lead({ collectedAt: new Date('2026-07-01T22:30:05Z') });
    const lines = [
      '- {to: a, from: collectedAt}',
      '- {to: b, from: collectedAt, as: iso}',
      '- {to: c, from: collectedAt, as: {iso: UTC}}',
      '- {to: d, from: collectedAt, as: {date: dd/MM/yyyy HH:mm}}',
      '- {to: e, from: collectedAt, as: {date: {pattern: "yyMMdd\'T\'HHmmss", zone: America/New_York}}}',
    ].join('\n');
    expect(json(lines, summer)).toEqual({
      a: '2026-07-02T00:30:05+02:00',
      b: '2026-07-02T00:30:05+02:00',
      c: '2026-07-01T22:30:05Z',
      d: '02/07/2026 00:30',
      e: '260701T183005',
    });
    expect(json('- {to: a, from: collectedAt}')).toEqual({ a: '2026-11-20T10:15:00+01:00' });
  });

  test('agree with the platform at any instant and in any zone', () => {
    const zone = fc.constantFrom('Europe/Paris', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Apia', 'UTC');
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1990-01-01'), max: new Date('2060-01-01'), noInvalidDate: true }),
        zone,
        (instant, where) => {
          const write = compileDatePattern('dd/MM/yyyy HH:mm:ss', where);
          if (typeof write !== 'function') throw new Error(write[1]);
          const expected = new Intl.DateTimeFormat('en-GB', {
            ...{ timeZone: where, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit' },
            ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
          }).format(instant);
          expect(write(instant)).toBe(expected.replace(', ', ' '));
          expect(Date.parse(isoIn(instant, where))).toBe(Math.floor(instant.getTime() / 1000) * 1000);
        },
      ),
    );
  });

  test('a date that is none is absent', () => {
    expect(json('- {to: a, from: collectedAt}', lead({ collectedAt: new Date(Number.NaN) }))).toEqual({});
  });

  test('the hour that comes twice in October keeps its offset', () => {
    const first = lead({ collectedAt: new Date('2026-10-25T00:30:00Z') });
    const second = lead({ collectedAt: new Date('2026-10-25T01:30:00Z') });
    expect(json('- {to: a, from: collectedAt}', first)).toEqual({ a: '2026-10-25T02:30:00+02:00' });
    expect(json('- {to: a, from: collectedAt}', second)).toEqual({ a: '2026-10-25T02:30:00+01:00' });
  });
});

test('numbers keep their type without a formatter and take the separators asked for', () => {
  const lines = [
    '- {to: a, from: project.budgetMax}',
    '- {to: b, from: project.budgetMax, as: {number: {decimal: ",", group: " ", decimals: 2}}}',
    '- {to: c, from: project.budgetMax, as: integer}',
    '- {to: d, from: project.budgetMax, as: text}',
    '- {to: e, value: "0"}',
    '- {to: f, value: 0}',
  ].join('\n');
  expect(json(lines)).toEqual({ a: 285000.5, b: '285 000,50', c: 285001, d: '285000.5', e: '0', f: 0 });
});

test('texts: upper, lower, title, ascii, trim, split', () => {
  const someone = lead({ identity: { firstName: '  jean-éloi   D’ŒUVRE ' } });
  const lines = ['upper', 'lower', 'title', 'ascii', 'trim', '[trim, title, ascii]', '[trim, {split: "-"}]']
    .map((as, index) => `- {to: a${index}, from: identity.firstName, as: ${as}}`)
    .join('\n');
  expect(json(lines, someone)).toEqual({
    a0: '  JEAN-ÉLOI   D’ŒUVRE ',
    a1: '  jean-éloi   d’œuvre ',
    a2: '  Jean-Éloi   D’Œuvre ',
    a3: "  jean-eloi   D'OEUVRE ",
    a4: 'jean-éloi D’ŒUVRE',
    a5: "Jean-Eloi D'Oeuvre",
    a6: ['jean', 'éloi D’ŒUVRE'],
  });
});

test.each([
  ['ligature', 'oﬃce ﬁn', 'office fin'],
  ['capital sharp s', 'GROẞ', 'GROSS'],
  ['Dutch ij', 'aĲ', 'aIJ'],
  ['hyphens', 'a‐b‑c', 'a-b-c'],
  ['invisible signs', 'a\u200Bb\uFEFFc\u00ADd', 'abcd'],
  ['square metres and a fraction', '45 m² ½', '45 m2 1/2'],
  ['a thin space', 'a\u2009b', 'a b'],
  ['an accent alone stays', '´', '´'],
])('ascii: %s', (_name, written, plain) => {
  const someone = lead({ project: { comment: written } });
  expect(json('- {to: a, from: comment, as: ascii}', someone)).toEqual({ a: plain });
});

test('booleans are written as the pair asked for', () => {
  const interactions = [{ kind: 'web_form' as const, at: new Date('2026-11-20T09:15:00Z'), voluntary: true }];
  const line =
    '- {to: e, each: interactions, fields: [{to: v, from: voluntary, as: {boolean: ["OUI", "NON"]}}, {to: w, from: voluntary}]}';
  expect(json(line, lead({ interactions }))).toEqual({ e: [{ v: 'OUI', w: true }] });
});

describe('maps', () => {
  const line = (other: string): string =>
    `- {to: o, from: origin.media, map: {leboncoin: LBC, else: ${other}}}`;
  test('else: omit, pass, a value, error', () => {
    expect(json(line('omit'))).toEqual({});
    expect(json(line('pass'))).toEqual({ o: 'seloger' });
    expect(json(line('AUTRE'))).toEqual({ o: 'AUTRE' });
    expect(json(line('{value: omit}'))).toEqual({ o: 'omit' });
    expect(faults(line('error'))).toEqual([{ field: 'o', code: 'NOT_IN_MAP' }]);
  });
  test('a value keeps the type it has in the map', () => {
    expect(json('- {to: o, from: origin.media, map: {seloger: 7, else: omit}}')).toEqual({ o: 7 });
  });
  test('C13: an absent value has no entry, so nothing is written', () => {
    expect(json(line('AUTRE'), lead({ origin: {} }))).toEqual({});
  });
});
