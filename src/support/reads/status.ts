// Reads the gateway's state: its processes, its queues with their ages, and how each destination sends.
// Invariant: reads only; a gateway at rest and one that does not run look different.
import { countBulkRuns } from '../../store/deliveries/bulk-runs.ts';
import { allDestinations, readStates } from '../../store/destinations/destinations.ts';
import { gatewayStatus, seenProcesses, type GatewayStatus } from '../../store/alerts/processes.ts';
import type { Spanning, SupportPlace } from '../place.ts';
import { publishedHours, sendingStateOf, type Sends } from '../sending-state.ts';
import type { Both } from '../words.ts';

export interface GatewayNow extends GatewayStatus {
  readonly bulkRuns: Awaited<ReturnType<typeof countBulkRuns>>;
  readonly destinations: readonly {
    readonly id: string;
    readonly client: string;
    readonly status: string;
    readonly circuit: string;
    readonly sends: Sends | 'all';
    /** Behind its name; null while it sends as many as it bears. */
    readonly trouble: Both | null;
  }[];
}

export async function gatewayNow(place: SupportPlace, _: Spanning): Promise<GatewayNow> {
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
