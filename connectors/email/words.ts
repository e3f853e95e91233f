// The words around a lead sheet, French and English. Data only.
// Invariant: an update and an erasure can never be mistaken for a new lead, in the subject nor in the first line.
import type { Action, Parcel } from '../contract.ts';

export interface Words {
  readonly action: Readonly<Record<Action, string>>;
  readonly heading: Readonly<Record<Action, string>>;
  readonly lead: Readonly<Record<Action, string>>;
  readonly emphasised: string;
  readonly reference: string;
  readonly written: string;
  readonly automatic: string;
  readonly attached: string;
  /** Words of a mail without personal data. */
  readonly notice: Readonly<Record<Action, string>>;
  readonly readHere: string;
}

const words: Readonly<Record<'fr' | 'en', Words>> = {
  fr: {
    action: { create: 'Nouveau lead', update: 'Mise à jour', erase: 'Demande d’effacement' },
    heading: {
      create: 'Nouveau lead',
      update: 'Mise à jour d’un lead',
      erase: 'Demande d’effacement',
    },
    lead: {
      create: 'Une personne s’intéresse à votre offre. Voici ce qu’elle nous a confié.',
      update:
        'Ce lead vous a déjà été transmis et il a changé. En voici la nouvelle version : merci de remplacer ce que vous aviez enregistré.',
      erase:
        'La personne a demandé l’effacement de ses données. Merci d’effacer ce lead de vos fichiers, copies et e-mails compris, et de ne plus contacter la personne à ce titre.',
    },
    emphasised: 'À respecter',
    reference: 'Référence',
    written: 'Transmis le',
    automatic:
      'Message automatique, destiné aux seules personnes habilitées. Ne le transférez pas en dehors de votre équipe.',
    attached: 'Pièce jointe',
    notice: {
      create:
        'Un lead vous attend. Ce message ne donne ni nom ni coordonnées : le lead se lit à l’adresse ci-dessous.',
      update:
        'Un lead que vous avez déjà reçu a changé. Ce message ne donne ni nom ni coordonnées : relisez le lead à l’adresse ci-dessous.',
      erase:
        'La personne a demandé l’effacement de ses données. Merci d’effacer ce lead de vos fichiers, copies et e-mails compris, et de ne plus contacter la personne à ce titre.',
    },
    readHere: 'À lire ici',
  },
  en: {
    action: { create: 'New lead', update: 'Update', erase: 'Erasure request' },
    heading: { create: 'New lead', update: 'Update of a lead', erase: 'Erasure request' },
    lead: {
      create: 'A person is interested in your offer. Here is the request.',
      update: 'You already received this lead. This is what it is now: please replace what you had recorded.',
      erase:
        'The person asked for the erasure of their data. Please erase this lead from your files, copies and emails included, and do not contact the person about it any more.',
    },
    emphasised: 'To be respected',
    reference: 'Reference',
    written: 'Sent on',
    automatic: 'Automatic message for authorised persons only. Do not forward it outside your team.',
    attached: 'Attachment',
    notice: {
      create:
        'A lead waits for you. This message holds no data of the person: it is read at the address below.',
      update:
        'A lead that you already received has changed. This message holds no data of the person: read it again at the address below.',
      erase:
        'The person asked for the erasure of their data. Please erase this lead from your files, copies and emails included, and do not contact the person about it any more.',
    },
    readHere: 'To be read here',
  },
};

const alike = (text: string): Readonly<Record<Action, string>> => ({
  create: text,
  update: text,
  erase: text,
});

/** Words of an alert to support: none of them mentions a lead. */
const ofAlerts: Readonly<Record<'fr' | 'en', Pick<Words, 'action' | 'heading' | 'lead'>>> = {
  fr: {
    action: alike('Alerte'),
    heading: alike('Alerte de Relais'),
    lead: alike('Relais signale ce qui suit au support, sans nom ni coordonnées d’une personne.'),
  },
  en: {
    action: alike('Alert'),
    heading: alike('Alert of Relais'),
    lead: alike('Relais reports the following to support, without a person’s name, address or phone.'),
  },
};

export const wordsFor = (language: 'fr' | 'en', { isAlert }: Pick<Parcel, 'isAlert'>): Words =>
  isAlert === true ? { ...words[language], ...ofAlerts[language] } : words[language];
