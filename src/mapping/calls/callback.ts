// Compiles `callback:`, for a recipient that reports a later decision in a request that it signs.
// Invariant: the secret is given by name, and the callback names the delivery by our key: no person is looked up.
import type { Both } from '../../../connectors/contract.ts';
import type { CallbackPlan } from '../contract.ts';
import { isRecord, textAt } from '../document/yaml.ts';
import type { Compiling } from '../scope.ts';
import { secretIn } from '../fields/lints.ts';
import { placeForms, placeOf, understand } from '../response/answer.ts';
import { hasCalls } from './calls.ts';

const keyForm = /^[A-Za-z0-9_-]{1,64}$/;

/** Compiles `callback:`; undefined where there is none, or after reporting. */
export function compileCallback({
  mapping,
  connector,
  hasLookup,
  report,
}: Omit<Compiling, 'client'> & { readonly hasLookup: boolean }): CallbackPlan | undefined {
  const block = mapping['callback'];
  if (!isRecord(block) || connector === undefined) return undefined;
  const misplaced: Both | undefined =
    connector.answers !== 'rules'
      ? [
          `au connecteur ${connector.type} rien n’est dit plus tard.`,
          `connector ${connector.type} receives no later answer.`,
        ]
      : hasCalls(mapping)
        ? [
            'de plusieurs appels, chacun se décide par sa seule interrogation : un rappel ne dit pas lequel.',
            'one of several calls is decided by its look-up alone: a callback does not say which.',
          ]
        : hasLookup
          ? undefined
          : [
              'un rappel peut se perdre : send.lookup demande la décision malgré tout.',
              'a callback can be lost: send.lookup asks for the decision all the same.',
            ];
  if (misplaced !== undefined) return report.atKey.error(['callback'], 'MAP-672', misplaced);
  // The check of the structure reports every other mistake in these keys.
  const secret = secretIn(textAt(block, 'secret') ?? '');
  const place = placeOf(block['key'], ['callback', 'key'], report, [
    'MAP-673',
    [
      `notre clé se lit à un endroit du rappel : ${placeForms[0]}.`,
      `our key is read from a place of the callback: ${placeForms[1]}.`,
    ],
  ]);
  if (secret === undefined || place === undefined) return undefined;
  return {
    secret,
    keyOf: async (answer) => {
      const key = await understand(answer, (opened) => (opened.tooComplex() ? undefined : place(opened)));
      return typeof key === 'string' && keyForm.test(key) ? key : undefined;
    },
  };
}
