// The dialects recipients really ask for, byte for byte: CSV, XML, forms that hold JSON or XML, lists and their places.
import fc from 'fast-check';
import iconv from 'iconv-lite';
import {
  batch,
  bytesOf,
  check,
  compiled,
  flow,
  json,
  lead,
  noted,
  optIn,
  problemsOf,
  situation,
  webhook,
  written,
} from '../support.ts';

const text = (mapping: string, ...leads: Parameters<typeof bytesOf>[1][number][]): string =>
  Buffer.from(bytesOf(mapping, leads.length === 0 ? [lead()] : leads)).toString();

describe('CSV', () => {
  test('the portals’ dialect: !#, everything quoted, a quote inside an apostrophe, <BR> for a break, OUI and NON', () => {
    const csv =
      'csv: {delimiter: "!#", quote: all, quoteInside: apostrophe, lineBreak: "<BR>", header: false, encoding: windows-1252, trueFalse: [OUI, NON]}';
    const consent =
      'consent: [{to: ACCORD, channel: email, values: {granted: true, refused: false, not_asked: false, withdrawn: false}}]\n';
    const fields = '- {to: NOTE, from: comment}\n- {to: PRIX, from: project.budgetMax}';
    const someone = lead({ project: { comment: 'dit "oui"\nà 5 €', budgetMax: 1.5 } });
    expect(iconv.decode(Buffer.from(bytesOf(flow(csv, fields, consent), [someone])), 'windows-1252')).toBe(
      `"dit 'oui'<BR>à 5 €"!#"1.5"!#"OUI"\r\n`,
    );
  });

  test('a backslash before a quote, where the recipient asks for it', () => {
    expect(
      text(flow('csv: {quoteInside: backslash, header: false}', '- {to: N, from: comment}'), noted('a"b;c')),
    ).toBe('"a\\"b;c";O\r\n');
  });

  test('without quotes a value that would need them is invalid, never cut in two', () => {
    const mapping = compiled(flow('csv: {quote: none, header: false}', '- {to: N, from: comment}'));
    expect(written(mapping, noted("l'été à Lyon"))).toBe("l'été à Lyon;O\r\n");
    for (const comment of ['a;b', 'a\nb', 'a"b']) {
      expect(mapping.apply(noted(comment), situation())).toEqual({
        ...{ ok: false, why: 'invalid' },
        problems: [{ field: 'N', code: 'UNQUOTABLE' }],
      });
    }
  });

  test('unmappable: replace writes ? and lets the lead through', () => {
    const csv = 'csv: {encoding: iso-8859-1, unmappable: replace, header: false}';
    const bytes = bytesOf(flow(csv, '- {to: N, from: comment}'), [noted('Пётр é')]);
    expect(iconv.decode(Buffer.from(bytes), 'iso-8859-1')).toBe('???? é;O\r\n'.replace('????', '????'));
  });

  test('a state whose value the file cannot hold is refused when the mapping is checked', () => {
    const consent = optIn.replace('granted: O', 'granted: "да"');
    expect(
      problemsOf(flow('csv: {encoding: windows-1252}', '- {to: N, from: comment}', consent)).join(),
    ).toContain('MAP-308');
  });
});

