// Stores the contract's authorisations when a mapping is published.
// Invariant: each is stored once, and none is ended here: only a person ends one, with a reason (C18).
import { liveAuthorisations, type Authorisation, type AuthorisationFact } from '../domain/destination.ts';
import type { CompiledMapping } from '../mapping/contract.ts';
import {
  insertAuthorisation,
  readAuthorisations,
  citedAuthorisation,
} from '../store/destinations/authorisations.ts';
import type { Sql } from '../store/database.ts';
import { appendHandover } from '../store/log/handovers.ts';

/** The facts that two equal authorisations have in common. */
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
  /** Listed in client.yaml, not stored yet: publishing adds them. */
  readonly added: readonly Wanted[];
  /** In force, but not listed in client.yaml. */
  readonly unnamed: readonly Authorisation[];
}

type Wanted = AuthorisationFact & { readonly targets: readonly string[] };

/** Compares the authorisations of client.yaml with those in force. */
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
 * Stores the contract's authorisations, once each. A revoked one is not restored by publishing again. One that the file no
 * longer lists stays in force, and is returned: only a person ends it, with a reason (C18).
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
    await appendHandover(tx, {
      entry: 'authorised',
      clientId: mapping.clientId,
      destinationId: mapping.destinationId,
      actor: author,
      authorisationId: id,
      recipient: fact.recipient,
      purpose: fact.documentRef,
      cited: await citedAuthorisation(tx, id),
    });
  }
  return compared;
}
