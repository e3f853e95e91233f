// What other systems get wrong, each row of the language's table of pains: here it cannot be published, or cannot happen.
import { consentStates } from '../../src/domain/lead.ts';
import type { ConsentState } from '../../src/domain/lead.ts';
import { previewMapping } from '../../src/mapping/tools/preview.ts';
import { diffMappings } from '../../src/mapping/tools/diff.ts';
import {
  at,
  check,
  compiled,
  demoClient,
  faults,
  flow,
  json,
  lead,
  mobile,
  problemsOf,
  situation,
  webhook,
  written,
} from './support.ts';

const name = '- {to: nom, from: identity.lastName}';
const refused = (mapping: string): string => {
  const result = check(mapping);
  return result.ok ? '' : result.problems.map((problem) => problem.code).join(' ');
};
const optIn = (values: string, more = ''): string =>
  webhook(name, '', `consent: [{to: OPTIN, channel: email, ${more}values: {${values}}}]\n`);
const answered = (state: ConsentState) =>
  lead({
    consents: [
      { purpose: 'marketing', channel: 'email', state, recordedAt: new Date('2026-11-20T09:15:00Z') },
    ],
  });
const answer = (status: number, text: string, mediaType = 'application/json') => ({
  ...{ status, headers: {}, mediaType, text, truncated: false },
});

describe('consent inverted or defaulted (`false` → `\'false\'` → `true`; missing consent becomes "NON"; `else: false` dropped)', () => {
  test('false stays false: it is written as the file says, type and all', () => {
    const typed = compiled(optIn('granted: true, refused: false, not_asked: false, withdrawn: "false"'));
    const of = (state: ConsentState): unknown =>
      (JSON.parse(written(typed, answered(state))) as { OPTIN: unknown }).OPTIN;
    expect(consentStates.map(of)).toEqual([true, false, false, 'false']);
  });

  test('a missing consent is never "NON": the lead is withheld until an answer is recorded', () => {
    const mapping = compiled(optIn('granted: OUI, refused: NON, not_asked: NON, withdrawn: NON'));
    expect(mapping.apply(lead({ consents: [] }), situation())).toMatchObject({ why: 'opt_in_missing' });
  });

  test('a state left out, a state like granted, an inverted pair, an opt-out without a word: none is published', () => {
    expect(refused(optIn('granted: OUI, refused: NON, not_asked: NON'))).toContain('MAP-302');
    expect(refused(optIn('granted: OUI, refused: NON, not_asked: OUI, withdrawn: NON'))).toContain('MAP-303');
    expect(refused(optIn('granted: NON, refused: OUI, not_asked: OUI, withdrawn: OUI'))).toContain('MAP-305');
    const optOut = optIn('granted: false, refused: true, not_asked: true, withdrawn: true');
    expect(refused(optOut.replace('OPTIN', 'DoNotCall'))).toContain('MAP-304');
  });

  test('the opt-in can come from nowhere else: not from a field, a constant or a default', () => {
    expect(refused(webhook('- {to: rgpd_optin, value: OUI}'))).toContain('MAP-220');
    expect(refused(webhook('- {to: newsletter, from: channel}'))).toContain('MAP-220');
    expect(refused(webhook(name).replace(/^consent:\n.*\n/m, ''))).toContain('MAP-301');
  });

  test('the preview shows the truth table: every state and what it writes', () => {
    const mapping = compiled(optIn('granted: OUI, refused: NON, not_asked: hold, withdrawn: omit'));
    expect(previewMapping(mapping, answered('refused'), situation()).consentTable).toEqual([
      {
        ...{ field: 'OPTIN', purpose: 'marketing', channel: 'email', label: 'prospection par e-mail' },
        values: { granted: 'OUI', refused: 'NON', not_asked: '(held)', withdrawn: '(omitted)' },
        now: 'refused',
      },
    ]);
  });
});

