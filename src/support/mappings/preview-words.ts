// Renders parts of a preview for people, at the terminal and in the console alike.
// Invariant: head and content are those that would leave, byte for byte; secrets are masked by the connector's own compose.
import type { Composed } from '../../../connectors/contract.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import type { Preview } from '../../mapping/tools/preview.ts';
import { codeWords } from '../code-words.ts';
import { categoryWords, consentPairWords, type Both } from '../words.ts';

type Result = Preview['result'];

/** The mark of an id that does not exist yet, once the connector has put it into an address. */
const encodedMark = /%E2%80%B9([A-Za-z0-9_.]+)%E2%80%BA/g;

export const headLines = (composed: Composed | undefined): readonly string[] =>
  (composed?.head ?? []).map((line) => line.replaceAll(encodedMark, '‹$1›'));

export interface ShownContent {
  /** Empty where nothing but the head leaves. */
  readonly text: string;
  readonly bytes: number;
  /** Undefined where the connector has wrapped the rendered content in a form of its own. */
  readonly mediaType: string | undefined;
}

/** The bytes to send, as the connector makes them; for mails and the like the rendered text. */
export function contentShown(
  { connectorFacts }: CompiledMapping,
  { text, body }: Extract<Result, { readonly ok: true }>,
  composed: Composed | undefined,
): ShownContent {
  const content = composed?.content ?? body.bytes;
  const isOwn = connectorFacts.sheet || Buffer.from(content).equals(body.bytes);
  return {
    text: isOwn ? text : Buffer.from(content).toString('utf8'),
    bytes: isOwn ? body.bytes.length : content.length,
    mediaType: isOwn ? body.mediaType : undefined,
  };
}

/** Reasons why a lead would not leave, line by line. */
export function whyNotWritten(result: Extract<Result, { readonly ok: false }>): readonly Both[] {
  switch (result.why) {
    case 'opt_in_missing':
      return result.missing.map(({ purpose, channel }) => [
        `aucune réponse n’est enregistrée : ${consentPairWords(purpose, channel)?.[0] ?? `${purpose}.${channel}`}`,
        `no answer is recorded for ${purpose} by ${channel}`,
      ]);
    case 'opt_in_held':
      return [
        [
          `la ligne consent de ${result.field} porte hold pour cet état`,
          `the consent line of ${result.field} says hold for this state`,
        ],
      ];
    case 'category_not_authorised': {
      const { category } = result;
      const [fr] = categoryWords[category];
      return [
        [`le contrat ne couvre pas : ${fr} (${category})`, `the contract does not cover ${category} data`],
      ];
    }
    case 'capture_missing':
      return [
        [`aucune réponse n’a encore donné ${result.capture}`, `no answer has given ${result.capture} yet`],
      ];
    case 'invalid':
      return result.problems.map(({ field, code }) => {
        const [french, english] = codeWords(code) ?? [];
        return [
          `${field} : ${french === undefined ? code : `${french} (${code})`}`,
          `${field}: ${english === undefined ? code : `${english} (${code})`}`,
        ];
      });
  }
}
