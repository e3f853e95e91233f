// Authorises a recipient by hand, and ends an authorisation: the row, the entry of the log, the client's note, the released deliveries.
// Invariant: one transaction each (C18, C48).
import {
  insertAuthorisation,
  revokeAuthorisation,
  citedAuthorisation,
} from '../store/destinations/authorisations.ts';
import { citedInNote, instructionsFor } from '../client-mails/instructions.ts';
import { writeNote } from '../client-mails/notes.ts';
import type { Authorisation } from '../domain/destination.ts';
import { RelaisError } from '../errors.ts';
import { categoriesText } from '../publishing/notes.ts';
import type { Database, Sql } from '../store/database.ts';
import { appendHandovers } from '../store/log/handovers.ts';
import { lockClients } from '../store/client-locks.ts';
import { withheldOfDestination, reopenLogged } from '../store/leads/restrictions.ts';
import { inOne, reason, type Act, type InputOf } from './acts/act.ts';
import { askedBy, instructions } from './acts/mappings.ts';
import { authorisationsListed } from './reads/requests.ts';

/**
 * Returns the number of the authorisation, of the deliveries judged again, and of the note.
 * @throws FIND-001, CLIENT-001, INSTRUCTION-001 where the client has a register and none of the cited covers recipients
 */
export async function grantAuthorisation(
  database: Database,
  granted: Omit<Authorisation, 'id' | 'revokedAt'> & { readonly grantedBy: string },
  {
    askedBy: asker,
    instructions: numbers = [],
  }: { readonly askedBy?: string | undefined; readonly instructions?: readonly number[] } = {},
): Promise<{ readonly authorisation: number; readonly reopened: number; readonly note: number }> {
  const { clientId, destinationId, recipient, documentRef, targets, categories, grantedBy: actor } = granted;
  return database.transaction(async (tx) => {
    await refuseClosed(tx, clientId);
    const cited = citedInNote(
      await instructionsFor(tx, { clientId, cited: numbers, matters: ['recipients'] }),
    );
    const authorisation = await insertAuthorisation(tx, granted);
    await appendHandovers(tx, [
      {
        entry: 'authorised',
        clientId,
        destinationId,
        authorisationId: authorisation,
        recipient,
        actor,
        purpose: documentRef,
        cited: await citedAuthorisation(tx, authorisation),
      },
    ]);
    const reopened = granted.validFrom <= tx.now() ? await reopen(tx, destinationId, actor) : 0;
    const note = await writeNote(tx, {
      clientId,
      destinationId,
      kind: 'recipient_authorised',
      title: `destinataire habilité pour « ${destinationId} »`,
      changes: [
        `Destinataire : ${recipient}`,
        `Adresses : ${targets.join(', ')}`,
        `Catégories de données : ${categoriesText(categories)}`,
        `Du ${day(granted.validFrom)}${granted.validUntil === undefined ? ', jusqu’à révocation' : ` au ${day(granted.validUntil)}`}`,
        ...cited.lines,
      ],
      askedBy: asker ?? cited.givenBy,
      instruction: cited.instruction,
      doneBy: actor,
      document: documentRef,
    });
    return { authorisation, reopened, note };
  });
}

const fields = { reason, askedBy, instructions };
type Ended = Pick<Authorisation, 'clientId' | 'destinationId'> & { readonly note: number };

/** Needs no instruction: it only narrows. @throws FIND-001, DEST-001 when it is revoked already */
export const endAuthorisation: Act<InputOf<typeof fields>, Ended> = {
  permission: 'authorisation.manage',
  fields,
  work: async (doing, also) => {
    const { place, by, to, input } = doing;
    const { actor } = by;
    const found = (await authorisationsListed(place, by.scope)).find(({ id }) => String(id) === to[0]);
    if (found === undefined)
      throw new RelaisError('FIND-001', [
        `Aucune habilitation n’a le numéro ${to[0] ?? ''}.`,
        `No authorisation has the number ${to[0] ?? ''}.`,
      ]);
    const { id, clientId, destinationId, recipient } = found;
    return inOne(doing, also, async (tx) => {
      if (!(await revokeAuthorisation(tx, id, actor)))
        throw new RelaisError('DEST-001', [
          `L’habilitation ${id} est déjà révoquée.`,
          `Authorisation ${id} is revoked already.`,
        ]);
      const of = { clientId, destinationId };
      await appendHandovers(tx, [
        { ...of, entry: 'revoked', authorisationId: id, recipient, actor, purpose: input.reason },
      ]);
      const cited = citedInNote(
        await instructionsFor(tx, { clientId, cited: input.instructions, matters: [] }),
      );
      const note = await writeNote(tx, {
        ...of,
        kind: 'recipient_revoked',
        title: `habilitation retirée pour « ${destinationId} »`,
        changes: [
          `Destinataire : ${recipient}`,
          `Habilitation n° ${id} révoquée : plus rien ne part sous cette habilitation`,
          ...cited.lines,
        ],
        askedBy: input.askedBy ?? cited.givenBy,
        instruction: cited.instruction,
        doneBy: actor,
        document: input.reason,
      });
      return { ...of, note };
    });
  },
};

/** A closing client waits for our lock, or we find it closed: no authorisation outlives the end of its contract (C55). */
async function refuseClosed(tx: Sql, clientId: string): Promise<void> {
  if ((await lockClients(tx, [clientId], 'shared')).get(clientId)?.closed !== true) return;
  throw new RelaisError('CLIENT-001', [
    `Le contrat de ${clientId} a pris fin : personne n’est habilité.`,
    `The contract of ${clientId} has ended: nobody is authorised.`,
  ]);
}

const day = (at: Date): string => at.toLocaleDateString('fr-FR', { timeZone: 'Europe/Paris' });

/** The cause is repaired: withheld deliveries are judged again, at departure. */
async function reopen(tx: Sql, destinationId: string, actor: string): Promise<number> {
  const causes = ['recipient_not_authorised', 'category_not_authorised'];
  const ids = await withheldOfDestination(tx, destinationId, causes, 10_000);
  return (await reopenLogged(tx, ids, actor)).length;
}
