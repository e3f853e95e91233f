// A file written part by part is the file written at once.
import { compiled, flow, lead, optIn, situation } from '../support.ts';

const fields = '- {to: NOM, from: identity.lastName}\n- {to: REF, from: id}';
const leads = [lead(), lead({ reference: 'DM-2' }), lead({ reference: 'DM-3' })];
const facts = { sequence: 7, slot: new Date('2026-11-24T06:00:00Z'), rows: leads.length };

const inLead = (mapping: string): string =>
  mapping.replace(optIn, optIn.replace('OPTIN', 'lead.OPTIN')).replaceAll(/to: (?=NOM|REF)/g, 'to: lead.');

function recordsOf(mapping: ReturnType<typeof compiled>) {
  return leads.map((one) => {
    const result = mapping.apply(one, situation());
    if (!result.ok) throw new Error(result.why);
    return result.record;
  });
}

test.each([
  ['CSV with its heading', 'csv: {}'],
  ['CSV with the mark of UTF-8', 'csv: {encoding: utf-8-bom, eol: lf}'],
  ['CSV of an old encoding', 'csv: {encoding: windows-1252, header: false}'],
  ['a list of JSON', 'json: {}'],
  ['lines of JSON', 'json: {list: lines}'],
  [
    'XML that counts its records in the root',
    'xml: {root: leads, record: lead, xmlns: {xsi: "http://www.w3.org/2001/XMLSchema-instance"}, rootAttributes: {n: "{rows}", seq: "{sequence}"}}',
  ],
  [
    'XML of an old encoding, without indents',
    'xml: {root: leads, record: lead, indent: false, encoding: windows-1252, xmlns: {xsi: "http://www.w3.org/2001/XMLSchema-instance"}}',
  ],
])('%s: the parts in their frame are the whole', (_name, format) => {
  const mapping = compiled(format.startsWith('xml') ? inLead(flow(format, fields)) : flow(format, fields));
  const records = recordsOf(mapping);
  const whole = mapping.write(records, 'create', facts);
  const { writePart } = mapping;
  const frame = mapping.frame?.('create', facts);
  if (writePart === undefined || frame === undefined) throw new Error('not in parts');
  const parts = [records.slice(0, 1), records.slice(1)].map((some) => writePart(some, 'create', facts));
  const [first, second] = parts as [Uint8Array, Uint8Array];
  expect(Buffer.concat([frame.open, first, frame.between, second, frame.close]).toString('latin1')).toBe(
    Buffer.from(whole.bytes).toString('latin1'),
  );
  expect(frame).toMatchObject({ mediaType: whole.mediaType, extension: whole.extension });
});

test('XML of a long file always declares the namespace of nil', () => {
  const mapping = compiled(inLead(flow('xml: {root: leads, record: lead}', fields)));
  expect(Buffer.from(mapping.frame?.('create', facts).open ?? []).toString()).toContain('xmlns:xsi=');
});

test('a record that names the rows of its file cannot be written before they are known', () => {
  expect(compiled(flow('csv: {}', `${fields}\n- {to: N, from: batch.rows}`)).writePart).toBeUndefined();
  expect(compiled(flow('csv: {}', `${fields}\n- {to: N, from: batch.sequence}`)).writePart).toBeDefined();
});
