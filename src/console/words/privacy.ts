// Words of the retention calendar and of the audit pages. French first.
import type { LogProblem } from '../../privacy/verification.ts';
import type { Both } from '../../support/words.ts';
import type { OneAndSeveral } from '../../domain/counted.ts';

export const retentionWords = {
  title: ['Durées de conservation', 'Retention'],
  text: [
    'Ce qui sera supprimé, en l’état actuel : un nouveau lead d’une personne recule l’échéance de tous les siens, jusqu’au plafond de chacun.',
    'Data to be deleted, as of today: a new request of a person moves all of theirs, up to the cap of each.',
  ],
  month: ['Mois', 'Month'],
  total: ['Ce mois', 'This month'],
  show: ['Montrer', 'Show'],
  previous: ['Mois précédent', 'Month before'],
  next: ['Mois suivant', 'Next month'],
  what: ['Ce qui arrive', 'What happens'],
  operation: ['Opération', 'Operation'],
  leads: ['Leads', 'Leads'],
  why: ['Règle', 'Rule'],
  references: ['Références', 'References'],
  purge: ['suppression', 'deleted'],
  anonymise: ['anonymisation', 'anonymised'],
  overdue: ['échue : sera exécutée au prochain passage', 'overdue: deleted by the next run'],
  nothing: ['Aucune suppression ni anonymisation ce mois-ci.', 'Nothing is deleted in this month.'],
  cut: [
    'Trop de leads pour une page : les nombres sont un minimum. Choisissez un client.',
    'Too many leads for one page: the numbers are the least. Choose a client.',
  ],
  waiting: ['Échues et retenues', 'Due and waiting'],
  waitsFor: ['Ce qui les retient', 'What they wait for'],
  requests: ['Demandes de droits dont la conservation est échue', 'Requests whose own time is over'],
  runs: ['Passages', 'Runs'],
  run: ['Passage', 'Run'],
  found: ['Échues', 'Due'],
  purged: ['Supprimées', 'Deleted'],
  anonymised: ['Anonymisées', 'Anonymised'],
  kept: ['Échéance reculée', 'Not due any more'],
  running: ['en cours', 'running'],
  done: ['terminé', 'done'],
} as const satisfies Readonly<Record<string, Both>>;

export const ruleWords: Readonly<Record<string, Both>> = {
  operation_end: [
    'deux mois après la fin de l’opération (C30)',
    'two months after the end of the operation (C30)',
  ],
  five_years: ['cinquième 1er janvier après le recueil (C32)', 'fifth 1 January after its collection (C32)'],
  three_years: [
    'trois ans après le dernier signe volontaire (C33)',
    'three years after the last voluntary sign (C33)',
  ],
  instruction: ['délai enregistré du client (C31, C35)', 'the client’s recorded delay (C31, C35)'],
  contract_end: ['fin du contrat du client (C55)', 'the end of the client’s contract (C55)'],
};

export const waitsForWords: Readonly<Record<string, Both>> = {
  restricted: ['la personne a demandé la limitation du traitement', 'the person asked for a restriction'],
  under_way: ['une livraison est en cours', 'a delivery is under way'],
  right_open: [
    'une demande de droits n’est pas exécutée, ou un destinataire doit encore être prévenu',
    'a request is not carried out, or a recipient has still to be informed',
  ],
  broken: ['une erreur de notre côté : voyez « Tâches »', 'an error of ours: see the tasks'],
  proofs: [
    'les preuves d’accord téléphonique n’ont pas pu être remises au client',
    'the proofs of phone consent could not be handed over',
  ],
};

export const endingWords: Readonly<Record<string, Both>> = {
  demand: [
    'pièces jointes aux demandes de droits closes supprimées',
    'demands of closed requests are destroyed',
  ],
  request: ['demandes de droits closes supprimées', 'closed requests are removed'],
};

