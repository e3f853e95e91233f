// French words for the lead's closed lists, as people read them on a lead sheet.
// Invariant: every value of every enum has one; a test holds this file and the source model together.

const words: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  channel: {
    inbound_call: 'Appel entrant',
    callback: 'Demande de rappel',
    requalification: 'Requalification',
    web_form: 'Formulaire internet',
  },
  'identity.civility': { mr: 'M.', ms: 'Mme' },
  'project.housingType': {
    apartment: 'Appartement',
    house: 'Maison',
    land: 'Terrain',
    parking: 'Stationnement',
    commercial: 'Local commercial',
    other: 'Autre',
  },
  'project.use': {
    main_residence: 'Résidence principale',
    second_home: 'Résidence secondaire',
    rental_investment: 'Investissement locatif',
    resale: 'Revente',
    other: 'Autre',
  },
  type: { mobile: 'Mobile', landline: 'Fixe', work: 'Bureau', other: 'Autre' },
  kind: {
    inbound_call: 'Appel entrant',
    failed_callback: 'Tentative de rappel échouée',
    outbound_call: 'Appel sortant',
    web_form: 'Formulaire internet',
    email_sent: 'E-mail envoyé',
    sms_sent: 'SMS envoyé',
    brochure_sent: 'Plaquette envoyée',
    invitation_letter: "Courrier d'invitation",
    chat: 'Échange par chat',
    social_message: 'Message sur un réseau social',
  },
  'delivery.action': { create: 'Nouvelle demande', update: 'Mise à jour', erase: 'Effacement' },
};

/** The French word for a value of a source; the value itself when it has none. */
export function frenchLabel(path: string, value: unknown): unknown {
  const own = words[path] ?? words[path.slice(path.lastIndexOf('.') + 1)];
  return typeof value === 'string' && own !== undefined && Object.hasOwn(own, value) ? own[value] : value;
}

/** Section of a lead sheet for each category of data. */
export const sectionTitles = {
  identity: 'Contact',
  project: 'Projet',
  statistical: 'Origine de la demande',
  financial: 'Situation financière',
  technical: 'Demande',
} as const;

export const consentSection = 'Consentement (opt-in)';

export const purposeWords = {
  marketing: 'prospection',
  newsletter: "lettre d'information",
  partners: 'partenaires',
  profiling: 'profilage',
} as const;
export const channelWords = { email: 'e-mail', sms: 'SMS', phone: 'téléphone', post: 'courrier' } as const;
export const stateWords = {
  granted: 'accord',
  refused: 'refus',
  not_asked: 'non demandé',
  withdrawn: 'retiré',
} as const;