describe('XML', () => {
  const consent =
    'consent: [{to: prospect.optin, channel: email, values: {granted: "1", refused: "0", not_asked: omit, withdrawn: "0"}}]\n';

  test('the ADF form: an instruction before the root, attributes of the root, fixed attributes tell neighbours apart', () => {
    const fields = [
      '- {to: prospect@status, value: new}',
      '- {to: prospect.id@sequence, value: "1"}',
      '- {to: prospect.id, from: id}',
      '- {to: prospect.customer.contact.name@part=first, from: identity.firstName, as: title}',
      '- {to: prospect.customer.contact.name@part=last, from: identity.lastName}',
      '- {to: prospect.customer.contact.phone@type=voice, from: identity.mobile, as: {phone: national}}',
      '- {to: prospect.customer.comments#cdata, from: comment}',
    ].join('\n');
    const xml = `xml: {root: adf, record: prospect, declaration: false, instructions: ['adf version="1.0"'], rootAttributes: {version: "1.0"}}`;
    expect(
      written(compiled(webhook(fields, xml, consent)), noted('< 300 k€', { identity: lead().identity })),
    ).toBe(
      [
        '<?adf version="1.0"?>',
        '<adf version="1.0">',
        '  <prospect status="new">',
        '    <id sequence="1">DM-1</id>',
        '    <customer>',
        '      <contact>',
        '        <name part="first">Élise</name>',
        '        <name part="last">Durand</name>',
        '        <phone type="voice">0639980001</phone>',
        '      </contact>',
        '      <comments><![CDATA[< 300 k€]]></comments>',
        '    </customer>',
        '    <optin>1</optin>',
        '  </prospect>',
        '</adf>',
        '',
      ].join('\n'),
    );
  });

  test('the root counts the file’s rows and carries its sequence; without indent it is one line', () => {
    const xml =
      'xml: {root: leads, record: prospect, indent: false, declaration: false, rootAttributes: {nb: "{rows}", lot: "L{sequence}"}}';
    expect(
      text(flow(xml, '- {to: prospect.ref, from: id}', consent), lead(), lead({ reference: 'DM-2' })),
    ).toBe(
      '<leads nb="2" lot="L7"><prospect><ref>DM-1</ref><optin>1</optin></prospect>' +
        '<prospect><ref>DM-2</ref><optin>1</optin></prospect></leads>',
    );
    expect(batch.rows).toBe(2);
  });

  test('an instruction that would break the file, an undeclared prefix of a root attribute are refused', () => {
    const problems = (xml: string): string =>
      problemsOf(
        webhook('- {to: prospect.ref, from: id}', `xml: {record: prospect, ${xml}}`, consent),
      ).join();
    expect(problems("instructions: ['a?><b']")).toContain('MAP-704');
    expect(problems("instructions: ['xml version']")).toContain('MAP-704');
    expect(problems('rootAttributes: {"p:x": 1}')).toContain('MAP-703');
    expect(problems('rootAttributes: {"1x": 1}')).toContain('MAP-704');
    expect(problems('rootAttributes: {"xsi:schemaLocation": "urn:a a.xsd"}')).toBe('');
  });
});

describe('a form whose one field holds the record', () => {
  test('JSON', () => {
    const mapping = compiled(
      webhook(
        '- {to: contact.nom, from: identity.lastName}',
        'form: {field: payload, with: {source: centre}}',
      ),
    );
    const result = mapping.apply(lead(), situation());
    const body = mapping.write(result.ok ? [result.record] : [], 'create');
    expect(body.mediaType).toBe('application/x-www-form-urlencoded');
    expect([...new URLSearchParams(Buffer.from(body.bytes).toString())]).toEqual([
      ['source', 'centre'],
      ['payload', '{"contact":{"nom":"Durand"},"OPTIN":"O"}'],
    ]);
  });

  test('XML, in its own dialect', () => {
    const consent =
      'consent: [{to: lead.optin, channel: email, values: {granted: "1", refused: "0", not_asked: omit, withdrawn: "0"}}]\n';
    const mapping = webhook(
      '- {to: lead@ref, from: id}',
      'form: {field: xml, holds: xml}\nxml: {record: lead, indent: false}',
      consent,
    );
    expect(new URLSearchParams(written(compiled(mapping))).get('xml')).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<lead ref="DM-1"><optin>1</optin></lead>',
    );
  });

  test('holds and with need field; another block is another format', () => {
    expect(problemsOf(webhook('- {to: a, from: id}', 'form: {holds: json}')).join()).toContain('form');
    expect(problemsOf(webhook('- {to: a, from: id}', 'form: {field: x}\ncsv: {}')).join()).toContain(
      'MAP-106',
    );
  });
});

