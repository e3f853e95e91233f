// The lead as the trade speaks of it: the closed, typed source model mappings read from.
// Invariant: absent stays absent (C13); every field has one category (C05, C06, C07, C10) and says whether it is a person's.

/** How the request reached the centre (C04). */
export const channels = ['inbound_call', 'callback', 'requalification', 'web_form'] as const;
export type Channel = (typeof channels)[number];

export const civilities = ['mr', 'ms'] as const;
export type Civility = (typeof civilities)[number];

export const consentStates = ['granted', 'refused', 'not_asked', 'withdrawn'] as const;
export type ConsentState = (typeof consentStates)[number];

/** Channels a consent speaks of (C16). */
export const consentChannels = ['email', 'sms', 'phone', 'post'] as const;
export type ConsentChannel = (typeof consentChannels)[number];

export const consentPurposes = ['marketing', 'newsletter', 'partners', 'profiling'] as const;
export type ConsentPurpose = (typeof consentPurposes)[number];

/** The ten kinds of interaction (C08). */
export const interactionKinds = [
  'inbound_call',
  'failed_callback',
  'outbound_call',
  'web_form',
  'email_sent',
  'sms_sent',
  'brochure_sent',
  'invitation_letter',
  'chat',
  'social_message',
] as const;
export type InteractionKind = (typeof interactionKinds)[number];

export const housingTypes = ['apartment', 'house', 'land', 'parking', 'commercial', 'other'] as const;
export type HousingType = (typeof housingTypes)[number];

/** What the property is meant for (C06 « destination du bien »). */
export const housingUses = ['main_residence', 'second_home', 'rental_investment', 'resale', 'other'] as const;
export type HousingUse = (typeof housingUses)[number];

export const operationKinds = ['recurring', 'one_off'] as const;
export type OperationKind = (typeof operationKinds)[number];

export const phoneTypes = ['mobile', 'landline', 'work', 'other'] as const;
export type PhoneType = (typeof phoneTypes)[number];

/** Category `identity` (C05). Phones are E.164. */
export interface Identity {
  readonly civility?: Civility;
  readonly lastName?: string;
  readonly firstName?: string;
  readonly email?: string;
  readonly mobile?: string;
  readonly landline?: string;
  readonly address?: {
    readonly line1?: string;
    readonly line2?: string;
    readonly postcode?: string;
    readonly city?: string;
    /** ISO 3166-1 alpha-2. */
    readonly country?: string;
  };
}

/** Category `project` (C06). Surfaces in m², budgets in euros. */
export interface Project {
  readonly programme?: string;
  readonly housingType?: HousingType;
  readonly rooms?: number;
  readonly surfaceMin?: number;
  readonly surfaceMax?: number;
  readonly use?: HousingUse;
  readonly budgetMin?: number;
  readonly budgetMax?: number;
  /** Commune or area wanted, as said. */
  readonly location?: string;
  /** What the prospect said or wrote of the request, in their words. */
  readonly comment?: string;
}

/** Category `statistical` (C07). */
export interface Origin {
  /** Type of advertising origin: `portal`, `search`, `press`, `radio`, `display`, ... code chosen by the centre. */
  readonly type?: string;
  readonly media?: string;
  readonly support?: string;
  /** Number or address of the call recording. */
  readonly recording?: string;
  /** INSEE code of the commune of geographic origin. */
  readonly commune?: string;
  readonly communeName?: string;
  readonly departement?: string;
  readonly talkStartedAt?: Date;
  /** Seconds. */
  readonly talkDuration?: number;
}

/** Category `financial` (C10): sent only where contract and destination both list it; never in a mail body. Euros; percent. */
export interface Financial {
  readonly contribution?: number;
  readonly resale?: number;
  readonly referenceTaxIncome?: number;
  readonly rent?: number;
  readonly taxBracket?: number;
}

