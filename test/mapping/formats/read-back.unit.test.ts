// What leaves is read back as the mapping says, whatever the dialect and whatever a lead holds; the opt-in first.
import fc from 'fast-check';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { parse } from 'csv-parse/sync';
import iconv from 'iconv-lite';
import {
  batch,
  check,
  compiled,
  flow,
  lead,
  noted,
  optIn,
  problemsOf,
  situation,
  webhook,
} from '../support.ts';
import type { CompiledMapping } from '../../../src/mapping/contract.ts';
import type { Lead } from '../../../src/domain/lead.ts';

const bytes = (mapping: CompiledMapping, someone: Lead): Buffer | undefined => {
  const result = mapping.apply(someone, situation());
  return result.ok ? Buffer.from(mapping.write([result.record], 'create', batch).bytes) : undefined;
};
const why = (mapping: string, someone: Lead): unknown => {
  const result = compiled(mapping).apply(someone, situation());
  return result.ok ? 'written' : 'problems' in result ? result.problems : result.why;
};

describe('nothing is quoted', () => {
  const none = (more = ''): string => `csv: {quote: none, delimiter: ",", header: false${more}}`;
  const note = '- {to: NOTE, from: comment}';

  test('a number with a decimal comma never moves the opt-in to another column', () => {
    const fields = '- {to: PRIX, from: project.budgetMax, as: {number: {decimal: ","}}}\n- {to: N, from: id}';
    expect(why(flow(none(), fields), lead())).toEqual([{ field: 'PRIX', code: 'UNQUOTABLE' }]);
    expect(problemsOf(flow(none(', decimal: ","'), note))).toEqual([
      expect.stringContaining('MAP-708  the decimal sign is the delimiter'),
    ]);
  });

  test.each([
    ['a constant', '- {to: SRC, value: "a,b"}', '', '"a,b" cannot be written in this CSV.'],
    ['a default', '- {to: SUP, from: origin.support, default: "a,b"}', '', '"a,b" cannot be written'],
    [
      'an entry of a map',
      '- {to: MED, from: origin.media, map: {seloger: "S,L", else: omit}}',
      '',
      '"S,L" cannot be written in this CSV.',
    ],
    ['true and false', note, ', trueFalse: ["O,UI", NON]', '"O,UI" cannot be written in this CSV.'],
    ['a line break', note, ', lineBreak: ", "', '", " in place of a line break needs quotes'],
    ['a column', '- {to: "NOTE, bis", from: comment}', ', header: true', 'the column "NOTE, bis" would not'],
    ['a quote in a column', '- {to: "NO\\"TE", from: comment}', ', header: true', 'would not be read under'],
  ])('%s of the mapping itself is told by the check', (_, fields, more, message) => {
    const csv = none(more)
      .replace('header: false, header: true', 'header: true')
      .replace(/header: false(.*), header: true/, 'header: true$1');
    expect(problemsOf(flow(csv, fields)).join()).toContain(message);
  });

  test('a list of booleans, a template and a line that need quotes refuse the one lead', () => {
    const words = '- {to: OUVERT, from: project.budgetMax, as: {number: {group: ","}}}';
    expect(why(flow(none(), words), lead())).toEqual([{ field: 'OUVERT', code: 'UNQUOTABLE' }]);
    const template = '- {to: T, template: "{{origin.media}}, {{id}}"}';
    expect(why(flow(none(), template), lead())).toEqual([{ field: 'T', code: 'UNQUOTABLE' }]);
    const lines =
      '- {to: T, line: "A : {value}", from: id}\n- {to: T, line: "B : {value}", from: origin.media}';
    expect(why(flow(none(), lines), lead())).toEqual([{ field: 'T', code: 'UNQUOTABLE' }]);
  });

  test('a letter that becomes a delimiter or a quote in the file’s encoding is seen as what it becomes', () => {
    const csv = 'csv: {quote: none, encoding: iso-8859-1, header: false}';
    expect(why(flow(csv, note), noted('dit “oui”'))).toEqual([{ field: 'NOTE', code: 'UNQUOTABLE' }]);
  });

  test('the beginning of a delimiter of several signs at the end of a cell is not taken for the delimiter', () => {
    const csv = (quote: string): string => `csv: {quote: ${quote}, delimiter: "||", header: false}`;
    expect(why(flow(csv('none'), note), noted('a|'))).toEqual([{ field: 'NOTE', code: 'NOT_READ_BACK' }]);
    expect(bytes(compiled(flow(csv('minimal'), note)), noted('a|'))?.toString()).toBe('"a|"||O\r\n');
  });
});

