// JSON, forms, XML and mail exactly as a recipient reads them back.
import fc from 'fast-check';
import { XMLParser } from 'fast-xml-parser';
import {
  bytesOf,
  compiled,
  flow,
  lead,
  mail,
  noted,
  optIn,
  problemsOf,
  situation,
  webhook,
  written,
} from '../support.ts';

describe('JSON', () => {
  test('keys stand in the order of the file, whole-number keys included', () => {
    const fields =
      '- {to: "10", value: a}\n- {to: "9", value: b}\n- {to: z.b, value: 1}\n- {to: a, value: 2}\n- {to: z.a, value: 3}\n- {to: __proto__, value: 4}';
    expect(written(compiled(webhook(fields)))).toBe(
      '{"10":"a","9":"b","z":{"b":1,"a":3},"a":2,"__proto__":4,"OPTIN":"O"}',
    );
  });

  test('[] at the end of a target joins a list; \\. is a dot inside a name', () => {
    const fields =
      '- {to: "tags[]", value: a}\n- {to: "tags[]", from: origin.media}\n- {to: "a\\\\.b", value: 1}';
    expect(written(compiled(webhook(fields.replaceAll('"a\\\\.b"', "'a\\.b'"))))).toBe(
      '{"tags":["a","seloger"],"a.b":1,"OPTIN":"O"}',
    );
  });

  test('a file holds a list, lines or one record', () => {
    const fields = '- {to: n, from: id}';
    const two = [lead(), lead({ reference: 'DM-2' })];
    const text = (json: string): string => Buffer.from(bytesOf(flow(json, fields), two)).toString();
    expect(text('json: {}')).toBe('[{"n":"DM-1","OPTIN":"O"},{"n":"DM-2","OPTIN":"O"}]');
    expect(text('json: {list: lines}')).toBe('{"n":"DM-1","OPTIN":"O"}\n{"n":"DM-2","OPTIN":"O"}\n');
    expect(written(compiled(webhook(fields, 'json: {list: true}')))).toBe('[{"n":"DM-1","OPTIN":"O"}]');
  });

  test('same records, same bytes', () => {
    const mapping = compiled(
      webhook('- {to: n, from: identity.lastName}\n- {to: at, from: delivery.sentAt}'),
    );
    expect(written(mapping)).toBe(written(mapping));
  });
});

test('a form keeps the names as written and repeats a list', () => {
  const both = lead({ identity: { mobile: '+33639980001', landline: '+33199000001' } });
  const mapping = compiled(
    webhook(
      '- {to: "contact[tel]", from: identity.mobile, as: {phone: national}}\n- {to: oid, value: "00D"}',
      'form: {}',
    ),
  );
  expect(written(mapping, both)).toBe('contact%5Btel%5D=0639980001&oid=00D&OPTIN=O');
});

