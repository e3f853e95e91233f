// The engine as the rest of the house uses it: defaults, retries, settings, folder, preview, the demo clients.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connectors } from '../../connectors/index.ts';
import { checkAll } from '../../src/mapping/tools/check-folder.ts';
import { checkSources } from '../../src/mapping/check.ts';
import { loadDestination, loadMappings } from '../../src/mapping/load.ts';
import { allOnDisk, type MappingPlace } from '../../src/support/mappings/files.ts';
import { previewMapping } from '../../src/mapping/tools/preview.ts';
import { formatProblem } from '../../src/mapping/document/problems.ts';
import { schedules } from '../../src/mapping/transport/timing.ts';
import { leadFromSample } from '../../src/mapping/tools/sample.ts';
import { parseDuration } from '../../src/mapping/fields/time.ts';
import { compiled, demoClient, flow, lead, mail, mappingsRoot, situation, webhook } from './support.ts';

const name = '- {to: n, from: identity.lastName}';
const day = 86_400_000;

test('defaults: about 12 tries over 3 days, the first within seconds; 7 days at most; send again after an unknown', () => {
  const { retry, maxAgeMs, limits, timeouts, updateOn, hasLookup } = compiled(webhook(name));
  expect(retry.delays.length).toBe(12);
  expect(retry.delays[0]).toBeLessThanOrEqual(10_000);
  const total = retry.delays.reduce((sum, delay) => sum + delay, 0);
  expect(total).toBeGreaterThan(2.5 * day);
  expect(total).toBeLessThan(3.5 * day);
  expect(retry).toMatchObject({ onUnknown: 'resend', pendingForMs: day, pendingEveryMs: 300_000 });
  expect({ maxAgeMs, limits, timeouts, updateOn, hasLookup }).toEqual({
    maxAgeMs: 7 * day,
    limits: { concurrency: 8 },
    timeouts: { connectMs: 5_000, responseMs: 15_000, totalMs: 30_000 },
    updateOn: ['corrected'],
    hasLookup: false,
  });
});

test('every named schedule grows', () => {
  for (const [, delays] of Object.entries(schedules)) {
    const values = delays.map((delay) => parseDuration(delay) ?? 0);
    expect(values).toEqual(values.toSorted((a, b) => a - b));
  }
});

test('retry, limits, pending and time-outs as the file says', () => {
  const more =
    'retry: [5s, 2m, 1h]\nlimits: {concurrency: 2, perMinute: 60}\npending: {for: 2d, every: 10m}\ntimeouts: {total: 1m}\nmaxAge: 10d\nupdate: {on: [corrected, interaction]}';
  const mapping = compiled(webhook(name, more));
  expect(mapping.retry.delays).toEqual([5_000, 120_000, 3_600_000]);
  expect(mapping.limits).toEqual({ concurrency: 2, perMinute: 60 });
  expect(mapping.retry).toMatchObject({ pendingForMs: 2 * day, pendingEveryMs: 600_000 });
  expect(mapping.timeouts.totalMs).toBe(60_000);
  expect(mapping.updateOn).toEqual(['corrected', 'interaction']);
});

test('a file flow has its schedule, a webhook and a mail travel alone', () => {
  expect(compiled(flow('csv: {}', name))).toMatchObject({
    schedule: { cron: '0 7 * * *', timezone: 'Europe/Paris' },
    maxItems: 5000,
  });
  expect(compiled(webhook(name)).maxItems).toBe(1);
  expect(compiled(mail('', name)).targets).toEqual(['leads@demo.example']);
});

test('actions take the base settings with their own over them; targets are those of all actions', () => {
  const mapping = compiled(
    webhook(name, 'update: {send: {method: PUT, url: "https://crm.demo.example/api/{reference}"}}'),
  );
  expect(mapping.actions.create?.settings).toEqual({ url: 'https://crm.demo.example/api' });
  expect(mapping.actions.update?.settings).toEqual({
    url: 'https://crm.demo.example/api/{reference}',
    method: 'PUT',
  });
  expect(mapping.actions.erase).toBeUndefined();
  expect(mapping.targets).toEqual(['crm.demo.example']);
  expect(mapping.apply(lead(), situation({ action: 'erase' }))).toMatchObject({ ok: false, why: 'invalid' });
});

