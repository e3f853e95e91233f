// The short ten years in every test run; `npm run faults -- --years 10` lives them with five thousand persons, night after night.
import { shortYears } from './planting.ts';

test('C16b C21 C25 C30 C31 C32 C33: ten years of one client, and every promise that has a date was kept', async () => {
  const { counts, faults } = await shortYears(process.cwd(), 3, process.env);
  // The first of each kind: a long list would hide the kind that explains the others.
  const red = Object.entries(faults).flatMap(([what, found]) =>
    found.length === 0 ? [] : [`${found.length} times ${what}: ${found.slice(0, 2).join('; ')}`],
  );
  expect(red).toEqual([]);
  // What never happened proves nothing.
  const lived = (what: string): number => counts[what] ?? 0;
  for (const what of [
    'purged: operation_end',
    'purged: instruction',
    'anonymised: five_years',
    'anonymised: three_years',
    'anonymised: instruction',
    'applied: erasure',
    'applied: objection',
    'applied: restriction',
    'applied: rectification',
    'applied: withdrawal',
    'lifted',
    'closed',
    'closing tried too early',
    'withdrawn by row',
    'renewed',
    'replays',
    'malformed',
    'signs',
  ])
    expect([what, lived(what) > 0]).toEqual([what, true]);
  expect(lived('received')).toBeGreaterThan(150);
}, 900_000);
