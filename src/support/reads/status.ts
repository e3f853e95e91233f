// Reads the gateway's state: its processes, its queues with their ages, and how each destination sends.
// Invariant: reads only; a gateway at rest and one that does not run look different.
import { isRestorePending } from '../../store/backups/restore-pending.ts';
import { countBulkRuns } from '../../store/deliveries/bulk-runs.ts';
import { allDestinations, readStates } from '../../store/destinations/destinations.ts';
import { gatewayStatus, seenProcesses } from '../../store/alerts/processes.ts';
import type { Spanning, SupportPlace } from '../place.ts';
import { publishedHours, sendingStateOf } from '../sending-state.ts';

export type GatewayNow = Awaited<ReturnType<typeof gatewayNow>>;

export async function gatewayNow(place: SupportPlace, _: Spanning) {
  const { reading, database } = place;
  const status = await gatewayStatus(reading);
  const destinations = await allDestinations(reading);
  const states = await readStates(
    reading,
    destinations.map(({ id }) => id),
  );
  const hours = await publishedHours(place, destinations);
  return {
    ...status,
    /** A restored backup that no person has opened yet: nothing is taken in or sent. */
    restorePending: await isRestorePending(database),
    // Read from the primary: the account of a replica may see no runs and no mappings.
    bulkRuns: await countBulkRuns(database),
    destinations: destinations.map((destination) => {
      const { id, clientId: client } = destination;
      const state = states.get(id);
      const sending = sendingStateOf(destination, state, hours.get(id));
      return {
        id,
        client,
        status: destination.status,
        circuit: state?.circuit.state ?? 'closed',
        sends: sending?.sends ?? 'all',
        trouble: sending?.words ?? null,
      };
    }),
  };
}

// Lists the roles necessary for delivery that no running process has.
// Invariant: reads only the rows of living processes; a console or an API carries no leads.

const carrying = ['planner', 'worker'] as const;

export async function rolesMissing(
  { database }: Pick<SupportPlace, 'database'>,
  _: Spanning,
): Promise<readonly (typeof carrying)[number][]> {
  const alive = new Set((await seenProcesses(database)).map(({ role }) => role));
  return carrying.filter((role) => !alive.has(role));
}
