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
export type InteractionKind = (typeof interactionKinds)[number];

export const housingTypes = ['apartment', 'house', 'land', 'parking', 'commercial', 'other'] as const;
export type HousingType = (typeof housingTypes)[number];

/** Purpose of the property (C06 « destination du bien »). */
export const housingUses = ['main_residence', 'second_home', 'rental_investment', 'resale', 'other'] as const;
export type HousingUse = (typeof housingUses)[number];

export const operationKinds = ['recurring', 'one_off'] as const;
export type OperationKind = (typeof operationKinds)[number];

/** Collected by the centre, or bought (C54). */
export const acquisitions = ['collected', 'bought'] as const;
export type Acquisition = (typeof acquisitions)[number];

/** A proof of the consent came with the lead, or not (C54). */
export const consentProofs = ['present', 'absent'] as const;
export type ConsentProof = (typeof consentProofs)[number];

export const phoneTypes = ['mobile', 'landline', 'work', 'other'] as const;
export type PhoneType = (typeof phoneTypes)[number];

export const dataCategories = ['identity', 'project', 'statistical', 'financial'] as const;
export type DataCategory = (typeof dataCategories)[number];
