// Words of saved views. French first.
import type { ViewProblem } from '../../access/views.ts';
import type { Both } from '../../support/words.ts';

export const viewWords = {
  views: ['Vos vues enregistrées', 'Your saved views'],
  save: ['Enregistrer cette vue…', 'Save this view…'],
  name: ['Nom de la vue', 'Name of the view'],
  nameHint: [
    '60 caractères au plus ; ni adresse e-mail ni téléphone. Un nom déjà pris est remplacé.',
    '60 characters at most; no mail address, no phone. A name that is taken is replaced.',
  ],
  keep: ['Enregistrer', 'Save'],
  removeIt: ['Supprimer la vue', 'Remove the view'],
  nothing: ['Il n’y a pas de filtre à enregistrer.', 'There is no filter to save.'],
} as const satisfies Readonly<Record<string, Both>>;

export const viewProblems: Readonly<Record<ViewProblem, Both>> = {
  no_name: ['Donnez un nom à la vue.', 'Give the view a name.'],
  name_long: ['Le nom a 60 caractères au plus.', 'The name has 60 characters at most.'],
  query_long: ['Ce filtre est trop long.', 'This filter is too long.'],
  too_many: [
    'Vous avez vingt vues : retirez-en une d’abord.',
    'You have twenty views: remove one of them first.',
  ],
};
