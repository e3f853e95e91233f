// The lines of an acknowledgement as the flow reads them: in pieces of any size, bounded, and nothing guessed.
import { checkFlowSettings } from '../../connectors/flow/settings.ts';
import type { FlowSettings } from '../../connectors/flow/settings.ts';
import type { LineSettings } from '../../connectors/flow/line-settings.ts';
import { unreadCode } from '../../connectors/flow/line-text.ts';
import { lineReader } from '../../connectors/flow/read-lines.ts';
import { flowWords } from '../../connectors/flow/words.ts';
import type { ItemAnswer } from '../../connectors/contract.ts';

const csv: LineSettings = { csv: {}, reference: 'REF', status: 'ETAT', accepted: ['OK'], refused: ['KO'] };
const xml: LineSettings = { xml: { record: 'lead' }, reference: '@ref', status: 'etat', accepted: ['OK'] };

async function read(
  lines: LineSettings,
  bytes: Buffer | string,
  pieceBytes = 7,
): Promise<readonly ItemAnswer[] | string> {
  const all = Buffer.from(bytes as string);
  const answers: ItemAnswer[] = [];
  const reader = lineReader(lines, (some) => {
    expect(some.length).toBeLessThanOrEqual(500);
    answers.push(...some);
    return Promise.resolve();
  });
  try {
    for (let at = 0; at < all.length; at += pieceBytes) await reader.write(all.subarray(at, at + pieceBytes));
    await reader.end();
    return answers;
  } catch (error) {
    return unreadCode(error) ?? 'not ours';
  }
}

test('a CSV is read wherever its pieces are cut, with a BOM, either end of line, quotes and empty lines', async () => {
  const text =
    '\uFEFFREF;ETAT;NOTE\r\nA-1; ok ;"dit ""oui"";\r\nà revoir"\r\n\r\nA-2;KO;un "mot" nu\r\nA-3;HM;\r\n;OK;';
  const expected = [
    { name: 'A-1', says: 'accepted' },
    { name: 'A-2', says: 'refused' },
    { name: 'A-3', says: undefined },
    { name: '', says: 'accepted' },
  ];
  for (const size of [1, 2, 3, 5, 64, 4096]) expect(await read(csv, text, size)).toEqual(expected);
});

test('columns are counted where there is no heading; lines that are too short say nothing', async () => {
  const counted: LineSettings = {
    csv: { delimiter: ',' },
    reference: 2,
    status: 1,
    accepted: ['1'],
    reason: 3,
  };
  expect(await read(counted, '1,A-1\n0,A-2,X\n1\n')).toEqual([
    { name: 'A-1', says: 'accepted' },
    { name: 'A-2', says: undefined, reason: 'X' },
    { name: '', says: 'accepted' },
  ]);
});

test.each<readonly [string, LineSettings, Buffer | string, string]>([
  ['a column is missing', csv, 'REF;STATUT\nA;OK\n', 'COLUMNS'],
  ['a quote is never closed', csv, 'REF;ETAT\nA;OK\n"B;OK\n', 'MALFORMED'],
  ['a record never ends', csv, `REF;ETAT\n"${'x'.repeat(600_000)}`, 'MALFORMED'],
  ['latin-1 comes for UTF-8', csv, Buffer.from('REF;ETAT\nÉ;OK\n', 'latin1'), 'ENCODING'],
  ['UTF-16 comes for UTF-8', csv, Buffer.from('REF;ETAT\n', 'utf16le'), 'ENCODING'],
  ['XML is cut off', xml, '<r><lead ref="A"><etat>OK</etat></lead>', 'MALFORMED'],
  [
    'XML declares entities',
    xml,
    '<!DOCTYPE r [<!ENTITY a "OK">]><r><lead ref="A"><etat>&a;</etat></lead></r>',
    'MALFORMED',
  ],
  ['XML is a text without an end', xml, `<r>${'x'.repeat(600_000)}`, 'MALFORMED'],
  ['XML declares what nobody knows', xml, '<?xml version="1.0" encoding="x-none"?><r/>', 'ENCODING'],
])('it cannot be read when %s', async (_, lines, bytes, code) => {
  expect(await read(lines, bytes, 65_536)).toBe(code);
});

test('XML records are read wherever they stand, by elements and attributes, without prefixes', async () => {
  const text =
    '<?xml version="1.0" encoding="UTF-8"?>\n<r xmlns:a="u"><a:lead ref="A&amp;1"><a:etat> ok </a:etat></a:lead><x><lead ref="B"><y><etat><![CDATA[OK]]></etat></y></lead></x></r>';
  for (const size of [80, 200, 4096])
    expect(await read(xml, text, size)).toEqual([
      { name: 'A&1', says: 'accepted' },
      { name: 'B', says: 'accepted' },
    ]);
});

const settings: FlowSettings = {
  name: 'L_{seq}.csv',
  to: 'local:x/in',
  server: { folder: '/srv/x' },
  schedule: { cron: '0 7 * * *' },
};
const problems = (lines: LineSettings | undefined, path = 'out/A_{seq}.csv'): readonly string[] =>
  checkFlowSettings({ ...settings, ack: { path, ...(lines === undefined ? {} : { lines }) } }).map(
    ({ path, message: [, english] }) => `${path} ${english}`,
  );

test('the check refuses lines that could be read in two ways, and pieces of an answer that is one', () => {
  expect(problems(csv)).toEqual([]);
  expect(problems(xml)).toEqual([]);
  expect(problems(csv, 'out/A_{seq}_{piece:2}.csv')).toEqual([]);
  expect(problems(undefined, 'out/A_{seq}_{piece}.csv').join()).toContain('{piece} needs ack.lines.');
  expect(problems({ ...csv, xml: { record: 'a' } }).join()).toContain('Exactly one of csv and xml');
  expect(problems({ ...csv, key: 'CLE' }).join()).toContain('Exactly one of reference and key');
  expect(problems({ ...csv, refused: ['ok'] }).join()).toContain('"ok" is in two of the lists');
  expect(problems({ ...csv, csv: { header: false } }).join()).toContain('write their places');
  expect(problems({ ...xml, status: 2 }).join()).toContain('an element has a name');
});

test('the signed document says each word, and that a lead without a line never counts as delivered', () => {
  const rows = flowWords.transport(
    { ack: { path: 'out/A_{seq}.csv', lines: { ...csv, again: ['TARD'] } } },
    [],
  );
  const text = JSON.stringify(rows);
  for (const part of [
    'notre référence : REF',
    'statut : ETAT',
    'acceptée : OK',
    'refusée : KO',
    'à renvoyer : TARD',
    'jamais compté comme remis',
  ])
    expect(text).toContain(part);
});