export const auditWords = {
  text: [
    'Vérifier le journal, conserver son ancre ailleurs, et voir qui a recherché une personne.',
    'Verify the log, keep its anchor elsewhere, and see who looked a person up.',
  ],
  verification: ['Vérification du journal', 'Verification of the log'],
  verifications: ['Vérifications déjà demandées', 'Verifications asked for so far'],
  verifyText: [
    'Chaque sceau et chaque entrée sont relus. Avec une ancre conservée ailleurs, un journal dont la fin a été coupée se voit aussi. La vérification continue si vous quittez la page.',
    'Every seal and entry is read again. With an anchor kept elsewhere a cut end is seen too. It continues when you leave the page.',
  ],
  start: ['Vérifier maintenant', 'Verify now'],
  anchor: ['Ancre', 'Anchor'],
  anchorHint: ['Facultative : 12:9f3c… telle qu’elle a été conservée.', 'Optional: 12:9f3c… as it was kept.'],
  badAnchor: [
    'Une ancre s’écrit 12:9f3c… (64 chiffres hexadécimaux).',
    'An anchor looks like 12:9f3c… (64 hexadecimal digits).',
  ],
  anchorNow: ['Ancre actuelle', 'Anchor now'],
  anchorText: [
    'L’empreinte du dernier sceau. Conservée ailleurs chaque jour, elle prouve plus tard que rien n’a été coupé à la fin du journal.',
    'The fingerprint of the newest seal. Kept elsewhere every day, it proves later that no end of the log was cut off.',
  ],
  noAnchor: ['Rien n’est encore scellé.', 'Nothing is sealed yet.'],
  anchorFile: ['Télécharger l’ancre', 'Download the anchor'],
  already: ['Une vérification est déjà en cours.', 'One is running already.'],
  started: ['Demandée', 'Asked'],
  entries: ['Entrées relues', 'Entries read'],
  seals: ['Sceaux', 'Seals'],
  result: ['Résultat', 'Result'],
  running: ['en cours', 'running'],
  interrupted: ['interrompue : recommencez', 'interrupted: begin again'],
  good: ['intact', 'intact'],
  bad: ['altéré', 'altered'],
  failed: ['n’a pas abouti', 'did not succeed'],
  none: ['Aucune vérification n’a été demandée ici.', 'None was asked for here.'],
  one: ['Vérification', 'Verification'],
  goodText: [
    'Le journal est intact : aucune entrée changée, aucune manquante.',
    'The log verifies: no entry was changed, none is missing.',
  ],
  goodPeriodText: [
    'Pour un dossier d’audit : tous les sceaux sont intacts, et dans la période aucune entrée n’est changée ni manquante. Le reste n’a pas été lu.',
    'For an audit pack: every seal is good, and in the period no entry was changed, none is missing. The rest was not read.',
  ],
  badText: [
    'Le journal a été altéré. Les entrées avant le premier constat sont intactes. Ne touchez à rien et prévenez l’exploitation.',
    'The log was altered. Entries before the first finding are good. Touch nothing and tell operations.',
  ],
  withoutAnchor: [
    'Sans ancre, un journal dont la fin a été coupée ne se voit pas.',
    'Without an anchor a cut end cannot be seen.',
  ],
  withAnchor: ['L’ancre a été retrouvée.', 'The anchor was found.'],
  archived: ['Entrées archivées, non relues ici', 'Entries archived, not read here'],
  unsealed: ['Entrées qui attendent le prochain sceau', 'Entries that wait for the next seal'],
  finding: ['Constat', 'Finding'],
  seal: ['Sceau', 'Seal'],
  entry: ['Entrée', 'Entry'],
  report: ['Télécharger le rapport (JSON)', 'Download the report (JSON)'],
  lookups: ['Qui a recherché une personne', 'Who looked a person up'],
  lookupsText: [
    'Une personne effacée se retrouve par la référence de son lead. Cette recherche est elle-même inscrite au journal.',
    'An erased person is found by the reference. The question itself is written in the log.',
  ],
  ask: ['Chercher', 'Ask'],
  nobody: ['Personne ne l’a recherchée.', 'Nobody looked this person up.'],
  noLead: ['Ce client n’a aucun lead de cette personne.', 'This client has no lead of that person.'],
  when: ['Date', 'When'],
  what: ['Consultation', 'What'],
  who: ['Par', 'Who'],
} as const satisfies Readonly<Record<string, Both>>;

export const lookedWords: Readonly<Record<string, Both>> = {
  looked_up: ['recherche, masquée', 'look-up, masked'],
  revealed: ['vue en clair', 'seen in clear'],
  person_exported: ['remise', 'given out'],
};

export const findingWords: Readonly<Record<LogProblem, Both>> = {
  entry_changed: [
    'une entrée a été changée après son scellement',
    'an entry was changed after it was sealed',
  ],
  entry_missing: ['une entrée scellée manque', 'a sealed entry is missing'],
  entry_forged: [
    'une entrée qui attend son sceau ne vient pas de la passerelle, ou a été changée',
    'an entry that waits for its seal was not made by the gateway, or was changed',
  ],
  key_missing: [
    'un sceau ou une entrée dépend d’une clé qui n’est pas configurée ici',
    'made with a key that is not configured here',
  ],
  authorisation_changed: [
    'l’habilitation citée a été changée depuis',
    'the cited authorisation was changed since',
  ],
  mapping_changed: [
    'la version de format citée a été changée depuis',
    'the cited mapping version was changed since',
  ],
  consents_changed: ['les accords cités ont été changés depuis', 'the cited consents were changed since'],
  entry_unsealed: [
    'une entrée est arrivée sans passer par la passerelle',
    'an entry came in past the gateway',
  ],
  seal_changed: [
    'un sceau a été changé, ou ne vient pas de la passerelle',
    'a seal was changed, or is not ours',
  ],
  seal_missing: ['un sceau manque', 'a seal is missing'],
  queue_points_nowhere: [
    'une entrée qui attendait son sceau manque',
    'an entry that waited for its seal is missing',
  ],
  anchor_missing: [
    'la fin du journal a été coupée : le sceau ancré a disparu ; c’est normal si une sauvegarde antérieure à l’ancre a été restaurée',
    'the end of the log was cut: the anchored seal is gone; to be expected where a backup from before the anchor was restored',
  ],
  anchor_differs: [
    'le journal a été réécrit : le sceau ancré diffère ; c’est normal si une sauvegarde antérieure à l’ancre a été restaurée',
    'the log was rewritten: the anchored seal differs; to be expected where a backup from before the anchor was restored',
  ],
  archive_changed: [
    'une archive n’est pas celle qui a été écrite',
    'an archive is not the one that was written',
  ],
  archive_missing: ['une archive manque', 'an archive is missing'],
  proof_changed: [
    'la preuve citée, ou son lead, a été changée depuis',
    'the cited proof, or its lead, was changed since',
  ],
  day_changed: [
    'l’état signé d’un jour a été changé, ou ne suit pas le précédent',
    'the signed state of a day was changed, or does not follow the one before',
  ],
  notice_changed: [
    'aucun contrat publié ne donne une mention en ces mots',
    'no published contract gives a notice in these words',
  ],
};

