// Writes the note to the client about a right exercised by hand, without a request of its own (C48).
// Invariant: last in the transaction of the act; it names fields and opt-ins, never a value and never a lead.
import { writeNote, type ClientNote } from '../client-mails/notes.ts';
import { capital, optInWords, takenBackWords } from '../domain/opt-in-words.ts';
import type { OptIn } from '../domain/opposition.ts';
import type { Sql } from '../store/database.ts';
import { changedLines } from './proofs/proof-words.ts';
import type { SignedProof } from './proofs/proof.ts';

interface ByHand {
  readonly clientId: string;
  readonly actor: string;
  readonly reason: string;
}

const note = async (
  tx: Sql,
  { clientId, actor, reason }: ByHand,
  what: Pick<ClientNote, 'kind' | 'title' | 'changes'>,
): Promise<void> => {
  await writeNote(tx, {
    ...what,
    clientId,
    doneBy: actor,
    document: reason,
    askedBy: 'la personne concernée',
  });
};

export const noteOfErasure = (tx: Sql, by: ByHand, proof: SignedProof): Promise<void> =>
  note(tx, by, {
    kind: 'person_erased',
    title: 'données d’une personne effacées de nos bases',
    changes: [...changedLines(proof.tables), `Preuve signée n° ${proof.number}`],
  });

export const noteOfWithdrawal = (
  tx: Sql,
  by: ByHand,
  optIn: { readonly purpose: string; readonly channels: readonly string[] },
): Promise<void> =>
  note(tx, by, {
    kind: 'consent_withdrawn',
    title: 'retrait du consentement d’une personne',
    changes: optIn.channels.map(
      (channel) => `${capital(optInWords(`${optIn.purpose}.${channel}`))} : ${takenBackWords('withdrawal')}`,
    ),
  });

export const noteOfObjection = (tx: Sql, by: ByHand, optIns: readonly OptIn[]): Promise<void> =>
  note(tx, by, {
    kind: 'person_objected',
    title: 'coordonnées d’une personne inscrites sur votre liste d’opposition',
    changes: optIns.map(
      ({ purpose, channel }) =>
        `${capital(optInWords(`${purpose}.${channel}`))} : ${takenBackWords('objection')}`,
    ),
  });
