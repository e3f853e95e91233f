// What the mapping tests share: the demo client of the fixtures, the real connectors, a lead of an invented person.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectors } from '../../connectors/index.ts';
import { optionalBlocks, type Lead } from '../../src/domain/lead.ts';
import { checkSources } from '../../src/mapping/check.ts';
import type {
  CheckResult,
  CompiledMapping,
  MappingSources,
  WriteSituation,
} from '../../src/mapping/contract.ts';
import { decode, charsetIn } from '../../src/mapping/formats/encoding.ts';
import { formatProblem } from '../../src/mapping/document/problems.ts';

export const fixtures = join(import.meta.dirname, 'fixtures');
export const mappingsRoot = join(import.meta.dirname, '..', '..', 'mappings');
const read = (path: string): string => readFileSync(path, 'utf8');

/** Every preset of the folder, named as a mapping's sources name it. */
export const presetTexts: Readonly<Record<string, string>> = Object.fromEntries(
  readdirSync(join(mappingsRoot, 'presets')).map((name) => [
    `presets/${name}/mapping.yaml`,
    read(join(mappingsRoot, 'presets', name, 'mapping.yaml')),
  ]),
);

export const demoClient = read(join(fixtures, 'client.yaml'));

/** A fixed clock: 24 November 2026, 10:00 in Paris. */
export const at = new Date('2026-11-24T09:00:00Z');

export function sourcesOf(mapping: string, more: Readonly<Record<string, string>> = {}): MappingSources {
  return {
    clientId: 'demo',
    destinationId: /^destination: ([\w-]+)/m.exec(mapping)?.[1] ?? 'demo-crm',
    main: 'demo/crm.yaml',
    files: {
      'demo/client.yaml': demoClient,
      'demo/samples/durand.yaml': read(join(fixtures, 'durand.yaml')),
      'presets/http-json/mapping.yaml': read(join(mappingsRoot, 'presets/http-json/mapping.yaml')),
      'demo/crm.yaml': mapping,
      ...more,
    },
  };
}

export function check(mapping: string, more: Readonly<Record<string, string>> = {}): CheckResult {
  return checkSources(sourcesOf(mapping, more), { connectors, now: () => at.getTime() });
}

/** Every problem as a terminal shows it. */
export function problemsOf(mapping: string, more: Readonly<Record<string, string>> = {}): readonly string[] {
  const result = check(mapping, more);
  return (result.ok ? result.warnings : result.problems).map(formatProblem);
}

/** A mapping that must compile. */
export function compiled(mapping: string, more: Readonly<Record<string, string>> = {}): CompiledMapping {
  const result = check(mapping, more);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  const { mapping: own } = result;
  return {
    ...own,
    accepts: (whole) => own.accepts(onlyRead(whole, own)),
    apply: (whole, about) => own.apply(onlyRead(whole, own), about),
  };
}

/** The lead as the database gives it for a mapping: what none of its sources stands in is not there to be read. */
const onlyRead = (lead: Lead, { blocks }: CompiledMapping): Lead =>
  new Proxy(lead, {
    get: (whole, name) => {
      if (optionalBlocks.some((block) => block === name && !blocks.has(block)))
        throw new Error(`the mapping reads ${String(name)}, and does not say so`);
      return Reflect.get(whole, name) as unknown;
    },
  });

export const optIn = `consent:
  - {to: OPTIN, channel: email, values: {granted: O, refused: N, not_asked: I, withdrawn: R}}
`;

/** A webhook that writes JSON: only the part a test is about is given. */
export const webhook = (fields: string, more = '', consent = optIn): string => `destination: demo-crm
connector: webhook
send: {url: https://crm.demo.example/api}
response: [{accepted: {status: 201, json: {ok: true}}, reference: $.id}]
${consent}fields:
${fields
  .trim()
  .split('\n')
  .map((line) => `  ${line}`)
  .join('\n')}
${more}
`;

/** A file flow; `format` is its csv, xml or json block. */
export const flow = (
  format: string,
  fields: string,
  consent = optIn,
  more = '',
): string => `destination: demo-csv
connector: flow
file:
  name: "leads_{seq:6}.txt"
  to: sftp:demo/in
  server: {host: sftp.demo.example, user: relais, password: secret:DEMO, hostKey: SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA}
  schedule: {cron: "0 7 * * *"}
${format}
${consent}fields:
${fields
  .trim()
  .split('\n')
  .map((line) => `  ${line}`)
  .join('\n')}
${more}
`;

export const mail = (
  send: string,
  fields: string,
  consent = optIn,
  more = '',
): string => `destination: demo-mail
connector: email
send: {to: leads@demo.example, from: leads@relais.example, smtp: secret:SMTP${send}}
${consent}fields:
${fields
  .trim()
  .split('\n')
  .map((line) => `  ${line}`)
  .join('\n')}
${more}
`;

export const lead = (over: Partial<Lead> = {}): Lead => ({
  id: 1,
  clientId: 'demo',
  reference: 'DM-1',
  revision: 1,
  channel: 'web_form',
  collectedAt: new Date('2026-11-20T09:15:00Z'),
  operationKind: 'recurring',
  identity: { lastName: 'Durand', firstName: 'élise', mobile: '+33639980001' },
  project: { programme: 'DM-LYON', housingType: 'apartment', budgetMax: 285000.5 },
  origin: { media: 'seloger' },
  financial: {},
  consents: [
    {
      purpose: 'marketing',
      channel: 'email',
      state: 'granted',
      recordedAt: new Date('2026-11-20T09:15:00Z'),
    },
  ],
  interactions: [],
  ...over,
});

export const situation = (over: Partial<WriteSituation> = {}): WriteSituation => ({
  action: 'create',
  key: 'dlv_1',
  writtenAt: at,
  now: at,
  categories: ['identity', 'project', 'statistical'],
  ...over,
});

/** The text a mapping writes for a lead; throws when it writes none. */
export function written(
  mapping: CompiledMapping,
  someone: Lead = lead(),
  when: WriteSituation = situation(),
): string {
  const result = mapping.apply(someone, when);
  if (!result.ok) throw new Error(JSON.stringify(result));
  const batch = mapping.schedule === undefined ? undefined : { sequence: 7, slot: at, rows: 1 };
  const body = mapping.write([result.record], when.action, batch);
  return decode(body.bytes, charsetIn(body.mediaType));
}

/** The JSON a list of fields gives, without the opt-in. */
export function json(fields: string, someone: Lead = lead(), more = ''): Record<string, unknown> {
  const { OPTIN: _optIn, ...rest } = JSON.parse(written(compiled(webhook(fields, more)), someone)) as Record<
    string,
    unknown
  >;
  return rest;
}

export const faults = (fields: string, someone: Lead = lead(), more = ''): unknown => {
  const result = compiled(webhook(fields, more)).apply(someone, situation());
  return result.ok ? [] : 'problems' in result ? result.problems : result.why;
};

export const mobile = (number: string): Lead => lead({ identity: { mobile: number } });

export const noted = (comment: string, more: Partial<Lead> = {}): Lead =>
  lead({ project: { comment }, ...more });
export const batch = { sequence: 7, slot: at, rows: 2 };

export function bytesOf(mapping: string, leads: readonly Lead[]): Uint8Array {
  const made = compiled(mapping);
  const records = leads.map((someone) => {
    const result = made.apply(someone, situation());
    if (!result.ok) throw new Error(JSON.stringify(result));
    return result.record;
  });
  return made.write(records, 'create', batch).bytes;
}
