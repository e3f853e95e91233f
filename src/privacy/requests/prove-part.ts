// Proves a part of a request in the transaction that changed it, and mails the proof to the client's contact (C23).
// Invariant: it names leads by their references, and no person.
import { queueClientMail } from '../../client-mails/queue.ts';
import { kindWords } from '../../domain/requests.ts';
import type { Sql } from '../../store/database.ts';
import type { RequestSubject } from '../../store/request-subjects.ts';
import { proofPage } from '../proofs/proof-page.ts';
import { proofText, type SignedProof } from '../proofs/proof.ts';
import { proved } from '../proofs/prove.ts';
import { inTheirSpace, type RequestDeps } from './deps.ts';
import type { Work } from './work.ts';

/** Runs a part with its proof; undefined where there was nothing to prove. */
export async function withProof(
  tx: Sql,
  deps: RequestDeps,
  { work, part }: { readonly work: Work; readonly part: readonly RequestSubject[] },
  carryOut: () => Promise<void>,
): Promise<SignedProof | undefined> {
  const { request, actor } = work;
  const { id, clientId, kind } = request;
  const numbersOf = (wanted: RequestSubject['kind']): readonly number[] =>
    part.filter((subject) => subject.kind === wanted).map(({ subjectId }) => subjectId);
  if (deps.proofs === undefined || part.length === 0) {
    await carryOut();
    return undefined;
  }
  const { proof } = await proved(
    tx,
    deps.proofs,
    {
      act: kind,
      clientId,
      actor,
      request: String(id),
      leadIds: numbersOf('lead'),
      refusedRows: numbersOf('row').map(String),
    },
    carryOut,
  );
  await mailProof(tx, deps, work, proof);
  return proof;
}

async function mailProof(tx: Sql, deps: RequestDeps, { request }: Work, proof: SignedProof): Promise<void> {
  const { id, clientId, kind } = request;
  const name = `preuve-${proof.number}`;
  await queueClientMail(tx, {
    clientId,
    kind: 'proof',
    key: `request-${id}-proof-${proof.number}`,
    to: ['contact'],
    subject: `Demande n° ${id} d’un prospect : preuve de ce qui a été fait`,
    paragraphs: [
      `La demande n° ${id} (${kindWords[kind].fr}) est effective dans nos bases. Vous en trouverez la preuve signée ci-jointe (n° ${proof.number}), avec une page lisible qui la résume.`,
      'Vos destinataires qui peuvent être prévenus par voie automatique le sont. Pour les autres, une demande écrite vous parvient séparément : merci d’effectuer les mêmes modifications dans vos bases internes, puis d’informer la personne que tout a bien été fait.',
      `Déclarez-le ensuite ${inTheirSpace(deps, id)}.`,
    ],
    attachments: [
      { name: `${name}.json`, mediaType: 'application/json', bytes: Buffer.from(proofText(proof)) },
      { name: `${name}.html`, mediaType: 'text/html; charset=utf-8', bytes: Buffer.from(proofPage(proof)) },
    ],
  });
}
