// Defines the type of a lead, derived from the definitions of its fields in lead-fields/.
// Invariant: absent stays absent (C13); every field has one category (C05, C06, C07, C10) and declares whether it is a person's.
import { consentFields } from './lead-fields/consent.ts';
import type { financialFields } from './lead-fields/financial.ts';
import type { identityFields } from './lead-fields/identity.ts';
import { interactionFields } from './lead-fields/interaction.ts';
import type { originFields } from './lead-fields/origin.ts';
import type { projectFields } from './lead-fields/project.ts';
import type { requestFields } from './lead-fields/request.ts';
import { phoneTypes, type DataCategory } from './lead-values.ts';
import { columnFacts, leadFields, type ColumnFacts } from './lead-fields/columns.ts';
import { type ValuesOf, type Field, type Fields, type SourceType, isField } from './lead-fields/field.ts';
export * from './lead-values.ts';
export type { SourceType } from './lead-fields/field.ts';

// Defines the closed, typed source model: the names that `from:` and `each:` of a mapping may use.
// Invariant: fields of the lead are derived from their definitions; only sources that are no column are defined here.

export interface SourceField {
  /** As written after `from:`, e.g. `identity.lastName`. */
  readonly path: string;
  /** Path in the lead. */
  readonly place: string;
  readonly type: SourceType;
  readonly values?: readonly string[];
  /** Words for people for each of the values. */
  readonly words?: Readonly<Record<string, string>>;
  /** `technical` fields (references, dates of the exchange) carry no one's data. */
  readonly category: DataCategory | 'technical';
  /** True when the value is a person's: no default, no constant, no invention (C13). */
  readonly person: boolean;
  /** French, for the document a client signs. */
  readonly label: string;
  readonly description: string;
  /** Names that clients use; its own name and label when absent; null: no name suggests it. */
  readonly guess?: RegExp | null;
  /** For lists: the fields of one element. */
  readonly element?: readonly SourceField[];
}

function sourceOf(path: string, place: string, field: Field, category: SourceField['category']): SourceField {
  const { type, person, label, description, values, words, guess } = field;
  return { path, place, type, category, person, label, description, values, words, guess };
}

const ofColumn = (facts: ColumnFacts): readonly SourceField[] =>
  facts.source === null ? [] : [sourceOf(facts.source ?? facts.path, facts.path, facts, facts.category)];

const ofTable = (table: ColumnFacts['table']): readonly SourceField[] =>
  columnFacts.filter((facts) => facts.table === table).flatMap(ofColumn);

const elementsOf = (fields: Fields, category: DataCategory): readonly SourceField[] =>
  Object.entries(fields as Readonly<Record<string, Field>>).map(([name, field]) =>
    sourceOf(name, name, field, field.category ?? category),
  );

type Named = Pick<SourceField, 'label' | 'description'> & Partial<SourceField>;

const technical = (path: string, type: SourceType, more: Named): SourceField => ({
  path,
  place: path,
  type,
  category: 'technical',
  person: false,
  guess: null,
  ...more,
});

/** A source that is a person's, and no column. */
const personal = (path: string, type: SourceType, more: Named): SourceField => ({
  path,
  place: path,
  type,
  category: 'identity',
  person: true,
  ...more,
});

const phones: readonly SourceField[] = [
  personal('identity.phone', 'phone', {
    label: 'Téléphone (mobile, à défaut fixe)',
    description: 'The mobile if given, else the landline (E.164).',
    guess: /^(contact|prospect|client|lead|num|numero|numerode)*(tel|telephone|phone|phonenumber)[12]?$/,
  }),
  personal('identity.phones', 'list', {
    label: 'Téléphones',
    description: 'All phones given.',
    guess: null,
    element: [
      personal('type', 'enum', {
        label: 'Type de téléphone',
        description: 'Kind of phone.',
        values: phoneTypes,
        words: { mobile: 'Mobile', landline: 'Fixe', work: 'Bureau', other: 'Autre' },
        guess: /type|kind|label|nature/,
      }),
      personal('number', 'phone', {
        label: 'Numéro de téléphone',
        description: 'Phone number (E.164).',
        guess: /num|tel|phone|value|text|gsm/,
      }),
    ],
  }),
];