/** One answer of the prospect, as recorded (C16, C16b). */
export interface ConsentRecord {
  readonly purpose: ConsentPurpose;
  readonly channel: ConsentChannel;
  readonly state: ConsentState;
  readonly recordedAt: Date;
  readonly wordingVersion?: string;
  readonly legalEntity?: string;
  readonly validUntil?: Date;
  /** Agent or form that recorded it: a code, never a person's name. */
  readonly source?: string;
  /** Its place in the order in which we received what was said; higher came later. */
  readonly receipt?: number;
}

export interface Interaction {
  readonly kind: InteractionKind;
  readonly at: Date;
  /** Seconds. */
  readonly duration?: number;
  /** A voluntary sign of life of the prospect (C08, C33). */
  readonly voluntary: boolean;
  readonly content?: string;
}

/** One request of one prospect to one client, with everything a mapping may read. */
export interface Lead {
  readonly id: number;
  readonly clientId: string;
  /** The centre's reference: `[A-Za-z0-9._-]{1,64}`, never personal data. */
  readonly reference: string;
  /** Grows by one with every change: correction, consent event, interaction, erasure. */
  readonly revision: number;
  readonly channel: Channel;
  readonly collectedAt: Date;
  readonly operation?: string;
  readonly operationKind: OperationKind;
  /** Version of the information notice heard or shown (C14). */
  readonly notice?: string;
  readonly identity: Identity;
  readonly project: Project;
  readonly origin: Origin;
  readonly financial: Financial;
  /** Every recorded event, oldest first; `domain/consent` folds them. */
  readonly consents: readonly ConsentRecord[];
  readonly interactions: readonly Interaction[];
  readonly erasedAt?: Date;
}

export const dataCategories = ['identity', 'project', 'statistical', 'financial'] as const;
export type DataCategory = (typeof dataCategories)[number];

export type SourceType =
  'text' | 'integer' | 'decimal' | 'date' | 'boolean' | 'enum' | 'phone' | 'email' | 'list';

export interface SourceField {
  /** As written after `from:`, e.g. `identity.lastName`. */
  readonly path: string;
  readonly type: SourceType;
  readonly values?: readonly string[];
  /** `technical` fields (references, dates of the exchange) carry no one's data. */
  readonly category: DataCategory | 'technical';
  /** True when the value is a person's: no default, no constant, no invention (C13). */
  readonly person: boolean;
  readonly description: string;
  /** For lists: the fields of one element. */
  readonly element?: readonly SourceField[];
}

const f = (
  path: string,
  type: SourceType,
  category: SourceField['category'],
  person: boolean,
  description: string,
  more: Pick<SourceField, 'values' | 'element'> = {},
): SourceField => ({ path, type, category, person, description, ...more });

