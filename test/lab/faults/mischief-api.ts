// What another system does over HTTP while the storm blows: replays what waits or has failed, cancels what waits and replays it. It never
// asks for what is delivered to be sent again: such a replay, or one that comes a moment after the delivery, is refused.
// Invariant: what it cancels it replays, so that each lead still comes to its end.
import { fetchedId } from './mappings.ts';
import { replay } from '../../support/replay.ts';
import type { Gateway } from '../../trip/gateway.ts';
import type { Random } from './random.ts';
import { pause, perhaps, type Mischief, type Scene } from './scene.ts';

let acts = 0;

/** Of leads that are no poison: who replays that in the calm would hold its destination. */
async function someDelivery({ gateway }: Scene, random: Random, where: string): Promise<number | undefined> {
  const rows = await perhaps(() =>
    gateway.owner.all<{ id: number }>(
      `SELECT d.id FROM deliveries d JOIN leads l ON l.id = d.lead_id
        WHERE ${where} AND l.erased_at IS NULL AND l.reference NOT LIKE 'P-%' ORDER BY d.id DESC LIMIT 12`,
    ),
  );
  return rows === undefined || rows.length === 0 ? undefined : random.pick(rows).id;
}

const act = async ({ outside }: Scene, id: number, what: 'replay' | 'cancel'): Promise<number> =>
  (await outside.surely(`/v1/deliveries/${id}/${what}`, { reason: `storm act ${(acts += 1)}` })).status;

export const api: Readonly<Record<string, Mischief>> = {
  replayed_over_http: {
    weight: 5,
    needs: 'servers',
    run: async (scene, random) => {
      const id = await someDelivery(scene, random, "d.state IN ('waiting', 'failed', 'withheld')");
      if (id !== undefined) await act(scene, id, 'replay');
    },
  },
  // Sent again, it would be received under a second key wherever its lead or its mapping has changed since.
  replayed_though_delivered: {
    weight: 3,
    needs: 'servers',
    run: async (scene, random) => {
      const id = await someDelivery(scene, random, "d.state = 'delivered'");
      if (id !== undefined) await act(scene, id, 'replay');
    },
  },
  // Given to a client and not answered for in time: it is given again, and both answers may come.
  fetched_lease_ends: {
    weight: 5,
    run: async ({ gateway }) => {
      await perhaps(() =>
        gateway.owner.run(
          "UPDATE deliveries SET lease_until = UTC_TIMESTAMP(3) WHERE state = 'sending' AND destination_id = ?",
          [fetchedId],
        ),
      );
    },
  },
  cancelled_over_http: {
    weight: 3,
    needs: 'servers',
    run: async (scene, random) => {
      const id = await someDelivery(
        scene,
        random,
        "d.action = 'create' AND d.state IN ('planned', 'queued', 'waiting')",
      );
      if (id === undefined || (await act(scene, id, 'cancel')) !== 200) return;
      await pause(random.between(0, 2_000));
      await act(scene, id, 'replay');
    },
  },
};

/** What was cancelled and whose replay was refused is replayed by hand: support accepts that the recipient may have it twice. */
export async function replayCancelled({ app, owner }: Gateway): Promise<void> {
  const rows = await owner.all<{ id: number }>(
    `SELECT d.id FROM deliveries d JOIN leads l ON l.id = d.lead_id
      WHERE d.state = 'cancelled' AND d.reason = 'by_support' AND l.erased_at IS NULL`,
  );
  if (rows.length > 0)
    await replay(
      app,
      rows.map(({ id }) => id),
      { actor: 'storm', reason: 'calm', acceptDoubles: true },
    );
}
