// Rights where they are hard to follow: by a row, after a part was taken, for a person with two leads, at a recipient without authorisation.
// Invariant: nobody is asked for a consent again, so that a withdrawal stands whatever comes after it.
import { handInChange } from './feed.ts';
import type { HandedIn } from './ledgers.ts';
import { clientId, goneId } from './mappings.ts';
import { correct, revokeAt, someReference } from './mischief-trade.ts';
import type { Random } from './random.ts';
import { pause, perhaps, surely, type Mischief, type Scene } from './scene.ts';

const by = { actor: 'storm', reason: 'storm' };
type Right = 'erase' | 'withdraw' | 'withdraw by row';

async function exercise(scene: Scene, random: Random, reference: string, right: Right): Promise<void> {
  const { rights } = scene.gateway.app;
  const request = { clientId, reference, ...by };
  if (right === 'withdraw by row') return withdrawByRow(scene, random, reference);
  await perhaps(async () => {
    if (right === 'erase') await rights.erase(request);
    else await rights.withdraw({ ...request, purpose: 'marketing', channels: ['email'] });
  });
}

/** As a form of the centre does it, with the stamp of the moment. */
const withdrawByRow = (scene: Scene, random: Random, reference: string): Promise<void> =>
  handInChange(scene, {
    kind: 'consent',
    reference,
    row_reference: `${reference}-w${random.between(0, 1e9)}`,
    consents: JSON.stringify([
      {
        purpose: 'marketing',
        channel: 'email',
        state: 'withdrawn',
        recordedAt: new Date(Date.now() - 1_000).toISOString(),
      },
    ]),
  });

/** Leads whose reference begins so, newest first. */
const named = (scene: Scene, mark: string): readonly string[] =>
  scene
    .handedIn()
    .filter((one) => one.reference.startsWith(mark))
    .map((one) => one.reference)
    .toReversed();

/** One of them takes back, the other is corrected: what leaves for the second must not bring back the grant. */
async function onePerson(scene: Scene, random: Random): Promise<void> {
  const all: readonly HandedIn[] = scene.handedIn();
  const second = random.pick(all.filter((one) => one.reference.startsWith('S-')).slice(-8));
  const first = all.find((one) => one.person === second?.person && one !== second && !one.poison);
  if (second === undefined || first === undefined) return;
  await exercise(scene, random, first.reference, random.pick(['withdraw', 'withdraw by row']));
  await pause(random.between(0, 1_500));
  await perhaps(() => correct(scene, random, second.reference));
}

/** Leads that a recipient has received. */
async function receivedBy(scene: Scene, destination: string): Promise<readonly string[]> {
  const rows = await scene.gateway.owner.all<{ reference: string }>(
    `SELECT l.reference FROM deliveries d JOIN leads l ON l.id = d.lead_id
      WHERE d.destination_id = ? AND d.action = 'create' AND d.departures > 0 AND l.erased_at IS NULL ORDER BY d.id DESC LIMIT 12`,
    [destination],
  );
  return rows.map((row) => row.reference);
}

export const rights: Readonly<Record<string, Mischief>> = {
  withdrawn_by_row: {
    weight: 6,
    run: async (scene, random) => {
      const reference = await perhaps(() => someReference(scene, random));
      if (reference !== undefined) await withdrawByRow(scene, random, reference);
    },
  },
  // Those whose grant bears a stamp ahead, and those of whom a part was taken.
  withdrawn_against_odds: {
    weight: 6,
    run: async (scene, random) => {
      const references = named(scene, random.pick(['G-', 'D-'])).slice(0, 6);
      if (references.length === 0) return;
      await exercise(
        scene,
        random,
        random.pick(references),
        random.pick(['withdraw', 'withdraw by row', 'withdraw by row']),
      );
    },
  },
  one_person: { weight: 5, run: onePerson },
};

/** Once it has received some leads, and when all is settled at the latest: from now on `gone` may be told only what people take back. */
export async function revokeForGood(scene: Scene, seconds: number): Promise<void> {
  const end = Date.now() + seconds * 1_000;
  await pause(seconds * 400);
  while (Date.now() < end) {
    const received = await perhaps(() => receivedBy(scene, goneId));
    if ((received?.length ?? 0) >= 4) return revokeNow(scene);
    await pause(200);
  }
}

const revokeNow = (scene: Scene): Promise<void> => surely(() => revokeAt(scene.gateway.app.database, goneId));

/** What is done when all is settled, so that no storm ends without it. */
export async function lastRights(scene: Scene, random: Random): Promise<void> {
  await revokeNow(scene);
  const gone = (await receivedBy(scene, goneId)).slice(0, 6);
  for (const [index, reference] of gone.entries())
    await exercise(scene, random, reference, index % 2 === 0 ? 'erase' : 'withdraw');
  for (const mark of ['D-', 'G-'])
    for (const reference of named(scene, mark).slice(0, 4))
      await exercise(scene, random, reference, random.pick(['withdraw', 'withdraw by row']));
  for (let times = 0; times < 3; times += 1) await onePerson(scene, random);
}