describe('XML', () => {
  const consent =
    'consent:\n  - {to: lead.optin, channel: email, values: {granted: "1", refused: "0", not_asked: omit, withdrawn: "0"}}\n';
  const xml = (fields: string, more = ''): string =>
    flow(`xml: {root: leads, record: lead, xmlns: {p: "urn:p"}${more}}`, fields, consent);
  const read = (text: string): { leads: { lead: Record<string, unknown> } } =>
    new XMLParser({
      ignoreAttributes: false,
      attributeNamePrefix: '@',
      parseTagValue: false,
      trimValues: false,
      processEntities: true,
    }).parse(text) as never;

  test('any text survives a round trip, in an element, an attribute and a CDATA section', () => {
    const mapping = compiled(
      xml(
        '- {to: lead.e, from: comment}\n- {to: lead@a, from: comment}\n- {to: lead.c#cdata, from: comment}',
      ),
    );
    const unit = fc.constantFrom('a', 'é', '<', '>', '&', '"', "'", ']', ' ', '😀');
    fc.assert(
      fc.property(fc.string({ unit, minLength: 1 }), (middle) => {
        const comment = `x${middle}x`;
        const back = read(written(mapping, noted(comment))).leads.lead;
        expect([back['e'], back['@a'], back['c']]).toEqual([comment, comment, comment]);
      }),
    );
  });

  test(']]> is split, characters XML forbids are left out, line ends survive', () => {
    const mapping = compiled(xml('- {to: lead.c#cdata, from: comment}\n- {to: lead@a, from: comment}'));
    const text = written(mapping, noted('a]]>b\u0000\u0008cd\r\ne'));
    expect(text).toContain('<c><![CDATA[a]]]]><![CDATA[>bcd]]>&#13;<![CDATA[\ne]]></c>');
    expect(text).toContain('a="a]]&gt;bcd&#13;&#10;e"');
  });

  test('the order of the fields is the order of the elements; attributes, prefixes and repeats stand where they belong', () => {
    const fields = [
      '- {to: lead@ref, from: id}',
      '- {to: lead.p:b@devise, value: EUR}',
      '- {to: lead.p:b, from: project.budgetMax, as: integer}',
      '- {to: lead.a, value: "1"}',
      '- {to: lead.tels.tel, each: identity.phones, fields: [{to: "@type", from: type}, {to: "#text", from: number}]}',
      '- {to: lead.x@k=1, value: un}',
      '- {to: lead.x@k=2, value: deux}',
    ].join('\n');
    const both = lead({ identity: { mobile: '+33639980001', landline: '+33199000001' } });
    expect(written(compiled(xml(fields)), both)).toBe(
      [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<leads xmlns:p="urn:p">',
        '  <lead ref="DM-1">',
        '    <p:b devise="EUR">285001</p:b>',
        '    <a>1</a>',
        '    <tels>',
        '      <tel type="mobile">+33639980001</tel>',
        '      <tel type="landline">+33199000001</tel>',
        '    </tels>',
        '    <x k="1">un</x>',
        '    <x k="2">deux</x>',
        '    <optin>1</optin>',
        '  </lead>',
        '</leads>',
        '',
      ].join('\n'),
    );
  });

  test('null is xsi:nil, "" an empty element, omit no element', () => {
    const text = written(
      compiled(
        xml(
          '- {to: lead.a, from: comment, empty: null}\n- {to: lead.b, from: comment, empty: ""}\n- {to: lead.c, from: comment}',
        ),
      ),
    );
    expect(text).toContain('<a xsi:nil="true"/>\n    <b/>\n    <optin>');
    expect(text).toContain('xmlns:xsi=');
  });

  test('a narrow encoding writes character references, in CDATA outside the section', () => {
    const text = written(
      compiled(
        xml('- {to: lead.e, from: comment}\n- {to: lead.c#cdata, from: comment}', ', encoding: iso-8859-15'),
      ),
      noted('é☎'),
    );
    expect(text).toContain('encoding="ISO-8859-15"');
    expect(text).toContain('<e>é&#x260E;</e>');
    expect(text).toContain('<c><![CDATA[é]]>&#x260E;<![CDATA[]]></c>');
  });

  test('a single record has no root when the file names none', () => {
    const mapping = compiled(webhook('- {to: lead.n, from: id}', 'xml: {record: lead}', consent));
    expect(written(mapping)).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<lead>\n  <n>DM-1</n>\n  <optin>1</optin>\n</lead>\n',
    );
  });

  test.each(['lead..a', 'lead.a@b.c', 'lead.1a', 'lead.a@', 'lead.a#cdata@b'])(
    'target %s is refused',
    (to) => {
      expect(problemsOf(xml(`- {to: "${to}", value: "1"}`)).join('\n')).toContain('MAP-217');
    },
  );
});

describe('mail', () => {
  test('people read French words, local time, grouped digits; the opt-in stands out under its own name', () => {
    const consent =
      'consent:\n  - {to: OPTIN, label: Accord e-mail, channel: email, values: {granted: Oui, refused: "Non", not_asked: "?", withdrawn: "Non"}}\n';
    const fields = [
      '- {to: tel, label: Téléphone, from: identity.mobile}',
      '- {to: type, label: Logement, from: project.housingType}',
      '- {to: budget, from: project.budgetMax}',
      '- {to: le, section: Demande, label: Reçue le, from: collectedAt}',
    ].join('\n');
    const result = compiled(mail('', fields, consent)).apply(lead(), situation());
    expect(result.ok && result.record.sheet).toEqual([
      { title: 'Contact', lines: [{ label: 'Téléphone', value: '06 39 98 00 01' }] },
      {
        title: 'Projet',
        lines: [
          { label: 'Logement', value: 'Appartement' },
          { label: 'budget', value: '285 000,5' },
        ],
      },
      { title: 'Demande', lines: [{ label: 'Reçue le', value: '20/11/2026 10:15' }] },
      {
        title: 'Consentement (opt-in)',
        lines: [{ label: 'Accord e-mail (OPTIN)', value: 'Oui', emphasis: true }],
      },
    ]);
    expect(result.ok && result.record.title).toBe('Programme DM-LYON');
  });

  test('a title holds no line break and no person', () => {
    const mapping = compiled(
      mail('', '- {to: n, from: identity.lastName}', optIn, 'title: "{{channel}} {{project.programme}}"'),
    );
    const result = mapping.apply(lead({ project: { programme: 'A\r\nBcc: x@y.example' } }), situation());
    expect(result.ok && result.record.title).toBe('Formulaire internet A Bcc: x@y.example');
  });

  test('without an attachment the body is empty', () => {
    expect(written(compiled(mail('', '- {to: n, from: identity.lastName}')))).toBe('');
  });
});
