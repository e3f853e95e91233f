// Files of leads: format found, rows judged by the same contract, bad ones kept beside the file, never in memory as a whole.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importFile, type ImportOptions, type ImportResult } from '../../src/intake/import.ts';
import type { IntakeValues } from '../../src/store/intake/intake.ts';

const now = (): Date => new Date('2026-11-24T12:00:00Z');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'relais-import-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Imported extends ImportResult {
  readonly rows: readonly IntakeValues[];
}

async function imported(
  name: string,
  content: string | Buffer,
  more: Partial<ImportOptions> = {},
): Promise<Imported> {
  const file = join(folder, name);
  writeFileSync(file, content);
  const rows: IntakeValues[] = [];
  const result = await importFile({
    file,
    now,
    insert: (some) => Promise.resolve(void rows.push(...some)),
    ...more,
  });
  return { ...result, rows };
}

const at = '2026-11-24T10:15:00+01:00';
const head = 'client_id;reference;channel;collected_at;last_name;mobile;budget_max;rooms';

describe('CSV', () => {
  it.each([
    [';', 'utf-8', ''],
    [',', 'utf-8', '\ufeff'],
    ['\t', 'utf-8', ''],
  ])('is read with the delimiter %j', async (delimiter, encoding, mark) => {
    const text = `${mark}${head}\nacme;A-1;web_form;${at};Élan;+33639981234;250000.50;3\n`.replaceAll(
      ';',
      delimiter,
    );
    const result = await imported('leads.csv', text);
    expect(result).toMatchObject({ format: 'csv', delimiter, encoding, total: 1, inserted: 1, rejected: 0 });
    expect(result.rows).toEqual([
      {
        ...{
          client_id: 'acme',
          reference: 'A-1',
          channel: 'web_form',
          collected_at: new Date('2026-11-24T09:15:00Z'),
        },
        ...{ last_name: 'Élan', mobile: '+33639981234', budget_max: 250000.5, rooms: 3 },
      },
    ]);
  });

  it('in windows-1252 keeps its accents, and says so', async () => {
    const result = await imported(
      'leads.csv',
      Buffer.from(`${head}\nacme;A-1;web_form;${at};\xc9lan;;;\n`, 'latin1'),
    );
    expect([result.encoding, result.rows[0]?.last_name]).toEqual(['windows-1252', 'Élan']);
  });

  describe('the encoding', () => {
    const rows = (...names: readonly (string | Buffer)[]): Buffer =>
      Buffer.concat([
        Buffer.from(`${head}\n`),
        ...names.flatMap((name, index) => [
          Buffer.from(`acme;A-${index + 1};web_form;${at};`),
          Buffer.from(name),
          Buffer.from(';;;\n'),
        ]),
      ]);
    const broken = Buffer.from([0x4c, 0xe9, 0x6f]);

    it('of a UTF-8 file is not changed by one bad byte: the file is refused with line and byte, nothing is written', async () => {
      await expect(imported('leads.csv', rows('Élan', 'Zoé', broken, 'Noël'))).rejects.toThrow(
        /^Line 4, byte 46: a byte that is not UTF-8, though 3 characters of the file are; .*--encoding/,
      );
    });

    it.each([
      ['utf-8', 'every byte of it is', rows('Élan')],
      ['utf-8', 'plain ASCII, the same in both', rows('Dupont')],
      ['utf-8', 'its byte order mark says so', Buffer.concat([Buffer.from('\ufeff'), rows('Élan')])],
      ['windows-1252', '1 bytes are not UTF-8, and no character of the file is', rows(broken)],
    ])('is %s, said with its reason: %s', async (encoding, encodingReason, content) => {
      expect(await imported('leads.csv', content)).toMatchObject({ encoding, encodingReason, inserted: 1 });
    });

    it('that is asked for is taken, or refused at the byte that does not fit', async () => {
      const mixed = rows('Élan', broken);
      const western = await imported('leads.csv', mixed, { encoding: 'windows-1252' });
      expect(western.rows.map((row) => row.last_name)).toEqual(['Ã‰lan', 'Léo']);
      await expect(imported('leads.csv', mixed, { encoding: 'utf-8' })).rejects.toThrow(/^Line 3, byte 46: /);
      await expect(
        imported('leads.csv', rows(Buffer.from([0x81])), { encoding: 'windows-1252' }),
      ).rejects.toThrow(/^Line 2, byte 45: /);
    });

    it('with a byte order mark is UTF-8 only, and a character cut off at the end is a bad byte', async () => {
      await expect(
        imported('leads.csv', Buffer.concat([Buffer.from('\ufeff'), rows(broken)])),
      ).rejects.toThrow(/^Line 2, byte 46: a byte that is not UTF-8\./);
      await expect(imported('leads.csv', Buffer.concat([rows('Élan'), Buffer.from([0xc3])]))).rejects.toThrow(
        /^Line 3, byte 1: /,
      );
    });
  });

  it('leaves an empty cell absent, and keeps quotes, delimiters and line ends inside a quoted cell', async () => {
    const result = await imported(
      'leads.csv',
      `reference;channel;collected_at;last_name;comment;email\nA-1;web_form;${at};"de ""La"" Tour; fils";"a\nb";\n`,
      { clientId: 'acme' },
    );
    expect(result.rows).toEqual([
      {
        ...{
          client_id: 'acme',
          reference: 'A-1',
          channel: 'web_form',
          collected_at: new Date('2026-11-24T09:15:00Z'),
        },
        ...{ last_name: 'de "La" Tour; fils', comment: 'a\nb' },
      },
    ]);
  });

  it('turns flat consent columns into consent events, and an empty one into nothing', async () => {
    const header =
      'reference;channel;collected_at;last_name;consent.marketing.email;consent.marketing.phone;consent.marketing.sms;consent.recorded_at;consent.wording_version;consent.legal_entity';
    const result = await imported(
      'leads.csv',
      `${header}\nA-1;web_form;${at};Dupont-Test;granted;refused;;${at};v3;Acme SAS\n`,
      { clientId: 'acme' },
    );
    expect(JSON.parse(String(result.rows[0]?.consents))).toEqual([
      {
        purpose: 'marketing',
        channel: 'email',
        state: 'granted',
        recordedAt: at,
        wordingVersion: 'v3',
        legalEntity: 'Acme SAS',
      },
      {
        purpose: 'marketing',
        channel: 'phone',
        state: 'refused',
        recordedAt: at,
        wordingVersion: 'v3',
        legalEntity: 'Acme SAS',
      },
    ]);
  });

  it('never invents the moment of a consent', async () => {
    const result = await imported(
      'leads.csv',
      `reference;channel;collected_at;last_name;consent.marketing.email\nA-1;web_form;${at};Dupont-Test;granted\n`,
      { clientId: 'acme' },
    );
    expect(result).toMatchObject({ inserted: 0, rejected: 1, codes: { REQUIRED: 1 } });
    expect(readFileSync(result.rejectsFile ?? '', 'utf8')).toContain('consents[0].recordedAt');
  });

  it('writes bad rows beside the file, readable by their owner only, with line, column, code and the row as it was', async () => {
    const text = `${head}\nacme;A-1;web_form;${at};Dupont-Test;;;\n\nacme;A-2;web_form;${at}; Dupont-Test;0639981234;1 000;\n`;
    const result = await imported('leads.csv', text);
    expect(result).toMatchObject({
      total: 2,
      inserted: 1,
      rejected: 1,
      rejectsFile: join(folder, 'leads.rejects.csv'),
    });
    expect(statSync(result.rejectsFile ?? '').mode & 0o777).toBe(0o600);
    const [header, row] = readFileSync(result.rejectsFile ?? '', 'utf8')
      .trim()
      .split('\n');
    expect(header).toBe(`rejected.line;rejected.column;rejected.code;rejected.reason;${head}`);
    expect(row).toMatch(
      /^4;last_name \| .*;OUTER_BLANKS \| .*;acme;A-2;web_form;.*; Dupont-Test;0639981234;1 000;$/,
    );
  });

  it('takes a corrected rejects file as it is, and never overwrites one', async () => {
    const first = await imported(
      'leads.csv',
      `${head}\nacme;A-2;web_form;${at}; Dupont-Test;+33639981234;;\n`,
    );
    const again = await imported(
      'leads.csv',
      `${head}\nacme;A-2;web_form;${at}; Dupont-Test;+33639981234;;\n`,
    );
    expect(again.rejectsFile).toBe(join(folder, 'leads.rejects-2.csv'));
    const repaired = readFileSync(first.rejectsFile ?? '', 'utf8').replace('; Dupont', ';Dupont');
    const result = await imported('repaired.csv', repaired);
    expect(result.rows[0]).toMatchObject({
      reference: 'A-2',
      last_name: 'Dupont-Test',
      mobile: '+33639981234',
    });
  });

  it('quotes in the rejects file what a spreadsheet would run, and leaves phone numbers alone', async () => {
    const result = await imported(
      'leads.csv',
      `${head}\nacme;A-2;fax;${at};=HYPERLINK(1);+33639981234;-5;\n`,
    );
    expect(readFileSync(result.rejectsFile ?? '', 'utf8')).toContain(";'=HYPERLINK(1);+33639981234;-5;");
  });

  it.each([
    ['a column of no meaning', `${head};fax\n`, 1, 'column 9'],
    ['a first line that is no header', 'acme;A-1;Dupont-Secret;06\n', 1, 'no header'],
    ['a column twice', `${head};rooms\n`, 1, 'rooms is twice'],
    [
      'a record of another width',
      `${head}\nacme;A-1;web_form;${at};Dupont-Secret;;;\nacme;A-2;Dupont-Secret\n`,
      3,
      '8 columns',
    ],
    ['a quote never closed', `${head}\nacme;A-1;web_form;${at};"Dupont-Secret;;;\n`, 2, 'quote'],
    ['a quote in the middle', `${head}\nacme;A-1;web_form;${at};Dup"ont-Secret;;;\n`, 2, 'quote'],
    ['nothing', '\n', 1, 'empty'],
    ['a JSON document', '[{"reference":"A"}]', 1, 'JSON array'],
    ['UTF-16', Buffer.from(`\ufeff${head}\n`, 'utf16le'), 1, 'UTF-8'],
  ])('with %s is refused whole, naming the line and no value', async (_what, content, line, message) => {
    const rows: IntakeValues[] = [];
    const insert = (some: readonly IntakeValues[]): Promise<void> => Promise.resolve(void rows.push(...some));
    const failing = imported('leads.csv', content, { insert });
    await expect(failing).rejects.toMatchObject({ code: 'IMPORT-001' });
    const text = await failing.catch((error: Error) => error.message);
    expect(text).toContain(`Line ${line}:`);
    expect(text).toContain(message);
    expect(text).not.toContain('Secret');
    expect(rows).toEqual([]);
  });

  it('whose last line is broken writes nothing at all, however many good rows come before', async () => {
    const rows: IntakeValues[] = [];
    const good = Array.from(
      { length: 1000 },
      (_, index) => `acme;A-${index};web_form;${at};Dupont-Test;;;`,
    ).join('\n');
    await expect(
      imported('leads.csv', `${head}\n${good}\nacme;A-x\n`, {
        insert: (some) => Promise.resolve(void rows.push(...some)),
      }),
    ).rejects.toThrow('Line 1002');
    expect(rows).toEqual([]);
  });
});

