// Which of the roles that carry leads nobody plays at present.
// Invariant: reads the lines of living processes alone; a console or an API carries nothing.
import { seenProcesses } from '../../store/processes.ts';
import type { SupportPlace } from '../place.ts';

const carrying = ['planner', 'worker'] as const;

export async function rolesMissing({
  database,
}: Pick<SupportPlace, 'database'>): Promise<readonly (typeof carrying)[number][]> {
  const alive = new Set((await seenProcesses(database)).map(({ role }) => role));
  return carrying.filter((role) => !alive.has(role));
}
