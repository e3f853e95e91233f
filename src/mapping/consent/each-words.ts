// Messages about mistakes in `each: consents`, French first.
// Invariant: names of fields and sources only.
import type { Both } from '../../../connectors/contract.ts';

export const stateIsWritten: Both = [
  'l’état s’écrit avec values: {granted, refused, not_asked, withdrawn}.',
  'the state is written with values: {granted, refused, not_asked, withdrawn}.',
];

export const noSourceHere = (from: string): Both => [
  `la source « ${from} » n’existe pas ici : channel ou purpose.`,
  `source "${from}" does not exist here: channel or purpose.`,
];

export const noChannels = (target: string): Both => [
  `la clé « channels » manque : quels opt-in « ${target} » liste-t-il ? channels: [email, phone].`,
  `key "channels" is missing: which consents does "${target}" list? channels: [email, phone].`,
];

export const noValues = (target: string): Both => [
  `each de « ${target} » n’a aucun champ avec values : l’opt-in lui-même n’est pas écrit.`,
  `each of "${target}" has no field with values: the opt-in itself is not written.`,
];