export const packWords = {
  title: ['Dossier d’audit', 'Audit pack'],
  link: ['Faire un dossier d’audit…', 'Make an audit pack…'],
  text: [
    'Un fichier ZIP pour un auditeur : le journal d’un client pour une période avec ses sceaux, ses formats et ses notes, ses habilitations, les demandes de droits avec leurs délais, ce qui a été supprimé, qui a consulté. Aucun nom ni coordonnée de prospect.',
    'One ZIP file for an auditor: the log of a client for a period with its seals, its formats and notes, its authorisations, requests of persons with their clocks, what was deleted, who looked. Nothing of a prospect.',
  ],
  proves: [
    'Il est signé et se vérifie hors ligne, comme LISEZ-MOI.txt l’explique. Tous les sceaux et les entrées de la période sont vérifiés en même temps. Le fait d’avoir demandé ce dossier est inscrit au journal.',
    'It is signed and checked offline, as LISEZ-MOI.txt in it says. Every seal and the entries of the period are verified beside it. Asking for it is an entry of the log.',
  ],
  from: ['Premier jour', 'First day'],
  until: ['Dernier jour', 'Last day'],
  badPeriod: [
    'La période va d’un jour à un autre : 2026-01-01 et 2026-06-30.',
    'The period is from one day to another: 2026-01-01 and 2026-06-30.',
  ],
  make: ['Télécharger le dossier', 'Download the pack'],
} as const satisfies Readonly<Record<string, Both>>;

// Words of the changes of an act on a person's data. French first; the French of tables and fields is that of the signed proofs.

/** English names of the tables. */
export const changedTables: Readonly<Record<string, string>> = {
  leads: 'Lead',
  prospects: 'Identity and contact',
  lead_projects: 'Property project',
  lead_origins: 'Origin of the lead',
  lead_finances: 'Finances',
  consents: 'Consents',
  consent_ends: 'Ends of consents',
  former_addresses: 'Former addresses (keyed digests)',
  interactions: 'Interactions',
  lead_revisions: 'Earlier versions kept for what is being sent',
  intake_receipts: 'Receipts of intake (keyed digests)',
  deliveries: 'Deliveries',
  lead_intake: 'Rows handed in, waiting or refused',
  oppositions: 'Opposition list (keyed digests)',
  lead_secrets: 'Secret of the lead, which alone gives the digests a meaning',
};

/** Columns with words of their own, by their table where another has one of that name. */
export const otherColumns: Readonly<Record<string, Both>> = {
  all: ['toute la ligne', 'the whole row'],
  restricted_at: ['limitation du traitement', 'restriction of processing'],
  'consents.state': ['réponse', 'answer'],
  'deliveries.state': ['état : annulées', 'state: cancelled'],
};

/** Changes to the value of a field. */
export const changes: Readonly<Record<string, Both>> = {
  added: ['ajouté', 'added'],
  removed: ['retiré', 'removed'],
  replaced: ['remplacé', 'replaced'],
  absent: ['absent, rien à retirer', 'absent, nothing to remove'],
};

// Counts of the retention calendar, for one and for several. French first.

export const retentionCounts = {
  purged: [
    ['lead à supprimer', 'lead to delete'],
    ['leads à supprimer', 'leads to delete'],
  ],
  anonymised: [
    ['lead à anonymiser', 'lead to anonymise'],
    ['leads à anonymiser', 'leads to anonymise'],
  ],
  long: [
    [
      'lead conservé plus de trois ans après le dernier signe du prospect, sur instruction',
      'kept more than three years after the last sign, on instruction',
    ],
    [
      'leads conservés plus de trois ans après le dernier signe du prospect, sur instruction',
      'kept more than three years after the last sign, on instruction',
    ],
  ],
  endMissing: [
    [
      'lead d’une opération ponctuelle sans date de fin enregistrée',
      'lead of a one-off operation without a recorded end',
    ],
    [
      'leads d’opérations ponctuelles sans date de fin enregistrée',
      'leads of one-off operations without a recorded end',
    ],
  ],
  references: [
    ['référence', 'reference'],
    ['références', 'references'],
  ],
} as const satisfies Readonly<Record<string, OneAndSeveral>>;
