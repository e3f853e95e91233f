// Words of the page of the interface, French first; the summary of each address in French beside the document's English.
// Invariant: a test checks that every address and every tag has its words.
import type { Both } from '../../support/words.ts';

export const words = {
  title: ['Interface HTTP de Relais', 'The HTTP interface of Relais'],
  skip: ['Aller au contenu', 'Skip to the content'],
  contents: ['Adresses', 'Addresses'],
  lead: [
    'Pour les systèmes qui déposent des leads, suivent ce qu’ils deviennent et agissent. Cette page montre le document OpenAPI 3.1 de ce serveur ; les noms de champs et leurs explications y sont en anglais.',
    'For systems that hand in leads, follow what becomes of them, and act. This page shows the OpenAPI 3.1 document of this server.',
  ],
  document: ['Le document, pour une machine', 'The document, for a machine'],
  keys: ['Clé', 'Key'],
  keysText: [
    'Chaque requête porte une clé : Authorization: Bearer relais_… Une clé permet ce que disent ses droits (« scope »), pour son client, depuis ses adresses, jusqu’à sa fin de validité. Le centre ne la montre qu’une fois.',
    'Each request carries a key: Authorization: Bearer relais_… A key does what its scopes say, for its client, from its addresses, until its end. The centre gives it once.',
  ],
  again: ['Envoyer de nouveau', 'Sending again'],
  againText: [
    'Avec un Idempotency-Key, la même requête envoyée dans la journée reçoit la première réponse, et rien n’est fait deux fois.',
    'With an Idempotency-Key the same request sent again within a day gets the first answer, and nothing is done twice.',
  ],
  errors: ['Erreurs', 'Errors'],
  errorsText: [
    'Ce qui n’est pas un succès est un problème (RFC 9457, application/problem+json). En voici les champs, les mêmes à toutes les adresses.',
    'Every other answer is a problem (RFC 9457, application/problem+json). These are its fields, the same at every address.',
  ],
  scope: ['Droit demandé', 'Scope it asks for'],
  parameters: ['Paramètres', 'Parameters'],
  body: ['Corps de la requête', 'Body of the request'],
  answer: ['Réponse', 'Answer'],
  example: ['Exemple', 'Example'],
  name: ['Nom', 'Name'],
  place: ['Où', 'Where'],
  type: ['Forme', 'Form'],
  required: ['Obligatoire', 'Required'],
  meaning: ['Sens', 'Meaning'],
  yes: ['oui', 'yes'],
  none: [
    'Un objet vide, ou des noms qui ne sont pas connus d’avance.',
    'An empty object, or names that are not known beforehand.',
  ],
  otherLanguage: ['English', 'Français'],
} as const satisfies Readonly<Record<string, Both>>;

export const tagWords: Readonly<Record<string, Both>> = {
  intake: ['Déposer', 'Handing in'],
  deliveries: ['Livraisons', 'Deliveries'],
  leads: ['Leads et personnes', 'Leads and persons'],
  destinations: ['Destinations et fichiers', 'Destinations and files'],
  mappings: ['Formats', 'Mappings'],
  work: ['Tâches, alertes, traitements groupés', 'Tasks, alerts, bulk runs'],
  events: ['Événements', 'Events'],
  pull: ['Retirer des leads', 'Fetching leads'],
};

