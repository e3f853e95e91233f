// Counts the effects of a publication or an authorisation, for its command.
import { counted, type OneAndSeveral } from '../domain/counted.ts';

const words = {
  authorised: [
    ['habilitation de client.yaml ajoutée', 'authorisation of client.yaml added'],
    ['habilitations de client.yaml ajoutées', 'authorisations of client.yaml added'],
  ],
  reopened: [
    ['livraison retenue est réexaminée', 'withheld delivery is looked at again'],
    ['livraisons retenues sont réexaminées', 'withheld deliveries are looked at again'],
  ],
  acceptedAgain: [
    [
      'livraison terminée par une version antérieure (not_accepted) est de nouveau planifiée',
      'delivery an earlier version had ended (not_accepted) is planned again',
    ],
    [
      'livraisons terminées par une version antérieure (not_accepted) sont de nouveau planifiées',
      'deliveries an earlier version had ended (not_accepted) are planned again',
    ],
  ],
} as const satisfies Readonly<Record<string, OneAndSeveral>>;

/** A line for each of them that is not nought. */
export const countedLines = (
  done: Readonly<Partial<Record<keyof typeof words, number>>>,
): readonly string[] =>
  (['authorised', 'reopened', 'acceptedAgain'] as const).flatMap((what) => {
    const count = done[what] ?? 0;
    return count === 0 ? [] : [`${counted(count, words[what])[1]}.`];
  });
