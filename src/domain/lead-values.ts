// Lists the allowed values of a lead's fields, of an answer and of an interaction.
// Invariant: a value keeps its meaning for ever; the field defines its words for people.

/** The ways by which a request reaches the centre (C04). */
export const channels = ['inbound_call', 'callback', 'requalification', 'web_form'] as const;
export type Channel = (typeof channels)[number];

export const civilities = ['mr', 'ms'] as const;
export type Civility = (typeof civilities)[number];

export const consentStates = ['granted', 'refused', 'not_asked', 'withdrawn'] as const;
export type ConsentState = (typeof consentStates)[number];

/** Channels of a consent (C16). */
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

export const housingTypes = ['apartment', 'house', 'land', 'parking', 'commercial', 'other'] as const;

/** Purpose of the property (C06 « destination du bien »). */
export const housingUses = ['main_residence', 'second_home', 'rental_investment', 'resale', 'other'] as const;

export const operationKinds = ['recurring', 'one_off'] as const;

/** Collected by the centre, or bought (C54). */
export const acquisitions = ['collected', 'bought'] as const;

/** A proof of the consent came with the lead, or not (C54). */
export const consentProofs = ['present', 'absent'] as const;

export const phoneTypes = ['mobile', 'landline', 'work', 'other'] as const;

export const dataCategories = ['identity', 'project', 'statistical', 'financial'] as const;
export type DataCategory = (typeof dataCategories)[number];

/** Bytes of a JSON column of one row. */
export const mostColumnBytes = { consents: 262_144, interactions: 1_048_576 } as const;

/** Most of one lead, over all its rows. */
export const mostOfLead = { consents: 1_000, interactions: 1_000, contentBytes: 2_097_152 } as const;

/** Code of a département: 01 to 95, 2A, 2B, 971 to 988. */
export const departementCode = /^(0[1-9]|1\d|2[1-9AB]|[3-8]\d|9[0-5]|97[1-8]|98[4678])$/;

// Words opt-ins in French: purposes, channels, and their change by a right.
// Invariant: every purpose and channel has a word; the words name the right, never a consent that may not have existed.

export const purposeWords: Readonly<Record<ConsentPurpose, string>> = {
  marketing: 'prospection',
  newsletter: 'lettre d’information',
  partners: 'partenaires',
  profiling: 'profilage',
};
export const channelWords: Readonly<Record<ConsentChannel, string>> = {
  email: 'e-mail',
  sms: 'SMS',
  phone: 'téléphone',
  post: 'courrier',
};

/** A sender's own text may be any name, `constructor` too. */
export const wordOf = (words: Readonly<Record<string, string>>, name: string): string =>
  (Object.hasOwn(words, name) ? words[name] : undefined) ?? name;

/** `prospection par e-mail` for `marketing.email`; several channels as `marketing.email+sms`. */
export function optInWords(pair: string): string {
  const [purpose = '', channels = ''] = pair.split('.');
  const by = channels.split('+').map((channel) => wordOf(channelWords, channel));
  return channels === '' ? pair : `${wordOf(purposeWords, purpose)} par ${by.join(', ')}`;
}

export const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** The right that withdraws an opt-in. */
type TakenBackBy = 'objection' | 'withdrawal';

const takenBack: Readonly<Record<TakenBackBy, string>> = {
  objection: 'opposition enregistrée, ne plus solliciter la personne',
  withdrawal: 'retrait enregistré, ne plus solliciter la personne',
};

/** The words after the opt-in and a colon, in a note or a letter. */
export const takenBackWords = (by: TakenBackBy): string => takenBack[by];
