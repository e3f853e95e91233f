// Defines the type of a lead, derived from the definitions of its fields in lead-fields/.
// Invariant: absent stays absent (C13); every field has one category (C05, C06, C07, C10) and declares whether it is a person's.
import type { consentFields } from './lead-fields/consent.ts';
import type { ValuesOf } from './lead-fields/field.ts';
import type { financialFields } from './lead-fields/financial.ts';
import type { identityFields } from './lead-fields/identity.ts';
import type { interactionFields } from './lead-fields/interaction.ts';
import type { originFields } from './lead-fields/origin.ts';
import type { projectFields } from './lead-fields/project.ts';
import type { requestFields } from './lead-fields/request.ts';

export * from './lead-values.ts';
export type { SourceType } from './lead-fields/field.ts';
export { sourceModel, type SourceField } from './lead-fields/source-model.ts';

export type Identity = ValuesOf<typeof identityFields>;
export type Project = ValuesOf<typeof projectFields>;
export type Origin = ValuesOf<typeof originFields>;
export type Financial = ValuesOf<typeof financialFields>;
export type Interaction = ValuesOf<typeof interactionFields>;

/** Blocks of the lead that not every mapping reads: each is a table of its own, or is read from leads of other persons. */
export const optionalBlocks = ['project', 'origin', 'financial', 'interactions', 'refusedAtAddress'] as const;
export type OptionalBlock = (typeof optionalBlocks)[number];

/** One answer of the prospect, as recorded (C16, C16b). */
export interface ConsentRecord extends ValuesOf<typeof consentFields> {
  /** Position in our order of receipt; higher was received later. */
  readonly receipt?: number;
  /** The revision of the lead with which it was received. */
  readonly leadRevision?: number;
}

/** One request of one prospect to one client, with everything a mapping may read. */
export interface Lead extends ValuesOf<typeof requestFields> {
  readonly id: number;
  readonly clientId: string;
  /** The centre's reference: `[A-Za-z0-9._-]{1,64}`, never personal data. */
  readonly reference: string;
  /** Grows by one with every change: correction, consent event, interaction, erasure. */
  readonly revision: number;
  readonly identity: Identity;
  readonly project: Project;
  readonly origin: Origin;
  readonly financial: Financial;
  /** Every recorded event, oldest first; `domain/consent` computes the answers. */
  readonly consents: readonly ConsentRecord[];
  /** Refusals of another person with the same address, for `keptBy: address`; `purpose.channel`. */
  readonly refusedAtAddress?: ReadonlySet<string>;
  readonly interactions: readonly Interaction[];
  readonly erasedAt?: Date;
}