const interactions = personal('interactions', 'list', {
  category: 'statistical',
  label: 'Échanges',
  description: 'All actions of relation, oldest first.',
  guess: null,
  element: elementsOf(interactionFields, 'statistical'),
});

const exchange: readonly SourceField[] = [
  technical('client.id', 'text', { label: 'Votre code', description: 'Code of the client.' }),
  technical('client.name', 'text', { label: 'Votre nom', description: 'Name of the client.' }),
  technical('delivery.key', 'text', {
    label: 'Clé stable de la livraison',
    description: 'Stable key of the delivery (webhook-id).',
  }),
  technical('delivery.action', 'enum', {
    label: 'Nature du message (création, mise à jour, effacement)',
    description: 'Kind of delivery: create, update or erase.',
    values: ['create', 'update', 'erase'],
    words: { create: 'Nouveau contact', update: 'Mise à jour', erase: 'Effacement' },
  }),
  technical('delivery.reference', 'text', {
    label: 'Référence que vous avez donnée',
    description: 'Reference the recipient gave at creation.',
  }),
  technical('delivery.sentAt', 'date', {
    label: 'Date et heure d’envoi',
    description: 'Departure of the first attempt.',
  }),
  technical('batch.sequence', 'integer', {
    label: 'Numéro du fichier',
    description: 'Sequence number of the file.',
  }),
  technical('batch.rows', 'integer', {
    label: 'Nombre de lignes du fichier',
    description: 'Rows in the file.',
  }),
];

export const sourceModel: readonly SourceField[] = [
  technical('id', 'text', {
    place: 'reference',
    label: 'Référence du contact',
    description: "The centre's reference of the lead.",
    guess:
      /^(lead|demande|contact|source)?(id|ref|reference|identifiant|uuid|numero)(lead|demande|externe|source|contact)?$|^(external|ext)(id|ref)$/,
  }),
  technical('revision', 'integer', {
    label: 'Numéro de révision du contact',
    description: 'Grows by one with every change of the lead.',
  }),
  ...ofTable('leads'),
  ...ofTable('prospects'),
  ...phones,
  ...ofTable('lead_projects'),
  ...ofTable('lead_origins'),
  ...ofTable('lead_finances'),
  interactions,
  ...exchange,
];

// Restores the dates of a lead that was read from JSON or YAML.
// Invariant: a field is a date by its path, not by its name alone: a text with the name of a date field stays a text.

type Raw = Readonly<Record<string, unknown>>;

const isBlock = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

function revived(raw: Raw, fields: Fields): Raw {
  const block: Record<string, unknown> = { ...raw };
  for (const [name, entry] of Object.entries(fields)) {
    const value = raw[name];
    if (!isField(entry)) {
      if (isBlock(value)) block[name] = revived(value, entry);
    } else if (entry.type === 'date' && typeof value === 'string') block[name] = new Date(value);
  }
  return block;
}

const revivedList = (value: unknown, fields: Fields): unknown =>
  Array.isArray(value)
    ? value.map((element: unknown) => (isBlock(element) ? revived(element, fields) : element))
    : value;

/** Absent parts stay absent. */
export function reviveLead(raw: Raw): Partial<Lead> {
  const { consents, interactions, erasedAt } = raw;
  return {
    ...revived(raw, leadFields),
    ...(consents === undefined ? {} : { consents: revivedList(consents, consentFields) }),
    ...(interactions === undefined ? {} : { interactions: revivedList(interactions, interactionFields) }),
    ...(typeof erasedAt === 'string' ? { erasedAt: new Date(erasedAt) } : {}),
  } as Partial<Lead>;
}

export type Identity = ValuesOf<typeof identityFields>;
type Project = ValuesOf<typeof projectFields>;
type Origin = ValuesOf<typeof originFields>;
type Financial = ValuesOf<typeof financialFields>;
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