test.each([
  ['"\\""', '"'],
  ['"\\n"', 'line break'],
  ['"\\r\\n"', 'line break'],
  ['"\'", quoteInside: apostrophe', "'"],
  ['"\\\\", quoteInside: backslash', '\\'],
  ['"→", encoding: windows-1252', 'windows-1252 does not have the delimiter'],
])('a delimiter %s is refused', (delimiter, named) => {
  const problems = problemsOf(flow(`csv: {delimiter: ${delimiter}}`, '- {to: NOTE, from: comment}'));
  expect(problems.join()).toMatch(/:8:\d+ {2}MAP-708 {2}/);
  expect(problems.join()).toContain(named);
});

test('two states that the dialect writes alike are refused, whatever their types in the file', () => {
  const consent = optIn.replace('granted: O, refused: N', 'granted: true, refused: "OUI"');
  const problems = problemsOf(flow('csv: {trueFalse: [OUI, NON]}', '- {to: NOTE, from: comment}', consent));
  expect(problems.join()).toContain('MAP-303');
});

test('true and false written alike are refused', () => {
  expect(problemsOf(flow('csv: {trueFalse: [X, X]}', '- {to: NOTE, from: comment}')).join()).toContain(
    'MAP-708  true and false would be written alike.',
  );
});

describe('encodings', () => {
  const file = (encoding: string, unmappable: string): string =>
    flow(
      `csv: {encoding: ${encoding}, unmappable: ${unmappable}, header: false}`,
      '- {to: N, from: comment}',
    );

  test.each(['windows-1252', 'iso-8859-1', 'iso-8859-15'])(
    '%s: U+FFFD is refused under error, and a question mark otherwise, never an undefined byte',
    (encoding) => {
      expect(why(file(encoding, 'error'), noted('a\uFFFDb'))).toEqual([{ field: 'N', code: 'UNMAPPABLE' }]);
      for (const policy of ['transliterate', 'replace'])
        expect(bytes(compiled(file(encoding, policy)), noted('a\uFFFDb'))?.toString('latin1')).toBe(
          'a?b;O\r\n',
        );
    },
  );

  test('no character becomes a byte that the encoding does not define, and each byte reads as its character', () => {
    const undefinedBytes = new Set([0x81, 0x8d, 0x8f, 0x90, 0x9d]);
    const mapping = compiled(file('windows-1252', 'replace'));
    for (let start = 0x80; start < 0x1_0000; start += 64) {
      const text = Array.from({ length: 64 }, (_, index) => String.fromCodePoint(start + index)).join('');
      const row = bytes(mapping, noted(`.${text}.`));
      if (row === undefined) continue;
      expect([...row].filter((byte) => undefinedBytes.has(byte))).toEqual([]);
      expect(iconv.decode(row, 'windows-1252')).not.toContain('\uFFFD');
    }
  });

  test.each([
    ['JSON', 'json'],
    ['CSV', 'csv'],
  ])('a lone surrogate is refused in %s, and only its lead', (_, format) => {
    const mapping = compiled(flow(`${format}: {}`, '- {to: N, from: comment}'));
    expect(mapping.apply(noted('a\uD800b'), situation())).toEqual({
      ok: false,
      why: 'invalid',
      problems: expect.arrayContaining([{ field: 'N', code: 'ILL_FORMED' }]) as unknown,
    });
    expect(mapping.apply(noted('a😀b'), situation()).ok).toBe(true);
  });
});

