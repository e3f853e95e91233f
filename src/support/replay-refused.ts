// Words for each reason not to replay one delivery. French first.
// Invariant: every refusal of `replay.ts` has its words; the compiler asks for them.
import { RelaisError } from '../errors.ts';
import { replayRefusals, type ReplayRefusal } from './replay.ts';

const inFrench: Record<ReplayRefusal, string> = {
  not_found: 'elle n’existe pas',
  on_its_way: 'elle est déjà en route ; attendez la fin de cette tentative',
  waits_for_file: 'elle part avec le prochain fichier ; « Envoyer le fichier maintenant » en fait un',
  lead_erased: 'le lead a été effacé : plus rien ne peut en partir',
  superseded: 'une version plus récente l’a remplacée ; rejouez celle-là',
  no_mapping: 'sa destination n’a aucun format publié',
  undecided:
    'le destinataire l’a peut-être : dites s’il l’a ou non, ou acceptez qu’il puisse l’avoir deux fois',
  already_delivered: 'elle est déjà livrée ; pour l’envoyer une seconde fois, demandez-le expressément',
  mapping_unchanged:
    'elle n’est pas partie, et le format n’a pas changé depuis son échec ; corrigez-le d’abord, ou demandez expressément de la renvoyer telle quelle',
  erasure_confirmed: 'le destinataire a confirmé l’effacement',
};

/** REPLAY-001 with the reason. */
export const replayRefused = (id: number, why: ReplayRefusal): RelaisError =>
  new RelaisError('REPLAY-001', [
    `Livraison ${id} : ${inFrench[why]}.`,
    `Delivery ${id}: ${replayRefusals[why]}.`,
  ]);
