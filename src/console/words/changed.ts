// Words of the changes of an act on a person's data. French first; the French of tables and fields is that of the signed proofs.
import type { Both } from '../../support/words.ts';

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