describe('a typo gives "" or a missing key, silently', () => {
  test.each([
    ['- {to: b, from: project.bugdet}', 'MAP-201', 'Did you mean "project.budgetMax"?'],
    ['- {to: b, template: "{{project.bugdetMax}}"}', 'MAP-201', 'Did you mean "project.budgetMax"?'],
    ['- {to: b, form: project.budgetMax}', 'MAP-101', 'Did you mean "from"?'],
    ['- {to: b, from: channel, as: uper}', 'MAP-202', 'Did you mean "upper"?'],
    ['- {to: b, value: 1, when: {presnt: comment}}', 'MAP-212', 'Did you mean "present"?'],
    ['- {to: b, value: 1, when: {equals: {channel: webform}}}', 'MAP-213', 'Did you mean "web_form"?'],
    ['- {to: a, value: 1}\n- {to: a, value: 2}', 'MAP-208', 'written twice'],
  ])('%s', (fields, code, words) => {
    const problems = problemsOf(webhook(fields)).join('\n');
    expect(problems).toMatch(/^mappings\/demo\/crm\.yaml:\d+:\d+ /);
    expect(problems).toContain(code);
    expect(problems).toContain(words);
  });
});

describe('401, 404, 429 or a 200 maintenance page counted as delivered', () => {
  const mapping = compiled(webhook(name));
  test.each([
    [401, '{}', 'application/json', 'unauthorized'],
    [404, '{}', 'application/json', 'unknown'],
    [429, '', 'text/plain', 'throttled'],
    [500, '', 'text/plain', 'unavailable'],
    [200, '<html>Maintenance</html>', 'text/html', 'unknown'],
    [200, '{"ok":true}', 'application/json', 'unknown'],
    [201, '{"ok":"true"}', 'application/json', 'unknown'],
    [201, '', 'application/json', 'unknown'],
    [201, '{"ok":true,"id":1}', 'application/json', 'accepted'],
  ])('%s %s is read as it is', (status, text, mediaType, kind) => {
    expect(mapping.classify(answer(status, text, mediaType), 'create').kind).toBe(kind);
  });

  test('what a page does not hold proves nothing: absent errors are looked for in JSON only', () => {
    const rule = '{accepted: {status: 200, json: {error: {exists: false}}}}';
    const silent = compiled(webhook(name).replace(/^response: .*$/m, `response: [${rule}]`));
    const kind = (text: string, mediaType: string): string =>
      silent.classify(answer(200, text, mediaType), 'create').kind;
    expect(kind('<html>Maintenance</html>', 'text/html')).toBe('unknown');
    expect(kind('', 'application/json')).toBe('unknown');
    expect(kind('{"error":"E1"}', 'application/json')).toBe('unknown');
    expect(kind('{"id":1}', 'application/json')).toBe('accepted');
  });

  test('a rule that would take anything for a success is not published', () => {
    const rule = (text: string): string => webhook(name).replace(/^response: .*$/m, `response: [${text}]`);
    expect(refused(rule('{accepted: {}}'))).toContain('MAP-502');
    expect(refused(rule('{accepted: {status: 404}}'))).toContain('MAP-502');
    expect(refused(rule('{refused: {status: 422}}'))).toContain('MAP-501');
  });
});