describe('JSON Lines', () => {
  const nested = {
    clientId: 'acme',
    reference: 'J-1',
    channel: 'inbound_call',
    collectedAt: at,
    identity: { lastName: 'Dupont-Test', mobile: '+33639981234', address: { city: 'Bordeaux' } },
    project: { use: 'main_residence', rooms: 3, comment: 'x' },
    origin: { type: 'portal' },
    consents: [{ purpose: 'marketing', channel: 'email', state: 'refused', recordedAt: at }],
  };

  it('nested or flat gives the same row', async () => {
    const flat = {
      ...{
        client_id: 'acme',
        reference: 'J-1',
        channel: 'inbound_call',
        collected_at: at,
        last_name: 'Dupont-Test',
        mobile: '+33639981234',
      },
      ...{
        city: 'Bordeaux',
        housing_use: 'main_residence',
        rooms: 3,
        comment: 'x',
        origin_type: 'portal',
        consents: nested.consents,
      },
    };
    const result = await imported('leads.jsonl', `${JSON.stringify(nested)}\n\n${JSON.stringify(flat)}`);
    expect(result).toMatchObject({ format: 'jsonl', total: 2, inserted: 2 });
    expect(result.rows[1]).toEqual(result.rows[0]);
  });

  it.each([
    [
      { ...nested, identity: { ...nested.identity, nickname: 'Dudu-Secret' } },
      'identity.nickname',
      'UNKNOWN_FIELD',
    ],
    [{ ...nested, last_name: 'Twice-Secret' }, 'last_name', 'GIVEN_TWICE'],
    [{ ...nested, last_name: undefined, lastName: 'X-Secret' }, 'lastName', 'UNKNOWN_FIELD'],
    [{ ...nested, project: { rooms: '3' } }, 'rooms', 'BAD_FORMAT'],
    [
      { ...nested, consents: [{ ...nested.consents[0], state: 'maybe' }] },
      'consents[0].state',
      'NOT_ALLOWED_VALUE',
    ],
  ])('refuses what the contract does not know, naming the path', async (line, column, code) => {
    const result = await imported('leads.jsonl', JSON.stringify(line));
    const [rejected] = readFileSync(result.rejectsFile ?? '', 'utf8')
      .trim()
      .split('\n')
      .map((one) => JSON.parse(one) as { rejected: object; reference: string });
    expect(rejected).toMatchObject({ reference: 'J-1', rejected: { line: 1, problems: [{ column, code }] } });
    expect(JSON.stringify(rejected?.rejected)).not.toContain('Secret');
  });

  it('does not lose a field that hides behind the name of a prototype', async () => {
    const result = await imported(
      'leads.jsonl',
      JSON.stringify(nested).replace('"reference"', '"__proto__":{"x":1},"reference"'),
    );
    expect(result).toMatchObject({ inserted: 0, rejected: 1, codes: { UNKNOWN_FIELD: 1 } });
  });

  it('with half a character is rejected, in a column or within an event, and never stored as another', async () => {
    const line = (reference: string, more: string): string =>
      `{"client_id":"acme","reference":"${reference}","channel":"web_form","collected_at":"${at}",${more}}\n`;
    const result = await imported(
      'leads.jsonl',
      line('J-1', '"last_name":"a\\ud800b"') +
        line('J-2', `"last_name":"Noël","interactions":[{"kind":"chat","at":"${at}","content":"\\udc00"}]`) +
        line('J-3', '"last_name":"\\ud83d\\ude00 Noël"'),
    );
    expect(result).toMatchObject({ inserted: 1, rejected: 2, codes: { BROKEN_TEXT: 2 } });
    expect(result.rows[0]?.last_name).toBe('😀 Noël');
    expect(readFileSync(result.rejectsFile ?? '', 'utf8')).toContain('interactions[0].content');
  });

  it('nested without end is refused whole, with its line', async () => {
    const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    await expect(imported('leads.jsonl', `{"reference":"A"}\n${deep}\n`)).rejects.toThrow(
      'Line 2: nested too deeply. Nothing was written.',
    );
  });

  it('with a name that occurs twice in one object is refused whole, at any depth', async () => {
    const consent = { purpose: 'marketing', channel: 'email', state: 'granted', recordedAt: at };
    const twice = JSON.stringify({ ...nested, consents: [consent] }).replace(
      '"channel":"email"',
      '"channel":"email","channel":"phone"',
    );
    await expect(imported('leads.jsonl', `${JSON.stringify(nested)}\n${twice}`)).rejects.toThrow(
      'Line 2: a name occurs twice in one object. Nothing was written.',
    );
  });

  it('with more columns than any lead has is refused whole, before it is judged', async () => {
    const wide = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`c${index}`, 1]));
    await expect(imported('leads.jsonl', JSON.stringify(wide))).rejects.toThrow('Line 1: too many names');
  });

  it('with long rows goes in by statements of bounded size', async () => {
    const said = Array.from({ length: 20 }, () => ({ kind: 'chat', at, content: 'a'.repeat(9_000) }));
    const lines = Array.from({ length: 12 }, (_, index) =>
      JSON.stringify({
        ...{ client_id: 'acme', reference: `L-${index}`, channel: 'web_form', collected_at: at },
        ...{ last_name: 'Dupont-Test', interactions: said },
      }),
    );
    const sizes: number[] = [];
    await imported('leads.jsonl', lines.join('\n'), {
      insert: (some) => Promise.resolve(void sizes.push(JSON.stringify(some).length)),
    });
    expect(Math.max(...sizes)).toBeLessThan(1_000_000);
  });

  it('with a line that is no JSON is refused whole', async () => {
    await expect(imported('leads.jsonl', `${JSON.stringify(nested)}\n{"last_name": "Dupont`)).rejects.toThrow(
      'Line 2: not readable as JSON',
    );
  });
});

