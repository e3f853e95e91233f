// Writes the note about the changes of a request (C48): the fields, the number of leads, the request.
// Invariant: last in the transaction of the act; no value, and no reference: a note outlives the leads.
import { writeNote, type NoteKind } from '../../client-mails/notes.ts';
import { capital, optInWords, takenBackWords } from '../../domain/opt-in-words.ts';
import { kindWords, type RequestKind } from '../../domain/requests.ts';
import type { Sql } from '../../store/database.ts';
import type { RequestSubject } from '../../store/request-subjects.ts';
import type { Request } from '../../store/requests.ts';
import { changedLines } from '../proofs/proof-words.ts';
import type { SignedProof } from '../proofs/proof.ts';
import type { Work } from './work.ts';

const noteKindOf: Readonly<Record<Exclude<RequestKind, 'access' | 'portability'>, NoteKind>> = {
  rectification: 'person_rectified',
  erasure: 'person_erased',
  objection: 'person_objected',
  restriction: 'person_restricted',
  withdrawal: 'consent_withdrawn',
};

export interface Done {
  readonly part: readonly RequestSubject[];
  readonly proof: SignedProof | undefined;
  /** True where addresses that the person gave, which may be on no lead, were put on the opposition list with it. */
  readonly hasObjected: boolean;
}

/** Writes none where nothing was changed. */
export async function noteOfRequest(
  tx: Sql,
  { request, actor }: Work,
  { part, proof, hasObjected }: Done,
): Promise<void> {
  const { id, clientId, kind } = request;
  if (kind === 'access' || kind === 'portability') return;
  const fields = proof === undefined ? [] : changedLines(proof.tables);
  if (proof !== undefined && fields.length === 0 && !hasObjected) return;
  if (part.length === 0 && !hasObjected) return;
  const [leads, rows] = [countOf(part, 'lead'), countOf(part, 'row')];
  await writeNote(tx, {
    clientId,
    kind: noteKindOf[kind],
    title: `demande n° ${id} d’une personne (${kindWords[kind].fr}), effectuée dans nos bases`,
    changes: [
      ...(leads === 0 ? [] : [`Nombre de contacts de la personne concernés : ${leads}`]),
      ...(rows === 0 ? [] : [`Nombre de lignes refusées concernées : ${rows}`]),
      ...fields,
      ...optInLines(request),
      ...(hasObjected
        ? ['Coordonnées données par la personne : inscrites sur votre liste d’opposition']
        : []),
      ...(proof === undefined ? [] : [`Preuve signée n° ${proof.number}`]),
    ],
    askedBy: askedByPerson(id),
    doneBy: actor,
  });
}

export const askedByPerson = (id: number): string => `la personne concernée, demande n° ${id}`;

const countOf = (part: readonly RequestSubject[], wanted: RequestSubject['kind']): number =>
  part.filter(({ kind }) => kind === wanted).length;

const optInLines = ({ kind, optIns }: Request): readonly string[] =>
  kind === 'objection' || kind === 'withdrawal'
    ? optIns
        .split(' ')
        .filter((optIn) => optIn !== '')
        .map((optIn) => `${capital(optInWords(optIn))} : ${takenBackWords(kind)}`)
    : [];
