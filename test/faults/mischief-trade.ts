// What happens to leads and recipients: moods, outages, rights, corrections of the set-up, jobs that come twice.
import { Queue } from 'bullmq';
import { setDestinationStatus } from '../../src/delivery/suspend.ts';
import { queueName, queuePrefix } from '../../src/queue/jobs.ts';
import {
  insertAuthorisation,
  readAuthorisations,
  revokeAuthorisation,
} from '../../src/store/authorisations.ts';
import { appendHandovers } from '../../src/store/handovers.ts';
import { clientId, destinations, stormFiles, webhooks } from './mappings.ts';
import type { Random } from './random.ts';
import { pause, perhaps, surely, type Mischief, type Scene } from './scene.ts';

const by = { actor: 'storm', reason: 'storm' };
/** How often a recipient misbehaves when nothing special is the matter. */
export const usualTrouble = 0.15;

/** A lead on its way right now, most of the time; else one of the last, else any. */
async function someReference(scene: Scene, random: Random): Promise<string | undefined> {
  const dice = random.next();
  if (dice < 0.25) return `F-${Math.max(0, scene.handedIn() - 1 - random.between(0, 4))}`;
  if (dice < 0.35) return `F-${random.between(0, Math.max(1, scene.handedIn()))}`;
  const rows = await scene.gateway.owner.all<{ reference: string }>(
    "SELECT l.reference FROM deliveries d JOIN leads l ON l.id = d.lead_id WHERE d.state = 'sending' AND l.erased_at IS NULL ORDER BY d.id DESC LIMIT 12",
  );
  return rows.length === 0 ? undefined : random.pick(rows).reference;
}

async function exercise(scene: Scene, random: Random, right: 'erase' | 'withdraw'): Promise<void> {
  await perhaps(async () => {
    const reference = await someReference(scene, random);
    if (reference === undefined) return;
    const request = { clientId, reference, ...by };
    const { rights } = scene.slow.app;
    scene.slow.line.delay(random.between(0, 25));
    if (right === 'erase') await rights.erase(request);
    else await rights.withdraw({ ...request, purpose: 'marketing', channels: ['email'] });
  });
}

