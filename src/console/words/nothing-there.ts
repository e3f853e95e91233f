// Words of the page of an unknown thing, by the kind that its address names. French first.
import type { Both } from '../../support/words.ts';

/** The title of the page, and its sentence where no other names the unknown thing. */
interface Unknown {
  readonly title: Both;
  readonly sentence: (typed: string) => Both;
}

export const unknownThings = {
  lead: {
    title: ['Lead introuvable', 'Lead not found'],
    sentence: (typed) => [
      `Aucun lead n’a la référence « ${typed} » chez ce client.`,
      `No lead has the reference ${typed} at this client.`,
    ],
  },
  delivery: {
    title: ['Livraison introuvable', 'Delivery not found'],
    sentence: (typed) => [
      `Aucune livraison n’a le numéro « ${typed} ».`,
      `No delivery has the number ${typed}.`,
    ],
  },
  destination: {
    title: ['Destination introuvable', 'Destination not found'],
    sentence: (typed) => [
      `Aucune destination ne s’appelle « ${typed} ».`,
      `No destination is called ${typed}.`,
    ],
  },
  mapping: {
    title: ['Format introuvable', 'Mapping not found'],
    sentence: (typed) => [
      `« ${typed} » n’a pas ce format, ou pas cette version.`,
      `${typed} does not have this mapping or version.`,
    ],
  },
  request: {
    title: ['Demande de droits introuvable', 'Request not found'],
    sentence: (typed) => [
      `Aucune demande de droits, ou aucun de ses documents, n’a le numéro « ${typed} ».`,
      `No request, and no document of one, has the number ${typed}.`,
    ],
  },
  proof: {
    title: ['Preuve introuvable', 'Proof not found'],
    sentence: (typed) => [`Aucune preuve n’a le numéro « ${typed} ».`, `No proof has the number ${typed}.`],
  },
  run: {
    title: ['Traitement groupé introuvable', 'Bulk run not found'],
    sentence: (typed) => [
      `Aucun traitement groupé n’a le numéro « ${typed} ».`,
      `No bulk run has the number ${typed}.`,
    ],
  },
  alert: {
    title: ['Alerte introuvable', 'Alert not found'],
    sentence: (typed) => [`Aucune alerte n’a le numéro « ${typed} ».`, `No alert has the number ${typed}.`],
  },
  account: {
    title: ['Compte introuvable', 'Account not found'],
    sentence: (typed) => [`Aucun compte n’a le numéro « ${typed} ».`, `No account has the number ${typed}.`],
  },
  verification: {
    title: ['Vérification introuvable', 'Verification not found'],
    sentence: (typed) => [
      `Aucune vérification n’a le numéro « ${typed} ».`,
      `No verification has the number ${typed}.`,
    ],
  },
} as const satisfies Readonly<Record<string, Unknown>>;

export const elsewhere = {
  unknown: ['Rien n’existe sous ce nom', 'Nothing has this name'],
  filter: ['Corriger le filtre', 'Put the filter right'],
  check: [
    'Vérifiez ce qui a été saisi : les listes montrent ce qui existe et ce à quoi vous avez accès.',
    'See to what was typed: the lists show what exists and what you have access to.',
  ],
  reference: ['Référence', 'Reference'],
  refusedRows: [
    'La recherche trouve aussi les lignes refusées à l’entrée, et les leads des autres clients.',
    'The search also finds rows that were refused at the entry, and leads of other clients.',
  ],
  search: ['Rechercher cette référence', 'Search for this reference'],
  deliveries: ['Livraisons de cette référence', 'Deliveries of this reference'],
  list: ['Voir la liste', 'See the list'],
} as const satisfies Readonly<Record<string, Both>>;