/** The closed source model: what `from:` and `each:` may name. */
export const sourceModel: readonly SourceField[] = [
  f('id', 'text', 'technical', false, "The centre's reference of the lead."),
  f('revision', 'integer', 'technical', false, 'Grows by one with every change of the lead.'),
  f('channel', 'enum', 'statistical', false, 'How the request reached the centre.', { values: channels }),
  f('collectedAt', 'date', 'statistical', false, 'When the request was collected.'),
  f('operation', 'text', 'project', false, 'Code of the operation the lead was collected for.'),
  f('notice', 'text', 'technical', false, 'Version of the information notice heard or shown.'),
  f('identity.civility', 'enum', 'identity', true, 'Civility.', { values: civilities }),
  f('identity.lastName', 'text', 'identity', true, 'Last name.'),
  f('identity.firstName', 'text', 'identity', true, 'First name.'),
  f('identity.email', 'email', 'identity', true, 'E-mail address.'),
  f('identity.mobile', 'phone', 'identity', true, 'Mobile phone (E.164).'),
  f('identity.landline', 'phone', 'identity', true, 'Landline phone (E.164).'),
  f('identity.phone', 'phone', 'identity', true, 'The mobile if given, else the landline (E.164).'),
  f('identity.phones', 'list', 'identity', true, 'All phones given.', {
    element: [
      f('type', 'enum', 'identity', true, 'Kind of phone.', { values: phoneTypes }),
      f('number', 'phone', 'identity', true, 'Phone number (E.164).'),
    ],
  }),
  f('identity.address.line1', 'text', 'identity', true, 'Street and number.'),
  f('identity.address.line2', 'text', 'identity', true, 'Address complement.'),
  f('identity.address.postcode', 'text', 'identity', true, 'Postcode.'),
  f('identity.address.city', 'text', 'identity', true, 'City.'),
  f('identity.address.country', 'text', 'identity', true, 'Country, ISO 3166-1 alpha-2.'),
  f('project.programme', 'text', 'project', false, 'Programme asked for.'),
  f('project.housingType', 'enum', 'project', true, 'Type of housing.', { values: housingTypes }),
  f('project.rooms', 'integer', 'project', true, 'Number of rooms.'),
  f('project.surfaceMin', 'decimal', 'project', true, 'Smallest surface wanted, m².'),
  f('project.surfaceMax', 'decimal', 'project', true, 'Largest surface wanted, m².'),
  f('project.use', 'enum', 'project', true, 'What the property is meant for.', { values: housingUses }),
  f('project.budgetMin', 'decimal', 'project', true, 'Lowest budget, euros.'),
  f('project.budgetMax', 'decimal', 'project', true, 'Highest budget, euros.'),
  f('project.location', 'text', 'project', true, 'Place wanted, as said.'),
  f('comment', 'text', 'project', true, 'What the prospect said or wrote of the request.'),
  f('origin.type', 'text', 'statistical', false, 'Type of advertising origin.'),
  f('origin.media', 'text', 'statistical', false, 'Media.'),
  f('origin.support', 'text', 'statistical', false, 'Support of the advertisement.'),
  f('origin.recording', 'text', 'statistical', true, 'Reference of the call recording.'),
  f('origin.commune', 'text', 'statistical', true, 'Commune of geographic origin, INSEE code.'),
  f('origin.communeName', 'text', 'statistical', true, 'Commune of geographic origin, name.'),
  f('origin.departement', 'text', 'statistical', true, 'Département of geographic origin.'),
  f('origin.talkStartedAt', 'date', 'statistical', false, 'When the conversation began.'),
  f('origin.talkDuration', 'integer', 'statistical', false, 'Length of the conversation, seconds.'),
  f('financial.contribution', 'decimal', 'financial', true, 'Personal contribution, euros.'),
  f('financial.resale', 'decimal', 'financial', true, 'Expected resale, euros.'),
  f('financial.referenceTaxIncome', 'decimal', 'financial', true, 'Reference tax income, euros.'),
  f('financial.rent', 'decimal', 'financial', true, 'Rent paid, euros a month.'),
  f('financial.taxBracket', 'decimal', 'financial', true, 'Marginal tax bracket, percent.'),
  f('interactions', 'list', 'statistical', true, 'All actions of relation, oldest first.', {
    element: [
      f('kind', 'enum', 'statistical', false, 'Kind of interaction.', { values: interactionKinds }),
      f('at', 'date', 'statistical', false, 'When.'),
      f('duration', 'integer', 'statistical', false, 'Length, seconds.'),
      f('voluntary', 'boolean', 'statistical', false, 'A voluntary sign of life of the prospect.'),
      f('content', 'text', 'project', true, 'Content.'),
    ],
  }),
  f('client.id', 'text', 'technical', false, 'Code of the client.'),
  f('client.name', 'text', 'technical', false, 'Name of the client.'),
  f('delivery.key', 'text', 'technical', false, 'Stable key of the delivery (webhook-id).'),
  f('delivery.action', 'enum', 'technical', false, 'What the delivery tells: create, update or erase.', {
    values: ['create', 'update', 'erase'],
  }),
  f('delivery.reference', 'text', 'technical', false, 'Reference the recipient gave at creation.'),
  f('delivery.sentAt', 'date', 'technical', false, 'Departure of the first attempt.'),
  f('batch.sequence', 'integer', 'technical', false, 'Sequence number of the file.'),
  f('batch.rows', 'integer', 'technical', false, 'Rows in the file.'),
];