test('authorisations of client.yaml are facts of the client, until the end of their last day in Paris', () => {
  const text = readFileSync(join(mappingsRoot, 'hexagone/client.yaml'), 'utf8');
  expect(text).toContain('until: 2028-05-01');
  const mapping = checkSources(loadDestination(mappingsRoot, 'hexagone-xml'), { connectors });
  expect(mapping.ok && mapping.mapping.client.authorisations).toEqual([
    {
      recipient: 'Hexagone Commercialisation, CRM groupe',
      destinationId: 'hexagone-xml',
      targets: ['sftp:hexagone/leads'],
      categories: ['identity', 'project', 'statistical', 'financial'],
      documentRef: 'Contrat HX-2026-008, avenant 1',
      validFrom: '2026-05-01T22:00:00.000Z',
      validUntil: '2028-05-01T22:00:00.000Z',
    },
  ]);
});

test('the mappings of the house have no problem, their samples and goldens included', () => {
  const result = checkAll(mappingsRoot, { connectors });
  expect(result.problems.map(formatProblem)).toEqual([]);
  expect(result.ok).toBe(true);
  expect(result.mappings.map((mapping) => mapping.mapping.destinationId)).toEqual([
    'alpes-csv',
    'hexagone-xml',
    'horizon-crm',
    'littoral-mail',
  ]);
  for (const { mapping } of result.mappings) {
    const own =
      mapping.client.authorisations?.filter(
        (authorisation) => authorisation.destinationId === mapping.destinationId,
      ) ?? [];
    expect(
      own.some((authorisation) =>
        mapping.targets.every((target) => authorisation.targets?.includes(target) ?? true),
      ),
    ).toBe(true);
    expect(
      own.some((authorisation) =>
        mapping.categories.every((category) => authorisation.categories.includes(category)),
      ),
    ).toBe(true);
  }
});

test('samples hold invented persons only', () => {
  for (const { files } of loadMappings(mappingsRoot).destinations) {
    for (const [file, text] of Object.entries(files)) {
      if (!file.includes('/samples/') || !file.endsWith('.yaml')) continue;
      for (const [phone] of text.matchAll(/\+\d{6,}/g))
        expect(phone).toMatch(/^\+33(199000\d{3}|63998\d{4})$/);
      for (const [, domain] of text.matchAll(/@([\w.-]+)/g)) expect(domain).toMatch(/\.(example|invalid)$/);
    }
  }
});

test('sources of a destination hold what it is made of and no other mapping', () => {
  const { files, main } = loadDestination(mappingsRoot, 'horizon-crm');
  expect(main).toBe('horizon/crm.yaml');
  expect(Object.keys(files)).toEqual(
    expect.arrayContaining([
      'horizon/client.yaml',
      'horizon/crm.yaml',
      'horizon/horizon-crm.schema.json',
      'horizon/samples/durand.yaml',
      'presets/http-json/mapping.yaml',
    ]),
  );
  expect(Object.keys(files).some((file) => file.startsWith('alpes/'))).toBe(false);
  expect(() => loadDestination(mappingsRoot, 'nowhere')).toThrow('nowhere');
});

test('of the presets only those that are extended belong to a destination', () => {
  expect(
    Object.keys(loadDestination(mappingsRoot, 'alpes-csv').files).some((file) => file.startsWith('presets/')),
  ).toBe(false);
});

test('the files of a version stand in the order of their names, however many mappings the client has: their text is its fingerprint', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mappings-'));
  for (const name of ['a.yaml', 'b.yaml', 'c.yaml', 'client.yaml', 'maps/y.yaml', 'schema.json', 'z.yaml']) {
    mkdirSync(dirname(join(folder, 'demo', name)), { recursive: true });
    writeFileSync(join(folder, 'demo', name), 'connector: webhook\n');
  }
  const names = (id: string): readonly string[] => Object.keys(loadDestination(folder, id).files);
  const [client, map, schema] = ['demo/client.yaml', 'demo/maps/y.yaml', 'demo/schema.json'];
  expect(names('demo-b')).toEqual(['demo/b.yaml', client, map, schema]);
  expect(names('demo-z')).toEqual([client, map, schema, 'demo/z.yaml']);
  const all = loadMappings(folder).destinations;
  expect(all.map((destination) => destination.destinationId)).toEqual([
    'demo-a',
    'demo-b',
    'demo-c',
    'demo-z',
  ]);
  for (const destination of all)
    expect(destination).toEqual(loadDestination(folder, destination.destinationId));
});