it('a dry run checks and reports, and inserts nothing', async () => {
  const text = `${head}\nacme;A-1;web_form;${at};Dupont-Test;;;\nacme;A-2;fax;${at};Dupont-Test;;;\n`;
  const result = await imported('leads.csv', text, { dryRun: true });
  expect(result).toMatchObject({ inserted: 1, rejected: 1, codes: { NOT_ALLOWED_VALUE: 1 } });
  expect(result.rows).toEqual([]);
});

it('a row of another client than the one asked for is rejected', async () => {
  const result = await imported('leads.csv', `${head}\nother;A-1;web_form;${at};Dupont-Test;;;\n`, {
    clientId: 'acme',
  });
  expect(result).toMatchObject({ inserted: 0, codes: { NOT_ALLOWED_VALUE: 1 } });
});

// 30,000 leads take as long as the machine is busy.
it('a file of 30,000 leads goes in by batches of 200', async () => {
  const lines = Array.from(
    { length: 30_000 },
    (_, index) => `acme;A-${index};web_form;${at};Dupont-Test;;;`,
  ).join('\n');
  const sizes: number[] = [];
  const result = await imported('leads.csv', `${head}\n${lines}\n`, {
    insert: (some) => Promise.resolve(void sizes.push(some.length)),
  });
  expect([result.inserted, sizes.length, Math.max(...sizes)]).toEqual([30_000, 150, 200]);
});
