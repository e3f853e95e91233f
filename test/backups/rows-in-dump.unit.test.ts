// Rows of a dump are counted as they pass, in the forms of both programs, however the bytes are cut.
import fc from 'fast-check';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createRowCounter } from '../../src/backups/rows-in-dump.ts';

const dump = `/*M!999999\\- enable the sandbox mode */
DROP TABLE IF EXISTS \`leads\`;
CREATE TABLE \`leads\` (
  \`id\` bigint(20) NOT NULL COMMENT 'INSERT INTO \`fake\` VALUES (1)',
  PRIMARY KEY (\`id\`)
);
INSERT INTO \`leads\` VALUES
(1,'a ); INSERT INTO \`fake\` VALUES (1),(2);',0x2829),
(2,'l\\'été (\\\\',NULL),
(3,'it''s; (done)',-1.5);
INSERT INTO \`leads\` VALUES (4,'x',NULL);
INSERT INTO \`generated\` (\`a\`, \`b\`) VALUES (1,'('),(2,')');
/*!50003 SET sql_mode = 'STRICT' */ ;
`;

async function counted(parts: readonly Buffer[]): Promise<{ text: string; rows: object; tables: string[] }> {
  const tables: string[] = [];
  const counter = createRowCounter((table) => void tables.push(table));
  const text = await buffer(Readable.from(parts).pipe(counter.stream));
  return { text: text.toString(), rows: Object.fromEntries(counter.rows()), tables };
}

test('rows by table, and the text unchanged', async () => {
  const { text, rows, tables } = await counted([Buffer.from(dump)]);
  expect(rows).toEqual({ leads: 4, generated: 2 });
  expect(tables).toEqual(['leads', 'generated']);
  expect(text).toBe(dump);
});

test('however it is cut', async () => {
  const bytes = Buffer.from(dump);
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 30 }),
      async (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const parts = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
        expect((await counted(parts)).rows).toEqual({ leads: 4, generated: 2 });
      },
    ),
    { numRuns: 50 },
  );
});
