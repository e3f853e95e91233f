// What holds for every mapping that can be published and every lead: generated ones, not chosen ones.
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { XMLParser } from 'fast-xml-parser';
import { consentChannels, consentPurposes, consentStates, sourceModel } from '../../src/domain/lead.ts';
import type { ConsentRecord, ConsentState, Lead } from '../../src/domain/lead.ts';
import { at, check, compiled, flow, lead, noted, situation, webhook, written } from './support.ts';

/** The lead without some of its values: what was never said. */
function without(someone: Lead, paths: readonly string[]): Lead {
  const copy = structuredClone(someone) as unknown as Record<string, unknown>;
  for (const path of paths) {
    const keys = (path === 'comment' ? 'project.comment' : path).split('.');
    let node = copy;
    for (const key of keys.slice(0, -1)) node = (node[key] ?? {}) as Record<string, unknown>;
    // oxlint-disable-next-line typescript/no-dynamic-delete -- the copy is the test's own
    delete node[keys.at(-1) ?? ''];
  }
  return copy as unknown as Lead;
}

const whole = lead({
  identity: {
    ...{ civility: 'ms', lastName: 'Zo-Marqueur', firstName: 'Ada', email: 'zo@courriel.example' },
    ...{ mobile: '+33639980077', landline: '+33199000077' },
    address: { line1: '7 rue X', line2: 'Bât. Y', postcode: '69003', city: 'Lyon', country: 'FR' },
  },
  project: {
    ...{ programme: 'P', housingType: 'house', rooms: 3, surfaceMin: 40.5, surfaceMax: 80, use: 'resale' },
    ...{ budgetMin: 1000, budgetMax: 2000.5, location: 'Nantes', comment: 'Un mot' },
  },
  origin: { media: 'm', recording: 'R-1', commune: '69123', communeName: 'Lyon', departement: '69' },
});

const persons = sourceModel.filter(
  (field) =>
    field.person &&
    !field.path.startsWith('identity.phone') &&
    field.type !== 'list' &&
    field.category !== 'financial',
);

const formats: Readonly<Record<string, readonly string[]>> = {
  text: ['upper', 'lower', 'title', 'ascii', 'trim', 'text', '[trim, upper]', '{split: " "}'],
  email: ['lower', 'text'],
  phone: ['{phone: national}', '{phone: dotted}', '{phone: "0033"}', 'text'],
  enum: ['upper', 'text'],
  integer: ['integer', 'text', '{number: {decimal: ","}}'],
  decimal: ['integer', '{number: {decimal: ",", group: " ", decimals: 2}}'],
};

/** One line of fields for a person's source, with anything the language lets one write beside it. */
const personLine = fc.constantFrom(...persons).chain((source) =>
  fc.record({
    source: fc.constant(source),
    as: fc.option(fc.constantFrom(...(formats[source.type] ?? ['text'])), { nil: undefined }),
    empty: fc.option(fc.constantFrom('omit', 'null', '""', 'keep'), { nil: undefined }),
    max: fc.option(fc.constantFrom('4', '{length: 3, on: omit}', '{length: 90, on: error}'), {
      nil: undefined,
    }),
    map: fc.option(fc.constantFrom('{else: pass}', '{else: CODE}', '{else: omit}', '{x: y, else: omit}'), {
      nil: undefined,
    }),
    when: fc.option(
      fc.constantFrom('{present: channel}', '{not: {blank: channel}}', '{equals: {channel: web_form}}'),
      { nil: undefined },
    ),
    way: fc.constantFrom('from', 'template', 'line'),
  }),
);

