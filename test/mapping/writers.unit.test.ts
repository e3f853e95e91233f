// The formats: bytes exactly as a recipient reads them back.
import { parse } from 'csv-parse/sync';
import { XMLParser } from 'fast-xml-parser';
import fc from 'fast-check';
import iconv from 'iconv-lite';
import type { Lead } from '../../src/domain/lead.ts';
import { at, compiled, flow, lead, mail, optIn, problemsOf, situation, webhook, written } from './support.ts';

const noted = (comment: string, more: Partial<Lead> = {}): Lead => lead({ project: { comment }, ...more });
const batch = { sequence: 7, slot: at, rows: 2 };

function bytes(mapping: string, leads: readonly Lead[]): Uint8Array {
  const made = compiled(mapping);
  const records = leads.map((one) => {
    const result = made.apply(one, situation());
    if (!result.ok) throw new Error(JSON.stringify(result));
    return result.record;
  });
  return made.write(records, 'create', batch).bytes;
}

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
    const text = (json: string): string => Buffer.from(bytes(flow(json, fields), two)).toString();
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

describe('CSV', () => {
  const fields =
    '- {to: NOM, from: identity.lastName}\n- {to: NOTE, from: comment}\n- {to: "Prix, €", from: project.budgetMax}';

  test('quotes, breaks and delimiters survive a round trip, whatever the delimiter', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'é', '"', ';', '!', '#', '\n', '\r', ' ', '\t', '=', "'") }),
        fc.constantFrom(';', '\t', '!#', ','),
        fc.constantFrom('all', 'minimal'),
        (comment, delimiter, quote) => {
          const csv = `csv: {delimiter: ${JSON.stringify(delimiter)}, quote: ${quote}, eol: lf}`;
          const text = Buffer.from(bytes(flow(csv, fields), [noted(comment), noted('x')])).toString();
          const rows = parse(text, { delimiter, columns: true, record_delimiter: '\n' }) as Record<
            string,
            string
          >[];
          expect(rows.map((row) => row['NOTE'])).toEqual([comment.trim() === '' ? '' : comment, 'x']);
        },
      ),
    );
  });

  test('every column is there, in order, with decimals and breaks as asked', () => {
    const csv = 'csv: {quote: all, decimal: ",", lineBreak: " / ", eol: crlf}';
    const one = lead({ project: { comment: 'a\r\nb\nc', budgetMax: 1.5 } });
    expect(Buffer.from(bytes(flow(csv, fields), [one])).toString()).toBe(
      '"NOM";"NOTE";"Prix, €";"OPTIN"\r\n"Durand";"a / b / c";"1,5";"O"\r\n',
    );
  });

  test('the header alone is written for an empty slot', () => {
    expect(Buffer.from(compiled(flow('csv: {}', fields)).write([], 'create', batch).bytes).toString()).toBe(
      'NOM;NOTE;Prix, €;OPTIN\r\n',
    );
  });

  test('encodings: a BOM for utf-8-bom, one byte a letter for windows-1252', () => {
    expect([...bytes(flow('csv: {encoding: utf-8-bom}', fields), [lead()])].slice(0, 3)).toEqual([
      0xef, 0xbb, 0xbf,
    ]);
    const latin = bytes(flow('csv: {encoding: windows-1252, header: false}', fields), [noted('Œuvre à 5 €')]);
    expect(iconv.decode(Buffer.from(latin), 'windows-1252')).toBe('Durand;Œuvre à 5 €;;O\r\n');
    const latin9 = bytes(flow('csv: {encoding: iso-8859-15, header: false}', fields), [noted('œ — “x” …')]);
    expect(iconv.decode(Buffer.from(latin9), 'iso-8859-15')).toBe('Durand;"œ - ""x"" ...";;O\r\n');
  });

  test('letters an encoding lacks are transliterated; those without a plain form fail, signs become ?', () => {
    const csv = 'csv: {encoding: windows-1252, header: false}';
    const latin = bytes(flow(csv, fields), [noted('Łukasz ☎')]);
    expect(iconv.decode(Buffer.from(latin), 'windows-1252')).toBe('Durand;Lukasz ?;;O\r\n');
    expect(compiled(flow(csv, fields)).apply(noted('Пётр'), situation())).toEqual({
      ok: false,
      why: 'invalid',
      problems: [{ field: 'NOTE', code: 'UNMAPPABLE' }],
    });
    const strict = compiled(flow('csv: {encoding: windows-1252, unmappable: error}', fields));
    expect(strict.apply(noted('Łukasz'), situation())).toMatchObject({ why: 'invalid' });
  });

  test('formulas are defused where people open the file, and nowhere else', () => {
    const guarded = bytes(flow('csv: {formulaGuard: true, header: false}', fields), [noted('=1+1')]);
    expect(Buffer.from(guarded).toString()).toBe("Durand;'=1+1;;O\r\n");
    expect(Buffer.from(bytes(flow('csv: {header: false}', fields), [noted('=1+1')])).toString()).toBe(
      'Durand;=1+1;;O\r\n',
    );
    const attached = compiled(
      mail(', attachment: csv', '- {to: NOTE, from: comment}', optIn, 'csv: {header: false}'),
    );
    expect(written(attached, noted('@SUM(A1)'))).toBe("'@SUM(A1);O\r\n");
  });

  test('a sequence and a count of rows are known when the file is written', () => {
    const mapping = flow(
      'csv: {header: false}',
      '- {to: LOT, from: batch.sequence}\n- {to: N, from: batch.rows, as: text}',
    );
    expect(Buffer.from(bytes(mapping, [lead(), lead()])).toString()).toBe('7;2;O\r\n7;2;O\r\n');
  });
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
    const text = written(mapping, noted('a]]>b\u0000\u0008c\ud800d\r\ne'));
    expect(text).toContain('<c><![CDATA[a]]]]><![CDATA[>bcd\ne]]></c>');
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