export const trade: Readonly<Record<string, Mischief>> = {
  trouble: {
    weight: 4,
    run: async ({ recipients }, random) => {
      const destination = random.pick(destinations);
      recipients.trouble.set(destination, random.next() * 0.8);
      await pause(random.between(500, 4_000));
      recipients.trouble.set(destination, usualTrouble);
    },
  },
  recipients_away: {
    weight: 1,
    alone: 'door',
    run: async ({ recipients, outageMs }, random) => {
      recipients.door(random.pick(['refuses', 'hangs']));
      await pause(random.between(500, Math.min(8_000, outageMs)));
      recipients.door('open');
    },
  },
  erased: { weight: 14, run: (scene, random) => exercise(scene, random, 'erase') },
  withdrawn: { weight: 14, run: (scene, random) => exercise(scene, random, 'withdraw') },
  // A change of a lead that is being sent: its update must wait for the create that is on its way.
  corrected: {
    weight: 20,
    run: async (scene, random) => {
      await perhaps(async () => {
        // The hub's updates need nothing of the create's answer: without an order they would overtake it.
        const rows = await scene.gateway.owner.all<{ reference: string }>(
          `SELECT l.reference FROM deliveries d JOIN leads l ON l.id = d.lead_id
            WHERE d.state = 'sending' AND d.action = 'create' AND d.destination_id = 'essai-hub' LIMIT 8`,
        );
        const reference = rows.length > 0 ? random.pick(rows).reference : await someReference(scene, random);
        if (reference === undefined) return;
        await scene.gateway.send({
          client_id: clientId,
          kind: 'correction',
          reference,
          row_reference: `${reference}-m${random.between(0, 1e9)}`,
          last_name: `Bernard-${random.between(0, 1e6)}`,
        });
      });
    },
  },
  published: {
    weight: 3,
    alone: 'publish',
    run: async (scene, random) => {
      const id = random.pick(webhooks);
      const name = `essai/${id.slice('essai-'.length)}.yaml`;
      const text = stormFiles(scene.recipients.places)[name] ?? '';
      // Another content from now on: what may have been received keeps the one of its version.
      const changed = text.replace(
        '\nresponse:',
        `\n  - { to: version, value: v${random.between(1, 1_000_000)} }\nresponse:`,
      );
      scene.gateway.file(name, changed);
      await perhaps(() =>
        scene.gateway.app.publishing.publish({ destinationId: id, author: 'storm', note: 'storm' }),
      );
    },
  },
  suspended: {
    weight: 2,
    alone: 'suspend',
    run: async (scene, random) => {
      const id = random.pick(destinations);
      const { database } = scene.gateway.app;
      await perhaps(() => setDestinationStatus(database, id, 'suspended', by));
      await pause(random.between(200, 4_000));
      await surely(() => setDestinationStatus(database, id, 'active', by));
    },
  },
  revoked: {
    weight: 2,
    alone: 'revoke',
    run: async (scene, random) => {
      const id = random.pick(destinations);
      const { database } = scene.gateway.app;
      const held = await perhaps(() => readAuthorisations(database, [id]));
      const live = held?.get(id)?.find((one) => one.revokedAt === undefined);
      if (live === undefined) return;
      const entry = {
        clientId,
        destinationId: id,
        recipient: live.recipient,
        actor: 'storm',
        purpose: 'storm',
      };
      await perhaps(() =>
        database.transaction(async (tx) => {
          if (!(await revokeAuthorisation(tx, live.id, 'storm'))) return;
          await appendHandovers(tx, [{ entry: 'revoked', authorisationId: live.id, ...entry }]);
        }),
      );
      await pause(random.between(200, 3_000));
      await surely(() =>
        database.transaction(async (tx) => {
          const all = (await readAuthorisations(tx, [id])).get(id) ?? [];
          if (all.some((one) => one.revokedAt === undefined)) return;
          const { validUntil: _end, ...rest } = live;
          const again = await insertAuthorisation(tx, {
            ...rest,
            validFrom: live.validFrom,
            grantedBy: 'storm',
          });
          await appendHandovers(tx, [{ entry: 'authorised', authorisationId: again, ...entry }]);
        }),
      );
    },
  },
  doubled_jobs: {
    weight: 4,
    run: async (scene, random) => {
      await perhaps(async () => {
        const rows = await scene.gateway.owner.all<{
          id: number;
          run: number;
          attempt: number;
          destination: string;
        }>(
          "SELECT id, run, attempt, destination_id AS destination FROM deliveries WHERE state IN ('queued', 'sending') AND batch_id = 0 ORDER BY id DESC LIMIT 12",
        );
        for (const [destination, group] of Map.groupBy(rows, (row) => row.destination)) {
          const queue = new Queue(queueName, {
            connection: scene.gateway.redis,
            prefix: queuePrefix(scene.gateway.config.redis.prefix, destination),
            skipVersionCheck: true,
          });
          queue.on('error', () => undefined);
          const opts = () => ({ jobId: `twin-${Math.random()}`, removeOnComplete: true, removeOnFail: true });
          await queue.addBulk([
            ...group.flatMap(({ id, run, attempt }) =>
              [attempt, attempt + 1, attempt + 1].map((number) => ({
                name: 'send',
                data: { deliveryId: id, run, attempt: number },
                opts: opts(),
              })),
            ),
            {
              name: 'send',
              data: random.pick<unknown>([null, {}, { deliveryId: 'x' }, { batchId: 999_999, attempt: 0 }]),
              opts: opts(),
            },
          ]);
          await queue.close();
        }
      });
    },
  },
};