describe('any dialect, any lead', () => {
  const hostile = fc.string({
    unit: fc.constantFrom(
      ...Array.from('aé";,|!#\t\\\'\n\r=+-@ <>&€“”»œ\u00a0\u0085\u2028\u000b\uFFFD\uFEFFЖ😀؛；'),
      '\r\n',
      '""',
      '\uD800',
      'O',
      'N',
    ),
    maxLength: 12,
  });
  const dialects = fc.record({
    delimiter: fc.constantFrom(';', ',', '\t', '|', '||', '!#', '#!#', ' ', 'é', '-', '=', '\\', "'", '"'),
    quote: fc.constantFrom('all', 'minimal', 'none'),
    quoteInside: fc.constantFrom('double', 'apostrophe', 'backslash'),
    encoding: fc.constantFrom('utf-8', 'utf-8-bom', 'windows-1252', 'iso-8859-15', 'iso-8859-1'),
    unmappable: fc.constantFrom('transliterate', 'replace', 'error'),
    eol: fc.constantFrom('crlf', 'lf'),
    header: fc.boolean(),
    decimal: fc.constantFrom('.', ',', ';'),
    formulaGuard: fc.boolean(),
    trueFalse: fc.constantFrom(['OUI', 'NON'], ['1', '0'], ['O;', 'N']),
    lineBreak: fc.constantFrom(undefined, ' ', '<BR>', ' | ', '"'),
  });
  /** A reader that knows no quotes: what the simplest recipient of an unquoted file does. */
  const split = (text: string, delimiter: string, eol: string): readonly (readonly string[])[] =>
    text
      .split(eol)
      .slice(0, -1)
      .map((row) => row.split(delimiter));
  const fields = [
    '- {to: NOTE, from: comment}',
    '- {to: PRIX, from: project.budgetMax}',
    '- {to: VRAI, value: true}',
    '- {to: NOM, from: identity.lastName}',
    '- {consent: OPTIN}',
    '- {to: SUP, from: origin.support}',
    '- {to: LOT, from: batch.sequence}',
  ].join('\n');
  const columns = ['NOTE', 'PRIX', 'VRAI', 'NOM', 'OPTIN', 'SUP', 'LOT'];

  test('what a reader of the dialect finds under OPTIN is the opt-in, and no column moves', () => {
    let checked = 0;
    let wrote = 0;
    fc.assert(
      fc.property(
        dialects,
        fc.array(fc.tuple(hostile, hostile, hostile), { minLength: 1, maxLength: 4 }),
        (csv, rows) => {
          const result = check(flow(`csv: ${JSON.stringify(csv)}`, fields));
          if (!result.ok) return;
          checked += 1;
          const { mapping } = result;
          const records = rows.flatMap(([comment, lastName, support], index) => {
            const someone = lead({
              identity: { lastName },
              project: { comment, budgetMax: 1234.5 },
              origin: { support },
              consents: lead().consents.map((consent) => ({
                ...consent,
                state: index % 2 === 0 ? ('granted' as const) : ('refused' as const),
              })),
            });
            const made = mapping.apply(someone, situation());
            return made.ok ? [{ record: made.record, optIn: index % 2 === 0 ? 'O' : 'N', comment }] : [];
          });
          wrote += records.length;
          const body = Buffer.from(
            mapping.write(
              records.map(({ record }) => record),
              'create',
              batch,
            ).bytes,
          );
          const text = iconv.decode(body, csv.encoding.replace('-bom', ''));
          const eol = csv.eol === 'lf' ? '\n' : '\r\n';
          const readers: readonly (readonly (readonly string[])[])[] = [
            parse(text, {
              delimiter: csv.delimiter,
              escape: csv.quoteInside === 'backslash' ? '\\' : '"',
              record_delimiter: eol,
              relax_column_count: true,
            }),
            ...(csv.quote === 'none' ? [split(text, csv.delimiter, eol)] : []),
          ];
          for (const all of readers) {
            const found = csv.header ? all.slice(1) : all;
            if (csv.header) expect(all[0]).toEqual(columns);
            expect(found.map((row) => row[4])).toEqual(records.map((record) => record.optIn));
            expect(found.map((row) => row.length)).toEqual(records.map(() => columns.length));
            const plain =
              csv.encoding.startsWith('utf-8') &&
              csv.lineBreak === undefined &&
              csv.quoteInside === 'double' &&
              !csv.formulaGuard;
            // A first value that begins with U+FEFF is read as a file that begins with its mark.
            const marked = csv.encoding === 'utf-8' && body.subarray(0, 3).toString('hex') === 'efbbbf';
            const shown = (comment: string, row: number): string =>
              comment.trim() === '' ? '' : marked && row === 0 ? comment.slice(1) : comment;
            if (plain)
              expect(found.map((row) => row[0])).toEqual(
                records.map(({ comment }, row) => shown(comment, row)),
              );
          }
        },
      ),
      { numRuns: 1500 },
    );
    // The property says something only about what was written.
    expect(checked).toBeGreaterThan(300);
    expect(wrote).toBeGreaterThan(300);
  });
});