/** By method and path. */
export const frenchSummaries: Readonly<Record<string, string>> = {
  'POST /v1/leads': 'Déposer des leads',
  'POST /v1/corrections': 'Corriger des champs de leads',
  'POST /v1/consents': 'Enregistrer ce que des personnes ont accepté, refusé ou retiré',
  'POST /v1/interactions': 'Enregistrer les échanges qui ont eu lieu sur des leads',
  'GET /v1/deliveries': 'Livraisons, les plus récentes d’abord',
  'GET /v1/deliveries/count': 'Combien de livraisons correspondent',
  'GET /v1/deliveries/{delivery}': 'Une livraison : son histoire en mots et ses entrées du journal',
  'POST /v1/deliveries/{delivery}/replay':
    'Rejouer ce qui est terminé, ou avancer le prochain essai de ce qui attend',
  'POST /v1/deliveries/{delivery}/cancel':
    'Terminer une livraison qui n’est pas en cours d’envoi ; le lead reste',
  'GET /v1/failures': 'Ce qui attend une intervention, compté par destination et par cause',
  'POST /v1/leads/search': 'Leads de cette référence exacte',
  'POST /v1/persons/search': 'Leads d’une personne, masqués',
  'GET /v1/leads/{client}/{reference}':
    'Un lead, masqué : par catégorie, accords en vigueur et dans le temps, échanges, livraisons',
  'GET /v1/leads/{client}/{reference}/handovers':
    'Toutes les entrées du journal sur un lead, les plus anciennes d’abord',
  'GET /v1/destinations': 'Destinations avec leur état',
  'GET /v1/destinations/{destination}': 'Une destination, et la durée de ses dernières livraisons',
  'GET /v1/files': 'Fichiers des flux, les plus récents d’abord',
  'GET /v1/destinations/{destination}/versions': 'Versions publiées de son format, les plus récentes d’abord',
  'GET /v1/destinations/{destination}/versions/{version}': 'Une version, avec ses fichiers tels que publiés',
  'POST /v1/destinations/{destination}/suspend': 'Suspendre l’envoi ; ses leads attendent, visiblement',
  'POST /v1/destinations/{destination}/resume':
    'Reprendre l’envoi ; une destination retenue est essayée aussitôt',
  'POST /v1/destinations/{destination}/send-file': 'Faire un fichier de ce qui attend maintenant',
  'POST /v1/destinations/{destination}/test':
    'Joindre le destinataire sans envoyer de lead : adresse, TLS, authentification',
  'GET /v1/tasks':
    'Ce qui attend une intervention : les livraisons, et en première page les alertes ouvertes',
  'GET /v1/alerts': 'Les alertes telles qu’elles ont été levées, les plus récentes d’abord',
  'GET /v1/refused-rows':
    'Les lignes de `lead_intake` refusées, les plus récentes d’abord : colonnes et motifs, sans valeurs',
  'POST /v1/refused-rows/{row}/retry':
    'Reprendre telle quelle une ligne que Relais a lui-même mise de côté (`SET_ASIDE`, `INTERNAL`)',
  'POST /v1/clients/{client}/replan':
    'Préparer à nouveau, tout de suite, les leads mis de côté (alerte `PLANNING:...`)',
  'POST /v1/tasks/{task}/close':
    'Classer une tâche qui n’attend plus personne ; rien n’est envoyé, aucune livraison ne change',
  'POST /v1/tasks/close': 'Classer toutes les livraisons en échec que le filtre trouve',
  'POST /v1/tasks/close/plan':
    'Classer toutes les livraisons en échec que le filtre trouve : ce qui serait fait, et combien',
  'POST /v1/deliveries/replay': 'Rejouer tout ce que le filtre trouve',
  'POST /v1/deliveries/replay/plan': 'Rejouer tout ce que le filtre trouve : ce qui serait fait, et combien',
  'POST /v1/deliveries/cancel': 'Annuler tout ce que le filtre trouve',
  'POST /v1/deliveries/cancel/plan': 'Annuler tout ce que le filtre trouve : ce qui serait fait, et combien',
  'GET /v1/bulk-runs': 'Traitements groupés, les plus récents d’abord',
  'GET /v1/bulk-runs/{run}': 'Un traitement groupé : où il en est, ce qu’il a fait et refusé',
  'POST /v1/bulk-runs/{run}/pause':
    'Mettre en pause un traitement groupé, une fois l’étape en cours terminée',
  'POST /v1/bulk-runs/{run}/resume': 'Reprendre un traitement groupé en pause',
  'POST /v1/bulk-runs/{run}/cancel':
    'Arrêter un traitement groupé là où il en est ; ce qu’il a fait reste fait',
  'GET /v1/events': 'Ce qui s’est passé depuis la dernière réponse',
  'POST /v1/pull/{destination}': 'Retirer ce qui est dû',
  'POST /v1/pull/{destination}/answers': 'Dire ce qui a été pris, refusé ou rendu',
  'POST /v1/contacts': 'Régions, programmes et contacts, comme l’ancienne interface publique les donnait',
};
