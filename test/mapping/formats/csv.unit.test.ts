// CSV exactly as a recipient reads it back.
import fc from 'fast-check';
import { parse } from 'csv-parse/sync';
import iconv from 'iconv-lite';
import { batch, bytesOf, compiled, flow, lead, mail, noted, optIn, situation, written } from '../support.ts';

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
          const text = Buffer.from(bytesOf(flow(csv, fields), [noted(comment), noted('x')])).toString();
          const rows: Record<string, string>[] = parse(text, {
            delimiter,
            columns: true,
            record_delimiter: '\n',
          });
          expect(rows.map((row) => row['NOTE'])).toEqual([comment.trim() === '' ? '' : comment, 'x']);
        },
      ),
    );
  });

  test('every column is there, in order, with decimals and breaks as asked', () => {
    const csv = 'csv: {quote: all, decimal: ",", lineBreak: " / ", eol: crlf}';
    const someone = lead({ project: { comment: 'a\r\nb\nc', budgetMax: 1.5 } });
    expect(Buffer.from(bytesOf(flow(csv, fields), [someone])).toString()).toBe(
      '"NOM";"NOTE";"Prix, €";"OPTIN"\r\n"Durand";"a / b / c";"1,5";"O"\r\n',
    );
  });

  test('the header alone is written for an empty slot', () => {
    expect(Buffer.from(compiled(flow('csv: {}', fields)).write([], 'create', batch).bytes).toString()).toBe(
      'NOM;NOTE;Prix, €;OPTIN\r\n',
    );
  });

  test('encodings: a BOM for utf-8-bom, one byte a letter for windows-1252', () => {
    expect([...bytesOf(flow('csv: {encoding: utf-8-bom}', fields), [lead()])].slice(0, 3)).toEqual([
      0xef, 0xbb, 0xbf,
    ]);
    const latin = bytesOf(flow('csv: {encoding: windows-1252, header: false}', fields), [
      noted('Œuvre à 5 €'),
    ]);
    expect(iconv.decode(Buffer.from(latin), 'windows-1252')).toBe('Durand;Œuvre à 5 €;;O\r\n');
    const latin9 = bytesOf(flow('csv: {encoding: iso-8859-15, header: false}', fields), [noted('œ — “x” …')]);
    expect(iconv.decode(Buffer.from(latin9), 'iso-8859-15')).toBe('Durand;"œ - ""x"" ...";;O\r\n');
  });

  test('letters an encoding lacks are transliterated; those without a plain form fail, signs become ?', () => {
    const csv = 'csv: {encoding: windows-1252, header: false}';
    const latin = bytesOf(flow(csv, fields), [noted('Łukasz ☎ ﬁn\u2011\u200B\uFEFF')]);
    expect(iconv.decode(Buffer.from(latin), 'windows-1252')).toBe('Durand;Lukasz ? fin-;;O\r\n');
    expect(compiled(flow(csv, fields)).apply(noted('Пётр'), situation())).toEqual({
      ok: false,
      why: 'invalid',
      problems: [{ field: 'NOTE', code: 'UNMAPPABLE' }],
    });
    const strict = compiled(flow('csv: {encoding: windows-1252, unmappable: error}', fields));
    expect(strict.apply(noted('Łukasz'), situation())).toMatchObject({ why: 'invalid' });
  });

  test('formulas are defused where people open the file, and nowhere else', () => {
    const guarded = bytesOf(flow('csv: {formulaGuard: true, header: false}', fields), [noted('=1+1')]);
    expect(Buffer.from(guarded).toString()).toBe("Durand;'=1+1;;O\r\n");
    expect(Buffer.from(bytesOf(flow('csv: {header: false}', fields), [noted('=1+1')])).toString()).toBe(
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
    expect(Buffer.from(bytesOf(mapping, [lead(), lead()])).toString()).toBe('7;2;O\r\n7;2;O\r\n');
  });
});
