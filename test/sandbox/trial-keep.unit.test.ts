// What an integrator sees beside a simulated CRM that is kept running, and that a copy of the preset's example reaches it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { csvExample } from '../../src/sandbox/demo/keep.ts';
import type { CrmRecord } from '../../src/sandbox/simulators/simulator.ts';
import { changes } from '../../src/sandbox/trial/keep.ts';
import { preparePresets, writeClient } from '../../src/sandbox/trial/mappings.ts';
import { soundPace } from '../../src/sandbox/trial/pace.ts';

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
