// Rows that are to do harm, handed in by the account that may: too big, too deep, with a status or number of their own choice.
// Invariant: each is written down with what must become of it; the ordinary leads around them are judged as everybody's.
import { leadRow } from '../../trip/gateway.ts';
import type { IntakeValue } from '../../../src/store/intake/intake.ts';
import { SqlFailure, type Database } from '../../../src/store/database.ts';
import type { HostileRow } from './ledgers.ts';
import type { Random } from './random.ts';
import { handInChange } from './feed.ts';
import { ofPerson } from './leads.ts';
import { perhaps, surely, type Mischief, type Scene } from './scene.ts';

type Row = Readonly<Record<string, IntakeValue | undefined>>;
let number = 0;

/** No right to a column, a value the column does not take, more than a packet holds. */
const atTheDoor: readonly number[] = [1142, 1143, 1153, 1264, 1265, 1366, 1406, 3819, 4025];

async function handIn(
  scene: Scene,
  kind: string,
  over: Row,
  must: HostileRow['must'],
  by: Pick<Database, 'run'> = scene.intake,
): Promise<void> {
  number += 1;
  const reference = String(over['reference'] ?? `H-${kind}-${number}`);
  const row: Row = { ...leadRow(reference, { programme: 'ES-CRM' }), ...over };
  const names = Object.keys(row);
  const values = Object.values(row).map((value) => value ?? null);
  await perhaps(async () => {
    const refused = await by
      .run(
        `INSERT INTO lead_intake (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
        values,
      )
      .then(
        () => false,
        (error: unknown) => {
          if (error instanceof SqlFailure && atTheDoor.includes(error.errno)) return true;
          throw error;
        },
      );
    scene.hostile.push({ reference, must, atTheDoor: refused });
  });
}

const many = (part: string, times: number): string => `[${`${part},`.repeat(times)}${part}]`;
const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

/** One of each kind but the big one, so that also a short storm has them all. */
export async function hostileRows(scene: Scene): Promise<void> {
  for (const status of ['', 'done']) await handIn(scene, `status${status}`, { status }, 'refused');
  // As by hand, or by an account from before the columns were named; looked at once a minute, too seldom for a short storm.
  for (const status of scene.servers === undefined ? [] : ['', 'NEW'])
    await handIn(scene, `owner${status}`, { status }, 'refused', scene.gateway.owner);
  await handIn(scene, 'deep', { consents: deep(50_000) }, 'refused');
  await handIn(scene, 'deeper', { interactions: deep(200_000) }, 'refused');
  await handIn(
    scene,
    'consents',
    { consents: many('{}', scene.servers === undefined ? 60_000 : 1_000_000) },
    'refused',
  );
}

/** A lead heavier than the database takes in one go once it is written together. */
async function bigLead(scene: Scene): Promise<void> {
  number += 1;
  const reference = `H-big-${number}`;
  const interaction = {
    kind: 'chat',
    at: '2026-01-05T10:00:00Z',
    content: 'Bonjour. '.repeat(400),
  };
  const interactions = many(JSON.stringify(interaction), 2_400);
  await handIn(scene, 'big', { reference, interactions }, 'refused');
  const more = { reference, kind: 'interaction', interactions, client_id: 'essai' };
  const bare = Object.fromEntries(Object.keys(leadRow(reference)).map((name) => [name, undefined]));
  await handIn(scene, 'big', { ...bare, ...more, row_reference: `${reference}-more` }, 'settled');
  const change = { kind: 'correction', client_id: 'essai', last_name: 'Martin-0' };
  await handIn(scene, 'big', { ...bare, ...change, reference, row_reference: `${reference}-k` }, 'settled');
}

/** As large as the contract allows, row after row until it is full; it leaves, and what is taken back of it is told, like any lead. */
async function fullLead(scene: Scene, random: Random): Promise<void> {
  number += 1;
  const reference = `F-full-${number}`;
  const interaction = { kind: 'chat', at: '2026-01-05T10:00:00Z', content: 'é'.repeat(4_900) };
  const interactions = many(JSON.stringify(interaction), 99);
  const programme = random.pick(['ES-HUB', 'ES-CRM']);
  await surely(() =>
    scene.gateway.send(leadRow(reference, { programme, interactions, ...ofPerson(9_000_000 + number) })),
  );
  const owed = ['essai-crm', ...(programme === 'ES-HUB' ? ['essai-hub'] : [])];
  scene.handedIn().push({ reference, owed, poison: false, person: 9_000_000 + number });
  for (const part of [1, 2, 3])
    await handInChange(scene, {
      kind: 'interaction',
      reference,
      row_reference: `${reference}-i${part}`,
      interactions,
    });
  await handInChange(scene, {
    kind: 'correction',
    reference,
    row_reference: `${reference}-k`,
    last_name: `Martin-${number}`,
  });
}

export const hostile: Readonly<Record<string, Mischief>> = {
  hostile_rows: { weight: 0.4, alone: 'hostile', run: (scene) => hostileRows(scene) },
  hostile_number: {
    weight: 0.3,
    run: (scene, random: Random) =>
      handIn(scene, 'number', { id: 2 ** 53 + 2 * random.between(1, 1e6) }, 'refused'),
  },
  full_lead: { weight: 0.3, alone: 'hostile', run: fullLead },
  hostile_big: { weight: 0.3, alone: 'hostile', needs: 'servers', run: bigLead },
};