describe('no value maps, or no rule for a value outside the map', () => {
  const mapped = (rest: string): string =>
    `- {to: o, from: origin.media, map: {leboncoin: LBC, else: ${rest}}}`;
  test('a map without else is not published', () => {
    expect(refused(webhook('- {to: o, from: origin.media, map: {seloger: SLN}}'))).toContain('MAP-205');
  });
  test('each else does what it says', () => {
    expect(faults(mapped('error'))).toEqual([{ field: 'o', code: 'NOT_IN_MAP' }]);
    expect(json(mapped('omit'))).toEqual({});
    expect(json(mapped('pass'))).toEqual({ o: 'seloger' });
    expect(json(mapped('AUTRE'))).toEqual({ o: 'AUTRE' });
    expect(json(mapped('{value: error}'))).toEqual({ o: 'error' });
  });
  test('a map has a name and is shared by several fields, files and clients, the nearest winning', () => {
    const two = '- {to: a, from: origin.media, map: origine}\n- {to: b, from: origin.type, map: origine}';
    const someone = lead({ origin: { media: 'seloger', type: 'inconnu' } });
    const shared = (more: Readonly<Record<string, string>>, own = ''): unknown => {
      const { OPTIN: _optIn, ...rest } = JSON.parse(
        written(compiled(webhook(two, own), more), someone),
      ) as object & {
        OPTIN: string;
      };
      return rest;
    };
    const house = { 'maps/origine.yaml': 'seloger: MAISON\nelse: AUTRE\n' };
    const client = { ...house, 'demo/maps/origine.yaml': 'seloger: CLIENT\nelse: AUTRE\n' };
    expect(shared(house)).toEqual({ a: 'MAISON', b: 'AUTRE' });
    expect(shared(client)).toEqual({ a: 'CLIENT', b: 'AUTRE' });
    expect(shared(client, 'maps: {origine: {seloger: FICHIER, else: omit}}')).toEqual({ a: 'FICHIER' });
    expect(problemsOf(webhook(two), { 'maps/origine.yaml': 'seloger: MAISON\n' })).toEqual([
      'mappings/maps/origine.yaml:1:1  MAP-205  the map has no else: write else: error, omit, pass or a value.',
    ]);
  });
  test('a value of our closed list without an entry is told', () => {
    expect(problemsOf(webhook('- {to: c, from: channel, map: {web_form: WEB, else: X}}')).join()).toContain(
      'MAP-207',
    );
  });
});

describe('null, empty and absent confused; a CRM field wiped', () => {
  const empties = (policy: string): unknown => json(`- {to: mail, from: identity.email, empty: ${policy}}`);
  test('each field says what an absent value becomes', () => {
    expect([empties('omit'), empties('null'), empties('""'), empties('keep')]).toEqual([
      {},
      { mail: null },
      { mail: '' },
      {},
    ]);
  });
  test('the file has a default, a field its own', () => {
    const fields = '- {to: a, from: identity.email}\n- {to: b, from: identity.email, empty: omit}';
    expect(json(fields, lead(), 'empty: null')).toEqual({ a: null });
  });
  test('an empty text of the lead is absent, never a wiping ""', () => {
    expect(json('- {to: a, from: comment}', lead({ project: { comment: '  ' } }))).toEqual({});
  });
  test('a flat file cannot keep or hold a null: the file that says so is not published', () => {
    expect(refused(flow('csv: {}', '- {to: a, from: comment, empty: keep}'))).toContain('MAP-222');
    expect(refused(webhook('- {to: a, from: comment, empty: null}', 'form: {}'))).toContain('MAP-222');
  });
});

describe('US phones, dates and decimals', () => {
  test.each([
    ['national', '0639980001'],
    ['spaced', '06 39 98 00 01'],
    ['dotted', '06.39.98.00.01'],
    ['"0033"', '0033639980001'],
    ['"33"', '33639980001'],
    ['e164', '+33639980001'],
  ])('phone %s', (style, expected) => {
    expect(json(`- {to: t, from: identity.mobile, as: {phone: ${style}}}`, mobile('+33639980001'))).toEqual({
      t: expected,
    });
  });
  test('a date is a day of Paris, summer and winter', () => {
    const as = 'as: {date: dd/MM/yyyy HH:mm}';
    const at = (iso: string): unknown =>
      json(`- {to: d, from: collectedAt, ${as}}`, lead({ collectedAt: new Date(iso) }));
    expect(at('2026-07-14T22:30:00Z')).toEqual({ d: '15/07/2026 00:30' });
    expect(at('2026-12-31T23:30:00Z')).toEqual({ d: '01/01/2027 00:30' });
  });
  test('a decimal has a comma and groups of three', () => {
    expect(json('- {to: b, from: project.budgetMax, as: {number: {decimal: ",", group: " "}}}')).toEqual({
      b: '285 000,5',
    });
  });
  test('a zero in front of a phone is never lost, with or without quotes in the file', () => {
    expect(problemsOf(webhook('- {to: code, value: 0612}')).join()).toContain('MAP-004');
    expect(
      written(
        compiled(flow('csv: {header: false}', '- {to: t, from: identity.mobile, as: {phone: national}}')),
      ),
    ).toBe('0639980001;O\r\n');
  });
});