test('no valid mapping ever puts a person’s value that the lead did not carry', () => {
  let published = 0;
  fc.assert(
    fc.property(
      fc.array(personLine, { minLength: 1, maxLength: 8 }),
      fc.subarray(persons.map((person) => person.path)),
      (lines, unsaid) => {
        const fields = lines.map(({ source, as, empty, max, map, when, way }, index) => {
          const more = [
            ...(way !== 'template' && as !== undefined && map === undefined ? [`as: ${as}`] : []),
            ...(way !== 'template' && map !== undefined ? [`map: ${map}`] : []),
            ...(empty === undefined ? [] : [`empty: ${empty}`]),
            ...(max === undefined ? [] : [`max: ${max}`]),
            ...(when === undefined ? [] : [`when: ${when}`]),
            ...(way === 'line' ? ['line: "Ligne : {value}"'] : []),
          ];
          const what = way === 'template' ? `template: "Valeur {{${source.path}}}"` : `from: ${source.path}`;
          return `- {${[`to: f${index}`, what, ...more].join(', ')}}`;
        });
        const result = check(webhook(fields.join('\n')));
        // A mapping that is refused writes nothing at all; most of these are not refused.
        if (!result.ok) return;
        published += 1;
        const applied = result.mapping.apply(without(whole, unsaid), situation());
        if (!applied.ok) return;
        const body = JSON.parse(
          Buffer.from(result.mapping.write([applied.record], 'create').bytes).toString(),
        ) as Record<string, unknown>;
        for (const [index, { source }] of lines.entries()) {
          if (unsaid.includes(source.path))
            expect([source.path, body[`f${index}`] ?? '']).toEqual([source.path, '']);
        }
      },
    ),
    { numRuns: 300 },
  );
  expect(published).toBeGreaterThan(150);
});

const event = fc.record({
  purpose: fc.constantFrom(...consentPurposes),
  channel: fc.constantFrom(...consentChannels),
  state: fc.constantFrom(...consentStates),
  recordedAt: fc.date({ min: new Date('2026-01-01'), max: at, noInvalidDate: true }),
  legalEntity: fc.constant('DEMO SAS'),
  wordingVersion: fc.constant('w1'),
});

/** Written anew: the latest answer wins, "not asked" never takes one back, ties protect. */
function inForce(
  events: readonly ConsentRecord[],
  purpose: string,
  channel: string,
): ConsentState | undefined {
  const own = events.filter((record) => record.purpose === purpose && record.channel === channel);
  const said = own.filter((consent) => consent.state !== 'not_asked');
  const order: readonly ConsentState[] = ['granted', 'not_asked', 'refused', 'withdrawn'];
  return (said.length > 0 ? said : own)
    .toSorted(
      (a, b) =>
        a.recordedAt.getTime() - b.recordedAt.getTime() || order.indexOf(a.state) - order.indexOf(b.state),
    )
    .at(-1)?.state;
}

type Values = Readonly<Record<ConsentState, string>>;
const value = fc.constantFrom('A', 'B', 'C', 'omit', '');
const declared = fc.record({
  purpose: fc.constantFrom(...consentPurposes),
  channel: fc.constantFrom(...consentChannels),
  values: fc.record({ granted: fc.constant('G'), refused: value, not_asked: value, withdrawn: value }),
});

/** What a recipient reads of the opt-ins in each format; undefined: not there. */
const readers: Readonly<Record<string, (text: string, index: number) => string | undefined>> = {
  json: (text, index) => (JSON.parse(text) as Record<string, string>)[`O${index}`],
  form: (text, index) => new URLSearchParams(text).get(`O${index}`) ?? undefined,
  csv: (text, index) =>
    (parse(text, { delimiter: ';', columns: true }) as unknown as Record<string, string>[])[0]?.[`O${index}`],
  xml: (text, index) =>
    (new XMLParser({ parseTagValue: false }).parse(text) as { lead: Record<string, string> }).lead[
      `O${index}`
    ],
};

