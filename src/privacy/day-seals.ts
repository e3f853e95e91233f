// Signs the state of the log at the end of each day with the key of proofs, and mails it to the officer and to clients who want it (C46).
// Invariant: a day is signed once, whole, when it is over; who has the signed text and the public key needs no key of the centre to
// see that no entry of the day was added, changed or left out since.
import { createHash, sign, type Hash } from 'node:crypto';
import { queueClientMail, type MailAttachment } from '../client-mails/queue.ts';
import { addDays, frenchDate, type CivilDate } from '../domain/civil-date.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import { RelaisError } from '../errors.ts';
import { isDuplicateKey, type Database, type Sql } from '../store/database.ts';
import { findClient } from '../store/destinations/destinations.ts';
import { lastDaySeal, type DaySeal, insertDaySeal } from '../store/log/day-seals.ts';
import { lastSealBefore, readEntries, sealsAfter } from '../store/log/seals.ts';
import { installationId } from '../store/people/proofs.ts';
import { entryIdsOf, entryText } from './macs.ts';
import { proofKeyOf } from './proofs/proof.ts';

export const dayFormat = 'relais-day-1';

/** A sealer's transaction that began before midnight has ended. */
const slackMs = 600_000;
const sealsAtOnce = 20;

export interface DayPlace {
  readonly database: Database;
  readonly sealKeys: KeyRing;
  /** False where the centre's mails are not configured: nothing is queued. */
  readonly mails: boolean;
  readonly now?: () => Date;
}

/** Signs the oldest day that is over and not signed, from yesterday on at first. Returns true when one was. */
export async function signNextDay({
  database,
  sealKeys,
  mails,
  now = database.now,
}: DayPlace): Promise<boolean> {
  const madeAt = now();
  const today = dayOf(new Date(madeAt.getTime() - slackMs));
  const before = await lastDaySeal(database, '');
  const day = before === undefined ? addDays(today, -1) : addDays(before.day, 1);
  if (day >= today) return false;
  const sums = await sumsOf(database, day);
  try {
    await database.transaction(async (tx) => {
      const key = proofKeyOf(sealKeys.current());
      const installation = (await installationId(tx)) ?? 'none';
      for (const [clientId, sum] of sums.byClient) {
        const { hash, ...counts } = sum;
        const document = `${JSON.stringify(
          {
            format: dayFormat,
            installation,
            client: clientId === '' ? null : clientId,
            day,
            lastSeal: sums.lastSeal,
            ...counts,
            sha256: hash.copy().digest('hex'),
            ...(await linkOf(tx, clientId)),
            madeAt: madeAt.toISOString(),
            key: key.id,
          },
          undefined,
          2,
        )}\n`;
        const seal = {
          clientId,
          day,
          document,
          signature: sign(null, Buffer.from(document), key.privateKey),
        };
        await insertDaySeal(tx, seal);
        if (mails) await mail(tx, seal);
      }
    });
  } catch (error) {
    // Another planner has signed it.
    if (!isDuplicateKey(error)) throw error;
  }
  return true;
}

const dayOf = (at: Date): CivilDate => at.toISOString().slice(0, 10);

/** The statement before it, so that a day without one is seen to have had no entry. */
async function linkOf(
  tx: Sql,
  clientId: string,
): Promise<{ readonly previousDay: string | null; readonly previous: string | null }> {
  const last = await lastDaySeal(tx, clientId);
  return last === undefined
    ? { previousDay: null, previous: null }
    : { previousDay: last.day, previous: sha256(last.document) };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

interface Sum {
  entries: number;
  firstEntry: number;
  lastEntry: number;
  /** Over the texts of the entries as they were sealed, in the order of the seals, each followed by a line feed. */
  readonly hash: Hash;
}

interface DaySums {
  /** The last seal of the day as `relais log anchor` prints it; of an earlier day where none was made. */
  readonly lastSeal: string | null;
  /** With '' for the whole log, which comes first and is there on every day. */
  readonly byClient: ReadonlyMap<string, Sum>;
}

async function sumsOf(database: Database, day: CivilDate): Promise<DaySums> {
  const [from, until] = [new Date(`${day}T00:00:00Z`), new Date(`${addDays(day, 1)}T00:00:00Z`)];
  const byClient = new Map<string, Sum>([['', emptySum()]]);
  let last = await lastSealBefore(database, from);
  const [earlier] = last === 0 ? [] : await sealsAfter(database, last - 1, 1);
  let lastSeal = earlier === undefined ? null : `${earlier.sequence}:${earlier.mac.toString('hex')}`;
  for (;;) {
    const part = (await sealsAfter(database, last, sealsAtOnce)).filter(({ sealedAt }) => sealedAt < until);
    for (const seal of part) {
      const rows = await readEntries(database, entryIdsOf(seal.entries));
      if (rows.length !== seal.count)
        throw new RelaisError('LOG-001', `Entries of ${day} are missing under seal ${seal.sequence}.`);
      for (const row of rows) {
        const text = entryText(row);
        for (const clientId of new Set(['', String(row.client_id)])) add(byClient, clientId, row.id, text);
      }
      last = seal.sequence;
      lastSeal = `${seal.sequence}:${seal.mac.toString('hex')}`;
    }
    if (part.length < sealsAtOnce) return { lastSeal, byClient };
  }
}

const emptySum = (): Sum => ({ entries: 0, firstEntry: 0, lastEntry: 0, hash: createHash('sha256') });

function add(sums: Map<string, Sum>, clientId: string, id: number, text: string): void {
  const sum = sums.get(clientId) ?? emptySum();
  sums.set(clientId, sum);
  sum.entries += 1;
  if (sum.firstEntry === 0) sum.firstEntry = id;
  sum.lastEntry = id;
  sum.hash.update(`${text}\n`);
}

/** To the officer for the whole log, and to a client whose contract names a mailbox for it. */
async function mail(tx: Sql, { clientId, day, document, signature }: DaySeal): Promise<void> {
  const wanted = clientId === '' ? undefined : (await findClient(tx, clientId))?.contacts.seals;
  if (clientId !== '' && wanted === undefined) return;
  const attachments: readonly MailAttachment[] = [
    { name: `sceau-${day}.json`, mediaType: 'application/json', bytes: Buffer.from(document) },
    { name: `sceau-${day}.sig`, mediaType: 'application/octet-stream', bytes: signature },
  ];
  await queueClientMail(tx, {
    clientId,
    kind: 'day_seal',
    key: `day-seal-${day}`,
    to: [wanted === undefined ? 'dpo' : { mailbox: wanted }],
    subject: `Sceau du journal du ${frenchDate(day)}`,
    paragraphs: [
      `Voici l’état du journal des transmissions à la fin du ${frenchDate(day)} (UTC), signé par le centre. Conservez les deux fichiers : ils prouvent, face à un dossier d’audit, qu’aucune entrée de ce jour n’a été ajoutée, changée ou omise depuis.`,
      `Signature : openssl pkeyutl -verify -pubin -inkey CLE-PUBLIQUE.pem -rawin -in sceau-${day}.json -sigfile sceau-${day}.sig`,
    ],
    attachments,
  });
}
