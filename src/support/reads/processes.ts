// Lists the roles necessary for delivery that no running process has.
// Invariant: reads only the rows of living processes; a console or an API carries no leads.
import { seenProcesses } from '../../store/processes.ts';
import type { SupportPlace } from '../place.ts';

const carrying = ['planner', 'worker'] as const;

export async function rolesMissing({
  database,
}: Pick<SupportPlace, 'database'>): Promise<readonly (typeof carrying)[number][]> {
  const alive = new Set((await seenProcesses(database)).map(({ role }) => role));
  return carrying.filter((role) => !alive.has(role));
}