test.each(Object.keys(readers))(
  'for any lead and any published mapping the %s holds exactly the opt-in that was declared',
  (format) => {
    const read = readers[format] ?? (() => undefined);
    fc.assert(
      fc.property(
        fc.uniqueArray(declared, {
          minLength: 1,
          maxLength: 4,
          selector: (line) => line.purpose + line.channel,
        }),
        fc.array(event, { maxLength: 24 }),
        (lines, consents) => {
          const to = (index: number): string => (format === 'xml' ? `lead.O${index}` : `O${index}`);
          const block = `consent:\n${lines
            .map(
              ({ purpose, channel, values }, index) =>
                `  - {to: ${to(index)}, purpose: ${purpose}, channel: ${channel}, values: ${JSON.stringify(values)}}\n`,
            )
            .join('')}`;
          const fields = `- {to: ${format === 'xml' ? 'lead.ref' : 'ref'}, from: id}`;
          const body =
            { json: '', form: 'form: {}', csv: 'csv: {}', xml: 'xml: {record: lead}' }[format] ?? '';
          const result = check(webhook(fields, body, block));
          if (!result.ok) throw new Error(JSON.stringify(result.problems));
          const applied = result.mapping.apply(lead({ consents }), situation());
          const states = lines.map((line) => inForce(consents, line.purpose, line.channel));
          if (states.includes(undefined)) {
            expect(applied).toMatchObject({ ok: false, why: 'opt_in_missing' });
            return;
          }
          if (!applied.ok) throw new Error(applied.why);
          const text = Buffer.from(result.mapping.write([applied.record], 'create').bytes).toString();
          for (const [index, { values }] of lines.entries()) {
            const wanted = (values as Values)[states[index] ?? 'refused'];
            const absent = format === 'csv' ? '' : undefined;
            expect(read(text, index)).toBe(wanted === 'omit' ? absent : wanted);
          }
          expect(applied.record.consents.map((consent) => [consent.field, consent.state])).toEqual(
            lines.map((_, index) => [to(index), states[index]]),
          );
        },
      ),
      { numRuns: 150 },
    );
  },
);

describe('round trips keep the form of a value', () => {
  const tricky = fc.oneof(
    fc.constantFrom(
      '0',
      '00',
      '0612345678',
      '01',
      '1e5',
      '1.0',
      'true',
      'false',
      'null',
      'NaN',
      '-0',
      '+33',
      'yes',
      '∅',
    ),
    fc.string({
      unit: fc.constantFrom('0', '1', '.', '+', '-', 'e', '"', ';', '<', '&', "'", 'é', '\n'),
      minLength: 1,
    }),
  );
  const said = (text: string): boolean => text.trim() !== '';

  test('CSV: a text comes back letter for letter', () => {
    const mapping = compiled(flow('csv: {eol: lf}', '- {to: A, from: comment}\n- {to: B, value: "0612"}'));
    fc.assert(
      fc.property(tricky.filter(said), (text) => {
        const [row] = parse(written(mapping, noted(text)), {
          delimiter: ';',
          columns: true,
          record_delimiter: '\n',
        });
        expect(row).toEqual({ A: text, B: '0612', OPTIN: 'O' });
      }),
    );
  });

  test('XML: a text comes back letter for letter, in an element and in an attribute', () => {
    const consent =
      'consent: [{to: lead.o, channel: email, values: {granted: "0", refused: "1", not_asked: "2", withdrawn: "3"}, inverted: confirmed}]\n';
    const mapping = compiled(
      webhook(
        '- {to: lead.a, from: comment}\n- {to: lead.b@c, from: comment}',
        'xml: {record: lead}',
        consent,
      ),
    );
    const parser = new XMLParser({
      ...{
        ignoreAttributes: false,
        attributeNamePrefix: '@',
        parseTagValue: false,
        trimValues: false,
        htmlEntities: true,
      },
    });
    fc.assert(
      fc.property(tricky.filter(said), (text) => {
        const { lead: back } = parser.parse(written(mapping, noted(text))) as {
          lead: Record<string, unknown>;
        };
        expect([back['a'], back['b'], back['o']]).toEqual([text, { '@c': text }, '0']);
      }),
    );
  });

  test('JSON: "0" stays a text, 0 a number, false a boolean, null a null', () => {
    const values: readonly (string | number | boolean | null)[] = [
      '0',
      0,
      false,
      'false',
      null,
      '',
      '0612',
      1.5,
    ];
    const fields = values
      .map((constant, index) => `- {to: f${index}, value: ${JSON.stringify(constant)}}`)
      .join('\n');
    const body = JSON.parse(written(compiled(webhook(fields)))) as Record<string, unknown>;
    expect(values.map((_, index) => body[`f${index}`])).toEqual(values);
  });
});