describe('XML attributes, namespaces, CDATA, order lost', () => {
  test('the list of fields is the order; attributes, prefixes and CDATA stand where they are written', () => {
    const fields = [
      '- {to: lead.z, value: "1"}',
      '- {to: lead.p:a@b, value: c}',
      '- {to: lead.p:a, value: d}',
      '- {to: lead.n#cdata, value: "<x>"}',
    ].join('\n');
    const consent =
      'consent: [{to: lead@optin, channel: email, values: {granted: "1", refused: "0", not_asked: "0", withdrawn: "0"}}]\n';
    const text = written(
      compiled(
        webhook(
          fields,
          'xml: {record: lead, xmlns: {p: "urn:p"}, indent: false, declaration: false}',
          consent,
        ),
      ),
    );
    expect(text).toBe(
      '<lead xmlns:p="urn:p" optin="1"><z>1</z><p:a b="c">d</p:a><n><![CDATA[<x>]]></n></lead>',
    );
  });
});

test('XML: text and attribute of a repeated element stand together', () => {
  const tels =
    '- {to: lead.tel, each: identity.phones, fields: [{to: "@type", from: type}, {to: "#text", from: number, as: {phone: dotted}}]}';
  const consent =
    'consent: [{to: lead@optin, channel: email, values: {granted: "1", refused: "0", not_asked: "0", withdrawn: "0"}}]\n';
  const mapping = compiled(webhook(tels, 'xml: {record: lead, indent: false, declaration: false}', consent));
  expect(written(mapping, mobile('+33639980001'))).toBe(
    '<lead optin="1"><tel type="mobile">06.39.98.00.01</tel></lead>',
  );
});

describe('"the only way to test a mapping is in production"', () => {
  test('two versions are compared over recent leads: only what changes is shown', () => {
    const after = `${name}\n- {to: canal, from: channel}`;
    const found = diffMappings(compiled(webhook(name)), compiled(webhook(after)), [lead()], 'create', at);
    expect(found.targets.map(({ target, changes }) => [target, changes.length])).toEqual([['canal', 1]]);
  });
  const tested = (test: string): string => problemsOf(webhook(name, `tests: [${test}]`)).join('\n');
  test('a test in the file runs with every check, and one that fails keeps it from being published', () => {
    expect(tested('{lead: samples/durand, expect: {nom: Durand, OPTIN: O}}')).toBe('');
    expect(tested('{lead: samples/durand, expect: {nom: Martin}}')).toContain('MAP-801');
    expect(
      tested('{response: {status: 201, body: {ok: true, id: 7}}, outcome: accepted, reference: "7"}'),
    ).toBe('');
    expect(tested('{response: {status: 200, body: "<html>"}, outcome: accepted}')).toContain('MAP-803');
  });
  test('a preview shows the bytes that would leave, and sends nothing', () => {
    const mapping = compiled(webhook(name));
    const { result } = previewMapping(mapping, lead(), situation());
    const applied = mapping.apply(lead(), situation());
    const bytes = applied.ok ? mapping.write([applied.record], 'create').bytes : undefined;
    expect(result.ok && Buffer.from(result.body.bytes)).toEqual(
      bytes === undefined ? undefined : Buffer.from(bytes),
    );
    expect(demoClient).toContain('crm.demo.example');
  });
});
