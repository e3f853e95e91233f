// What an integrator sees beside a simulated CRM that is kept running, and that a copy of the preset's example reaches it.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { csvExample } from '../../sandbox/demo/keep.ts';
import type { CrmRecord } from '../../sandbox/simulators/simulator.ts';
import { changes, clientToTry } from '../../sandbox/trial/keep.ts';
import { preparePresets, projectMappings, writeClient } from '../../sandbox/trial/mappings.ts';
import { soundPace } from '../../sandbox/trial/pace.ts';

const record = (id: string, more: Partial<CrmRecord> = {}): CrmRecord => ({
  ...{ id, reference: `ESSAI-${id}`, firstName: 'Zoé', lastName: 'Œuvrard' },
  ...{ email: 'zoe@courriel.example', phone: '', mayContact: { email: true } },
  ...more,
});

test('a record that comes, changes or goes is told with what the CRM lets its users do; others are not', () => {
  const before = [record('1'), record('2'), record('3')];
  const now = [record('1'), record('2', { mayContact: { email: false } }), record('4')];
  expect(changes(before, now)).toEqual([
    'changed: ESSAI-2 (2)  Zoé Œuvrard  zoe@courriel.example: no  no phone: nothing',
    'new: ESSAI-4 (4)  Zoé Œuvrard  zoe@courriel.example: yes  no phone: nothing',
    'gone: ESSAI-3 (3)  Zoé Œuvrard  zoe@courriel.example: yes  no phone: nothing',
  ]);
});

test('the simulated CRM answers under the host of the trial and under that of the example', () => {
  const folder = mkdtempSync(join(tmpdir(), 'relais-keep-'));
  preparePresets(folder);
  const { hosts, exampleHosts } = writeClient(folder, soundPace, 'espocrm');
  rmSync(folder, { recursive: true });
  expect([hosts, exampleHosts]).toEqual([['crm.espocrm.example'], ['crm.client.example']]);
});

test('the lead to try it with has as many cells as columns, quotes read away', () => {
  const [head = '', row = ''] = csvExample('client', 'ESSAI-1', 'ESSAI-LYON');
  expect(head.split(',')).toHaveLength(row.replace(/"\[.*\]"/, 'consents').split(',').length);
});

describe('the files of the client that is tried', () => {
  let folder: string;
  let mappings: string;
  const own = (text: string): void => {
    mkdirSync(join(mappings, 'client'));
    writeFileSync(join(mappings, 'client', 'crm.yaml'), text);
  };
  const textOf = (...path: readonly string[]): string => readFileSync(join(mappings, ...path), 'utf8');
  /** As an integrator types it. */
  const copied = (preset: string): string => {
    const { client, copy } = clientToTry(mappings, preset);
    execFileSync('sh', ['-ec', copy.join('\n')], { cwd: folder });
    return client;
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'relais-keep-'));
    mappings = join(folder, 'mappings');
    cpSync(join(projectMappings, 'presets', 'sellsy'), join(mappings, 'presets', 'sellsy'), {
      recursive: true,
    });
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  test('are the example, where no client is there', () => {
    expect(copied('sellsy')).toBe('client');
    expect(textOf('client', 'crm.yaml')).toBe(textOf('presets', 'sellsy', 'example', 'crm.yaml'));
  });

  test('are the integrator’s own, untouched, where they have the preset', () => {
    own('extends: presets/sellsy\ndestination: client-crm\nparameters: { proof_field: 12 }\n');
    expect(copied('sellsy')).toBe('client');
    expect(textOf('client', 'crm.yaml')).toContain('proof_field: 12');
  });

  test('are the example under another name, where another client has that one', () => {
    own('extends: presets/odoo\ndestination: client-crm\n');
    mkdirSync(join(mappings, 'essai'));
    expect(copied('sellsy')).toBe('essai2');
    expect(textOf('client', 'crm.yaml')).toContain('presets/odoo');
    expect(textOf('essai2', 'crm.yaml')).toContain('destination: essai2-crm');
    expect(textOf('essai2', 'client.yaml')).toMatch(/^id: essai2$/m);
    expect(textOf('essai2', 'client.yaml')).not.toContain('client-crm');
  });
});
