// Decides whether the legal entity that a prospect was given is one that a client may rely on (Code de la consommation L223-1;
// C16b). Pure.
// Invariant: case, accents, punctuation and the legal form are ignored; the rest of the name decides.
import type { ClientFacts } from './destination.ts';

const legalForms = /\b(?:SASU|SAS|SARL|SA|EURL|SNC|SCI|SCCV|SCA|SCOP|SELARL|SC|SE)\b/g;

/** `Horizon Promotion, S.A.S.` and `HORIZON PROMOTION` are one. */
export function plainEntity(name: string): string {
  const words = name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toUpperCase()
    .replaceAll(/(?<=\b\p{L})\.(?=\p{L}\b)/gu, '')
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
  const bare = words.replaceAll(legalForms, ' ').replaceAll(/ +/g, ' ').trim();
  return bare === '' ? words : bare;
}

/** @param ours plain names; empty: the entities are not known, and any name is accepted */
export const isNamedEntity = (named: string | undefined, ours: ReadonlySet<string>): boolean =>
  ours.size === 0 || (named !== undefined && ours.has(plainEntity(named)));

/** The client's entities, and the recipients authorised at the destination; at all destinations when none is given. */
export function entitiesOf(
  client: Pick<ClientFacts, 'legalEntity' | 'legalEntities' | 'authorisations'> | undefined,
  destinationId: string | undefined,
): ReadonlySet<string> {
  const {
    legalEntity,
    legalEntities = [],
    authorisations = [],
  }: Partial<NonNullable<typeof client>> = client ?? {};
  if (legalEntity === undefined || legalEntity === '') return new Set();
  const recipients = authorisations
    .filter((authorisation) => destinationId === undefined || authorisation.destinationId === destinationId)
    .map(({ recipient }) => recipient);
  return new Set([legalEntity, ...legalEntities, ...recipients].map(plainEntity));
}