test('a folder is checked as a whole: clients without file, destinations named twice, authorisations for nothing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mappings-'));
  const put = (name: string, text: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  put('demo/client.yaml', demoClient.replace('destination: demo-crm', 'destination: demo-crn'));
  put('demo/a.yaml', webhook(name));
  put('demo/b.yaml', webhook(name));
  put('demo/broken.yaml', '- nothing');
  put('maps/origine.yaml', 'seloger: SLN\n');
  put('demo/maps/civilite.yaml', 'mr: M\nelse: [x]\n');
  put('other/crm.yaml', webhook(name).replace('demo-crm', 'other-crm'));
  const result = checkAll(folder, { connectors });
  rmSync(folder, { recursive: true });
  expect(result.ok).toBe(false);
  expect(result.problems.map(formatProblem)).toEqual([
    'mappings/demo/b.yaml:1:14  MAP-409  another file has the destination "demo-crm".',
    'mappings/demo/broken.yaml:1:1  MAP-008  the file does not hold `key: value` lines.',
    'mappings/demo/client.yaml:15:36  MAP-410  the client has no destination "demo-crn". Did you mean "demo-crm"?',
    'mappings/demo/maps/civilite.yaml:2:7  MAP-205  else of a map is error, omit, pass, a value, or {value: error} for one of these words as a value.',
    'mappings/maps/origine.yaml:1:1  MAP-205  the map has no else: write else: error, omit, pass or a value.',
    'mappings/other/client.yaml:1:1  MAP-007  client.yaml of "other" does not exist.',
  ]);
});

test('two flows of one folder whose files can have one name are warned of', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mappings-'));
  mkdirSync(join(folder, 'demo'));
  const text = demoClient
    .replace('"sftp:demo/in"', '"sftp:demo/in", "sftp:other//in/"')
    .replace('sftp.demo.example]', 'sftp.demo.example, other.demo.example]')
    .replace('destination: demo-crm', 'destination: demo-a');
  writeFileSync(join(folder, 'demo/client.yaml'), text);
  const put = (id: string, change: (text: string) => string): void =>
    writeFileSync(
      join(folder, `demo/${id}.yaml`),
      change(flow('csv: {}', name).replace('demo-csv', `demo-${id}`)),
    );
  put('a', (text) => text);
  put('b', (text) =>
    text.replace('leads_{seq:6}', 'LEADS_{seq:4}').replace('sftp:demo/in', 'sftp:other//in/'),
  );
  put('c', (text) => text.replace('leads_{seq:6}', 'leads_{destination}_{seq:6}'));
  put('d', (text) => text.replace('sftp.demo.example', 'other.demo.example'));
  const result = checkAll(folder, { connectors });
  rmSync(folder, { recursive: true });
  expect(result.mappings.length).toBe(4);
  expect(result.problems.filter(({ code }) => code === 'MAP-409').map(formatProblem)).toEqual([
    'mappings/demo/b.yaml:4:9  MAP-409  warning: "demo-a" writes files of this name into the same folder: one overwrites the other, or waits for it. Write {destination} in the name, or another folder.',
  ]);
});

test('a folder that does not exist is told by name', () => {
  expect(() => loadMappings('/nowhere/mappings')).toThrow('/nowhere/mappings');
});

test('a folder that is there and cannot be read is no folder without mappings', () => {
  const place = (mappingsDir: string): MappingPlace =>
    ({ config: { mappingsDir } }) as unknown as MappingPlace;
  expect(allOnDisk(place('/nowhere/mappings'))).toEqual([]);
  // A file in its place: as a folder without the right to read it, which root would have all the same.
  expect(() => allOnDisk(place(import.meta.filename))).toThrow('cannot be read (ENOTDIR)');
});

test('a sample with a field the lead does not have is told at its line', () => {
  const sample = leadFromSample(
    'reference: A-1\nchannel: web_form\ncollectedAt: "2026-11-20T10:15:00+01:00"\nidentity:\n  lastNme: X\n',
    'demo/samples/a.yaml',
    'demo',
  );
  expect(sample.ok ? [] : sample.problems.map(formatProblem)).toEqual([
    'mappings/demo/samples/a.yaml:5:3  MAP-101  key "lastNme" does not exist here. Did you mean "lastName"?',
  ]);
});

test('a preview shows the exact bytes, where each value came from and the truth table of consent', () => {
  const preview = previewMapping(compiled(webhook(name)), lead(), situation());
  expect(preview.consentTable).toEqual([
    {
      field: 'OPTIN',
      purpose: 'marketing',
      channel: 'email',
      label: 'prospection par e-mail',
      values: { granted: 'O', refused: 'N', not_asked: 'I', withdrawn: 'R' },
      now: 'granted',
    },
  ]);
  expect(preview.result.ok && preview.result.text).toBe('{"n":"Durand","OPTIN":"O"}');
  expect(preview.result.ok && preview.result.origins[0]).toEqual({
    field: 'n',
    source: 'identity.lastName',
    value: 'Durand',
  });
  expect(preview.accepts).toEqual({ yes: true });
  expect(previewMapping(compiled(webhook(name)), lead({ consents: [] }), situation()).result).toMatchObject({
    ok: false,
    why: 'opt_in_missing',
  });
});
