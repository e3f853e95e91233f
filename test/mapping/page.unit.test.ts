// The three files of the language's page, as written there: nested JSON, XML with everything XML has, CSV for a machine.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectors } from '../../connectors/index.ts';
import { checkSources } from '../../src/mapping/check.ts';
import { loadDestination } from '../../src/mapping/load.ts';
import { formatProblem } from '../../src/mapping/document/problems.ts';
import { schedules } from '../../src/mapping/transport/timing.ts';
import { leadFromSample } from '../../src/mapping/tools/sample.ts';
import { parseDuration } from '../../src/mapping/fields/time.ts';
import type { CompiledMapping } from '../../src/mapping/contract.ts';
import type { Lead } from '../../src/domain/lead.ts';
import { at, fixtures, mappingsRoot, situation, written } from './support.ts';

const preset = readFileSync(join(mappingsRoot, 'presets/http-json/mapping.yaml'), 'utf8');

function published(destinationId: string): CompiledMapping {
  const sources = loadDestination(join(fixtures, 'page'), destinationId);
  const files = { ...sources.files, 'presets/http-json/mapping.yaml': preset };
  const result = checkSources({ ...sources, files }, { connectors, now: () => at.getTime() });
  const problems = result.ok ? result.warnings : result.problems;
  expect(problems.map(formatProblem)).toEqual([]);
  if (!result.ok) throw new Error('refused');
  return result.mapping;
}

function dupont(): Lead {
  const text = readFileSync(join(fixtures, 'page/horizon/samples/dupont.yaml'), 'utf8');
  const sample = leadFromSample(text, 'dupont.yaml', 'horizon');
  if (!sample.ok) throw new Error(JSON.stringify(sample.problems));
  return sample.lead;
}

test('the JSON file of the page is published as it stands and writes what it says', () => {
  const mapping = published('horizon-crm');
  expect(JSON.parse(written(mapping, dupont()))).toEqual({
    contact: { nom: 'DUPONT', tel: '0639980012' },
    projet: { budget: '285 000,5' },
    origine: 'SLN',
    echanges: [{ type: 'web_form', le: '2026-11-20T10:14:00+01:00' }],
    source: 'Centre de contact',
    RGPD_OPTIN: 'OUI',
    DoNotCall: true,
    RGPD_DATE: '20/11/2026 10:15',
  });
  expect(mapping.retry.delays).toEqual(schedules['patient']?.map(parseDuration));
  expect(mapping.maxAgeMs).toBe(10 * 86_400_000);
  expect(mapping.accepts(dupont())).toEqual({ yes: true });
  expect(mapping.accepts({ ...dupont(), channel: 'callback' })).toEqual({ yes: false, because: 'channel' });
  expect(Object.keys(mapping.actions)).toEqual(['create', 'update', 'erase']);
});

test("a lead that does not fit the client's schema fails with the field, never its value", () => {
  const someone = dupont();
  const foreign = { ...someone, identity: { ...someone.identity, mobile: '+32471000000' } };
  expect(published('horizon-crm').apply(foreign, situation())).toEqual({
    ok: false,
    why: 'invalid',
    problems: [{ field: 'contact.tel', code: 'SCHEMA_PATTERN' }],
  });
});

test('the XML file of the page keeps order, attributes, prefixes, repeats and CDATA', () => {
  expect(written(published('horizon-xml'), dupont())).toBe(
    [
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<leads xmlns="urn:horizon" xmlns:p="urn:horizon:projet">',
      '  <lead ref="HZ-1">',
      '    <p:projet>',
      '      <p:budget devise="EUR">285001</p:budget>',
      '    </p:projet>',
      '    <telephones>',
      '      <tel type="mobile">06.39.98.00.12</tel>',
      '      <tel type="landline">01.99.00.00.12</tel>',
      '    </telephones>',
      '    <commentaire><![CDATA[annonce / Balcon < 10 m² ]]]]><![CDATA[> exposé "sud"]]></commentaire>',
      '    <optin canal="email">1</optin>',
      '  </lead>',
      '</leads>',
      '',
    ].join('\n'),
  );
});

test('the CSV file of the page writes for a machine: quoted, one byte a letter, the zero kept', () => {
  const mapping = published('horizon-csv');
  expect(written(mapping, dupont())).toBe('"NOM";"TEL";"OPTIN_TEL"\r\n"Dupont";"0639980012";"N"\r\n');
  expect(mapping.schedule).toEqual({
    ...{ cron: '0 7,13,19 * * 1-6', timezone: 'Europe/Paris', empty: 'skip' },
    ...{ lateMs: 1_800_000, ackWithinMs: 14_400_000 },
  });
  expect(mapping.retry.pendingForMs).toBe(4 * 3_600_000);
});
