// What happens to leads and recipients: moods, outages, rights, corrections of leads and of the set-up.
import type { Authorisation } from '../../../src/domain/destination.ts';
import { setDestinationStatus } from '../../../src/support/suspend.ts';
import {
  insertAuthorisation,
  readAuthorisations,
  revokeAuthorisation,
} from '../../../src/store/destinations/authorisations.ts';
import type { Database } from '../../../src/store/database.ts';
import { appendHandovers } from '../../../src/store/log/handovers.ts';
import { handInChange } from './feed.ts';
import { clientId, destinations, goneId, stormFiles, webhooks } from './mappings.ts';
import type { Random } from './random.ts';
import { pause, perhaps, surely, type Mischief, type Scene } from './scene.ts';

const by = { actor: 'storm', reason: 'storm' };
/** How often a recipient misbehaves when nothing special is the matter; who is asked first is there for the sake of its troubles. */
export const usualTrouble = (destination: string): number => (destination === 'essai-asked' ? 0.45 : 0.15);

/** A lead on its way right now, most of the time; else one of the last, else any. */
export async function someReference(scene: Scene, random: Random): Promise<string | undefined> {
  const dice = random.next();
  const sound = scene.handedIn().filter((one) => !one.poison);
  if (dice < 0.25) return sound.at(-1 - random.between(0, 4))?.reference;
  if (dice < 0.35) return sound.at(random.between(0, Math.max(1, sound.length)))?.reference;
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

const entryOf = ({ destinationId, recipient }: Authorisation) => ({
  ...{ clientId, destinationId, recipient },
  ...{ actor: 'storm', purpose: 'storm' },
});

/** Ends what a recipient may receive, as `relais authorisation revoke` does it; undefined when there was nothing to end. */
export async function revokeAt(database: Database, id: string): Promise<Authorisation | undefined> {
  const live = (await readAuthorisations(database, [id])).get(id)?.find((one) => one.revokedAt === undefined);
  if (live === undefined) return undefined;
  return database.transaction(async (tx) => {
    if (!(await revokeAuthorisation(tx, live.id, 'storm'))) return undefined;
    await appendHandovers(tx, [{ entry: 'revoked', authorisationId: live.id, ...entryOf(live) }]);
    return live;
  });
}

/** Grants again what was revoked last, where nothing is live. */
export async function grantAgain(database: Database, id: string): Promise<void> {
  await database.transaction(async (tx) => {
    const all = (await readAuthorisations(tx, [id])).get(id) ?? [];
    const last = all.at(-1);
    if (last === undefined || all.some((one) => one.revokedAt === undefined)) return;
    const { validUntil: _end, revokedAt: _revoked, ...rest } = last;
    const again = await insertAuthorisation(tx, { ...rest, grantedBy: 'storm' });
    await appendHandovers(tx, [{ entry: 'authorised', authorisationId: again, ...entryOf(last) }]);
  });
}

/** Another name, as a row. */
export const correct = (scene: Scene, random: Random, reference: string): Promise<void> =>
  handInChange(scene, {
    kind: 'correction',
    reference,
    row_reference: `${reference}-m${random.between(0, 1e9)}`,
    last_name: `Bernard-${random.between(0, 1e6)}`,
  });

/** An exchange with the person, as a row: new to every recipient, so a restriction holds it back. */
export const exchange = (scene: Scene, random: Random, reference: string): Promise<void> =>
  handInChange(scene, {
    kind: 'interaction',
    reference,
    row_reference: `${reference}-i${random.between(0, 1e9)}`,
    interactions: JSON.stringify([{ kind: 'chat', at: '2026-01-05T10:00:00Z', content: 'Une question.' }]),
  });

export const trade: Readonly<Record<string, Mischief>> = {
  trouble: {
    weight: 4,
    run: async ({ recipients }, random) => {
      const destination = random.pick(destinations);
      recipients.trouble.set(destination, random.next() * 0.8);
      await pause(random.between(500, 4_000));
      recipients.trouble.set(destination, usualTrouble(destination));
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
        await correct(scene, random, reference);
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
      const id = random.pick(destinations.filter((one) => one !== goneId));
      const { database } = scene.gateway.app;
      // Its answer may be lost, and MySQL may commit it after that: granted again whatever came of it, and once more in the calm.
      await perhaps(() => revokeAt(database, id));
      await pause(random.between(200, 3_000));
      await surely(() => grantAgain(database, id));
    },
  },
};