describe('places in lists', () => {
  test('[0] is a place, and what is not written leaves no hole', () => {
    expect(
      json(
        '- {to: "emails[0].value", from: identity.email}\n- {to: "phones[0].value", from: identity.landline}\n- {to: "phones[1].value", from: identity.mobile}\n- {to: "phones[1].main", value: true}\n- {to: "n[0]", value: 7}',
      ),
    ).toEqual({ phones: [{ value: '+33639980001', main: true }], n: [7] });
  });

  test('a list inside a list is one: params.args[5][0].name', () => {
    expect(
      json(
        [
          '- {to: "params.args[0]", value: base}',
          '- {to: "params.args[1][0].name", from: identity.lastName}',
          '- {to: "params.args[1][0].mobile", from: identity.mobile}',
          '- {to: "params.args[2][]", value: x}',
          '- {to: "params.args[2][]", value: y}',
          "- {to: 'cle\\[0\\]', value: z}",
        ].join('\n'),
      ),
    ).toEqual({
      params: { args: ['base', [{ name: 'Durand', mobile: '+33639980001' }], ['x', 'y']] },
      'cle[0]': 'z',
    });
  });

  test('whatever targets the check lets stand together, each value is found where its target says', () => {
    const step = fc.tuple(
      fc.constantFrom('a', 'b'),
      fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 2 }),
    );
    const target = fc.array(step, { minLength: 1, maxLength: 3 });
    let together = 0;
    fc.assert(
      fc.property(fc.array(target, { minLength: 1, maxLength: 5 }), (targets) => {
        const texts = targets.map((one) =>
          one.map(([name, places]) => name + places.map((place) => `[${place}]`).join('')).join('.'),
        );
        const lines = texts.map((to, index) => `- {to: ${JSON.stringify(to)}, value: v${index}}`).join('\n');
        const result = check(webhook(lines));
        if (!result.ok) return;
        if (targets.length > 1) together += 1;
        const text = written(result.mapping);
        for (const [index] of targets.entries()) expect(text).toContain(`"v${index}"`);
      }),
      { numRuns: 500 },
    );
    expect(together).toBeGreaterThan(20);
  });

  test('[] takes every value of a list', () => {
    const both = lead({ identity: { mobile: '+33639980001', landline: '+33199000001' } });
    expect(json('- {to: "all[]", value: x}\n- {to: "all[]", from: identity.phones.number}', both)).toEqual({
      all: ['x', '+33639980001', '+33199000001'],
    });
  });

  test.each([
    ['- {to: "a[0]", value: 1}\n- {to: "a[0]", value: 2}', 'MAP-208'],
    ['- {to: "a[]", value: 1}\n- {to: "a", value: 2}', 'MAP-208'],
    ['- {to: "a", value: 1}\n- {to: "a[0].b", value: 2}', 'MAP-209'],
    ['- {to: "a[]", value: 1}\n- {to: "a[0]", value: 2}', 'MAP-209'],
    ['- {to: "a[0]", value: 1}\n- {to: "a[0].b", value: 2}', 'MAP-209'],
    ['- {to: a, value: 1}\n- {to: a, line: "x : {value}", value: 2}', 'MAP-208'],
    ['- {to: "a[0]", value: 1}\n- {to: a.b, value: 2}', 'MAP-209'],
    ['- {to: "a[0].c", value: 1}\n- {to: a.b, value: 2}', 'MAP-209'],
    ['- {to: "a[]", value: 1}\n- {to: a.b, value: 2}', 'MAP-209'],
    ['- {to: "a[0][1]", value: 1}\n- {to: "a[0].b", value: 2}', 'MAP-209'],
    ['- {to: "a[0][1]", value: 1}\n- {to: "a[0]", value: 2}', 'MAP-209'],
    ['- {to: "a[x]", value: 1}', 'MAP-217'],
    ['- {to: "a[1000]", value: 1}', 'MAP-217'],
    ['- {to: "a[0]b", value: 1}', 'MAP-217'],
    ['- {to: "a[][0]", value: 1}', 'MAP-217'],
  ])('%s is refused', (fields, code) => {
    expect(problemsOf(webhook(fields)).join()).toContain(code);
  });
});

describe('only', () => {
  test('keeps the elements for which the condition holds', () => {
    const someone = lead({
      interactions: [
        { kind: 'web_form', at: new Date('2026-11-20T09:00:00Z'), voluntary: true },
        { kind: 'sms_sent', at: new Date('2026-11-20T09:05:00Z'), voluntary: false },
      ],
    });
    const each =
      '- {to: e, each: interactions, only: {equals: {voluntary: true}}, fields: [{to: k, from: kind}]}';
    expect(json(each, someone)).toEqual({ e: [{ k: 'web_form' }] });
    expect(problemsOf(webhook(each.replace('voluntary:', 'volontary:'))).join()).toContain(
      'Did you mean "voluntary"?',
    );
  });
});
