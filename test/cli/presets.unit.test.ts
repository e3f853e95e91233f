// relais preset list and show read files only; try names what there is before it starts anything.
import { join } from 'node:path';
import { terminalOf } from './terminal.ts';

const relais = terminalOf({ RELAIS_MAPPINGS_DIR: join(import.meta.dirname, '../../mappings') });

test('list names every preset with its versions, how far it was proved, and what of it can be tried', async () => {
  const { out, code } = await relais('preset', 'list');
  expect(code).toBe(0);
  expect(out).toMatch(/^espocrm +EspoCRM +EspoCRM 8 .* real system +twenty leads$/m);
  expect(out).toMatch(/^csv-excel .* documentation only +one lead$/m);
  const { out: data } = await relais('preset', 'list', '--json');
  expect(JSON.parse(data)).toContainEqual(expect.objectContaining({ name: 'espocrm', proof: 'system' }));
});

test('show gives the client’s page, the answers and the habits', async () => {
  const { out } = await relais('preset', 'show', 'espocrm');
  expect(out).toContain('# EspoCRM');
  expect(out).toContain('cRelaisReference');
  expect(out).toMatch(/^create +409 .* invalid duplicate_check +reported$/m);
  expect(out).toMatch(/^look-up +the lead is stored behind a time-out or a 504$/m);
});

test('a preset, a simulated CRM or a habit that is not there is told with those that are', async () => {
  const unknown = await relais('preset', 'show', 'espcrm');
  expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('There is no preset espcrm')]);
  expect((await relais('preset', 'show', '../horizon')).code).toBe(1);
  const nothing = await relais('preset', 'try', 'espcrm');
  expect([nothing.code, nothing.err]).toEqual([1, expect.stringContaining('There is no preset espcrm')]);
  const kept = await relais('preset', 'try', 'csv-excel', '--keep');
  expect([kept.code, kept.err]).toEqual([64, expect.stringContaining('No CRM is simulated for csv-excel')]);
  const habit = await relais('preset', 'try', 'espocrm', '--without', 'look');
  expect([habit.code, habit.err]).toEqual([
    1,
    expect.stringContaining('no habit look. It names: duplicate-check'),
  ]);
});

test('a folder without presets is named, by list and by show', async () => {
  for (const command of [['list'], ['show', 'espocrm']])
    expect(await relais('preset', ...command, '--dir', 'src')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/FIND-001 The folder .*\/src\/presets holds no preset/) as string,
    });
});

test('show says how a preset without a simulated CRM is tried', async () => {
  const { out } = await relais('preset', 'show', 'adf-mail');
  expect(out).toContain('relais preset try adf-mail sends one lead');
});
