// The contract's authorisations become rows when a mapping is published.
// Invariant: each becomes a row once, and none is ended here: that is a person's act with a reason (C18).
import { liveAuthorisations, type Authorisation, type AuthorisationFact } from '../domain/destination.ts';
import type { CompiledMapping } from '../mapping/contract.ts';
import { insertAuthorisation, readAuthorisations } from '../store/authorisations.ts';
import type { Sql } from '../store/database.ts';
import { citedAuthorisation } from '../store/cited-records.ts';
import { appendHandovers } from '../store/handovers.ts';

/** What makes two authorisations the same. */
const sameness = (fact: AuthorisationFact & { readonly targets: readonly string[] }): string =>
  JSON.stringify([
    fact.recipient,
    fact.documentRef,
    [...fact.targets].sort(),
    [...fact.categories].sort(),
    new Date(fact.validFrom).toISOString(),
    fact.validUntil === undefined ? '' : new Date(fact.validUntil).toISOString(),
  ]);

const asFact = (
  authorisation: Authorisation,
): AuthorisationFact & { readonly targets: readonly string[] } => {
  const { validFrom, validUntil, ...rest } = authorisation;
  return {
    ...rest,
    validFrom: validFrom.toISOString(),
    ...(validUntil === undefined ? {} : { validUntil: validUntil.toISOString() }),
  };
};

export interface ComparedAuthorisations {
  /** Of client.yaml, without a row yet: publishing adds them. */
  readonly added: readonly Wanted[];
  /** In force, and client.yaml does not name them. */
  readonly unnamed: readonly Authorisation[];
}

type Wanted = AuthorisationFact & { readonly targets: readonly string[] };

/** What client.yaml says beside what is in force. */
export async function compareAuthorisations(
  tx: Sql,
  mapping: CompiledMapping,
): Promise<ComparedAuthorisations> {
  const existing = (await readAuthorisations(tx, [mapping.destinationId])).get(mapping.destinationId) ?? [];
  const known = new Set(existing.map((authorisation) => sameness(asFact(authorisation))));
  const wanted = (mapping.client.authorisations ?? [])
    .filter((fact) => fact.destinationId === mapping.destinationId)
    .map((fact) => ({ ...fact, targets: fact.targets ?? mapping.covered }));
  const named = new Set(wanted.map(sameness));
  return {
    added: wanted.filter((fact) => !known.has(sameness(fact))),
    unnamed: liveAuthorisations(existing, tx.now()).filter(
      (authorisation) => !named.has(sameness(asFact(authorisation))),
    ),
  };
}

/**
 * Turns the contract's authorisations into rows, once each. A revoked one does not come back by publishing again, and
 * one the file no longer names stays in force: ending it is a person's act with a reason (C18). It is named instead.
 */
export async function authorise(
  tx: Sql,
  mapping: CompiledMapping,
  author: string,
): Promise<ComparedAuthorisations> {
  const compared = await compareAuthorisations(tx, mapping);
  for (const fact of compared.added) {
    const id = await insertAuthorisation(tx, {
      clientId: mapping.clientId,
      destinationId: mapping.destinationId,
      recipient: fact.recipient,
      targets: fact.targets,
      categories: fact.categories,
      documentRef: fact.documentRef,
      validFrom: new Date(fact.validFrom),
      ...(fact.validUntil === undefined ? {} : { validUntil: new Date(fact.validUntil) }),
      grantedBy: author,
    });
    await appendHandovers(tx, [
      {
        entry: 'authorised',
        clientId: mapping.clientId,
        destinationId: mapping.destinationId,
        actor: author,
        authorisationId: id,
        recipient: fact.recipient,
        purpose: fact.documentRef,
        cited: await citedAuthorisation(tx, id),
      },
    ]);
  }
  return compared;
}
