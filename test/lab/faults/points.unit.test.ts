// The steps a storm can kill at: each is found in today's SQL, or the storm would kill at nothing.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawKill, filePoints, points, type Role } from './points.ts';
import { seeded } from './random.ts';

const store = join(import.meta.dirname, '../../..', 'src', 'store');
const sql = readdirSync(store, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(store, name), 'utf8'))
  .join('\n')
  // The function that inserts rows writes this.
  .replaceAll(/insertRows\(\w+, '(\w+)'/g, 'INSERT INTO $1');

test.each(points.map((point) => [point.name, point.sql]))(
  'step %s is a statement of src/store',
  (_name, text) => {
    expect(sql.split(text).length - 1).toBeGreaterThanOrEqual(1);
  },
);

test.each<readonly (readonly Role[])[]>([[['planner', 'worker', 'api']], [['all']]])(
  'a storm comes by every step of %s, before and after it',
  (roles) => {
    const random = seeded(1);
    const drawn = new Set<string>();
    for (let round = 0; round < 2_000; round += 1) {
      const plan = drawKill(roles[round % roles.length] ?? 'api', random);
      drawn.add(`${plan?.point} ${plan?.when}`);
    }
    expect(drawn.size).toBe(2 * (points.length + filePoints.length));
    expect(drawKill('console', random)).toBeUndefined();
  },
);