const hostileTexts = fc.string({
  unit: fc.constantFrom(
    ...Array.from('aé"&<>\'%+=;{}[]\\\t\n\r\u0085\u2028\uFFFD\uFEFFЖ😀€œ\u0000\u0008'),
    ']]>',
    '&#13;',
    '%0A',
    '\uDC00',
  ),
  maxLength: 12,
});
/** XML 1.0 has no place for these; they are left out. */
const withoutForbidden = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '');

describe('the other formats', () => {
  const body = (mapping: CompiledMapping, comment: string): Buffer | undefined => {
    const result = mapping.apply(noted(comment), situation());
    return result.ok ? Buffer.from(mapping.write([result.record], 'create').bytes) : undefined;
  };
  const said = (comment: string): string | undefined => (comment.trim() === '' ? undefined : comment);

  test.each(['utf-8', 'windows-1252', 'iso-8859-15', 'iso-8859-1'])(
    'XML in %s: well-formed, and every text arrives, in an element, an attribute and a CDATA section',
    (encoding) => {
      const consent = optIn.replace('to: OPTIN', 'to: lead.optin');
      const mapping = compiled(
        webhook(
          '- {to: lead.e, from: comment}\n- {to: lead@a, from: comment}\n- {to: lead.c#cdata, from: comment}',
          `xml: {record: lead, encoding: ${encoding}, indent: false}`,
          consent,
        ),
      );
      const parser = new XMLParser({
        ...{ ignoreAttributes: false, attributeNamePrefix: '@', parseTagValue: false, trimValues: false },
        ...{ htmlEntities: true, processEntities: true },
      });
      fc.assert(
        fc.property(hostileTexts, (middle) => {
          const comment = `x${middle}x`;
          const written = body(mapping, comment);
          expect(written === undefined).toBe(!comment.isWellFormed());
          if (written === undefined) return;
          const text = iconv.decode(written, encoding);
          expect(Buffer.from(iconv.encode(text, encoding)).equals(written)).toBe(true);
          expect(XMLValidator.validate(text)).toBe(true);
          const found = (parser.parse(text) as { lead: Record<string, string> }).lead;
          const wanted = withoutForbidden(comment);
          expect([found['e'], found['@a'], found['optin']]).toEqual([wanted, wanted, 'O']);
          expect(found['c']).toBe(wanted);
        }),
        { numRuns: 400 },
      );
    },
  );

  test('a form, JSON, and JSON or XML inside a field of a form: what was said is what is read', () => {
    const fields = '- {to: "note & co", from: comment}';
    const form = compiled(webhook(fields, 'form: {}'));
    const plain = compiled(webhook(fields));
    const json = compiled(webhook(fields, 'form: {field: payload, holds: json, with: {source: "a&b=c é"}}'));
    fc.assert(
      fc.property(hostileTexts, (comment) => {
        const inForm = body(form, comment);
        const inJson = body(plain, comment);
        const inBoth = body(json, comment);
        const kept = comment.isWellFormed() || said(comment) === undefined;
        expect([inForm, inJson, inBoth].map((written) => written !== undefined)).toEqual([kept, kept, kept]);
        if (inForm === undefined || inJson === undefined || inBoth === undefined) return;
        const wanted = said(comment);
        const read = new URLSearchParams(inForm.toString('utf8'));
        expect([read.get('note & co') ?? undefined, read.get('OPTIN')]).toEqual([wanted, 'O']);
        const record = { ...(wanted === undefined ? {} : { 'note & co': wanted }), OPTIN: 'O' };
        expect(JSON.parse(inJson.toString('utf8'))).toEqual(record);
        const both = new URLSearchParams(inBoth.toString('utf8'));
        expect([JSON.parse(both.get('payload') ?? ''), both.get('source')]).toEqual([record, 'a&b=c é']);
      }),
      { numRuns: 400 },
    );
  });

  test('what a form field holds is UTF-8: another encoding under xml is refused', () => {
    const consent = optIn.replace('to: OPTIN', 'to: lead.optin');
    expect(
      problemsOf(
        webhook(
          '- {to: lead.e, from: comment}',
          'form: {field: f, holds: xml}\nxml: {record: lead, encoding: windows-1252}',
          consent,
        ),
      ).join(),
    ).toContain('MAP-709  what a form field holds is UTF-8');
  });
});
