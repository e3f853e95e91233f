// The trial of presets as tests: each as it is, and with PRESET_HABITS=1 (or the names of some: PRESET_HABITS=odoo,tryton)
// beside it once without the rule for each of its habits, which must break in the words its folder foretells (some minutes).
// Invariant: one gateway, one database for all of them; every simulated CRM has records of its own.
import { silentScreen } from '../../sandbox/silent-screen.ts';
import { trustGuests } from '../../sandbox/trust.ts';
import { gatewayTools } from '../../../sandbox/demo/gateway.ts';
import { projectMappings } from '../../../sandbox/trial/mappings.ts';
import { readPreset } from '../../../sandbox/trial/preset-folder.ts';
import { runTrial } from '../../../sandbox/trial/run.ts';
import { inTrial, resultOf } from '../../../sandbox/trial/trial.ts';
import type { TrialResult } from '../../../sandbox/trial/compare.ts';

const { RELAIS_TEST_MYSQL_URL: mysqlUrl = '', RELAIS_TEST_REDIS_URL: redisUrl = '' } = process.env;

const asked = (process.env['PRESET_HABITS'] ?? '').split(',');
const withHabits = (preset: string): boolean => asked.includes('1') || asked.includes(preset);

export function tryInFull(presets: readonly string[]): void {
  const wanted = presets.flatMap((preset) => {
    const { habits } = readPreset(projectMappings, preset);
    return [{ preset }, ...(withHabits(preset) ? habits.map((habit) => ({ preset, habit })) : [])];
  });
  const results = new Map<string, TrialResult>();
  let trouble: readonly string[] = [];

  beforeAll(async () => {
    const signal = new AbortController().signal;
    await trustGuests(mysqlUrl);
    const deps = { screen: silentScreen, tools: gatewayTools, given: { mysqlUrl, redisUrl }, signal };
    await inTrial(wanted, deps, async (world) => {
      trouble = await runTrial(world, { signal, say: () => undefined, patienceMs: 240_000 });
      for (const subject of world.subjects) results.set(subject.id, await resultOf(world, subject));
    });
  }, 900_000);

  test.each(presets)(
    '%s: one record for each lead, the opt-in in its own place, the erased person gone',
    (preset) => {
      expect([...trouble, ...(results.get(preset)?.faults ?? ['no result'])]).toEqual([]);
      expect(results.get(preset)?.leads).toHaveLength(20);
    },
  );

  if (!presets.some(withHabits)) return;
  test.each(wanted.flatMap((one) => ('habit' in one ? [{ ...one, ...one.habit }] : [])))(
    '$preset breaks where nothing is known of this: $says',
    ({ preset, name, breaks }) => {
      const faults = results.get(`${preset}-${name}`)?.faults ?? [];
      expect(faults.filter((fault) => fault.includes(breaks))).not.toEqual([]);
    },
  );
}
