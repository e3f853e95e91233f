// Looks up a test lead at its recipient by our reference, compares it field by field with the sent one, and removes it.
// Invariant: only the invented lead is looked up and removed, by the numbers in its own answers.
import { randomBytes } from 'node:crypto';
import type { Answer, Captured, Outcome, Parcel, SendContext } from '../../../connectors/contract.ts';
import { callSituations } from '../../mapping/calls/situations.ts';
import type { WriteSituation } from '../../mapping/contract.ts';
import { isRecord } from '../../mapping/document/yaml.ts';
import { singleParcel } from '../../mapping/tools/composed-preview.ts';
import { outcomeText } from '../answer-words.ts';
import type { Both } from '../words.ts';
import { contextOf, type TrialInput, type TrialMessage } from './trial.ts';

type Sent = Extract<TrialMessage, { readonly kind: 'sent' }>;

/** Sentences for the person who sets the destination up; `isWhole` unless something did not come back. */
/**
 * @param sent the accepted messages, as `sendTrial` returns them
 * @param removes false for a client's test: the client looks at it in its own CRM
 */
export async function readBackAndRemove(
  input: TrialInput,
  sent: readonly TrialMessage[],
  { removes }: { readonly removes: boolean },
): Promise<{ readonly isWhole: boolean; readonly notes: readonly Both[] }> {
  const taken = sent.filter((message) => message.kind === 'sent');
  const known = numbersOf(taken);
  const lost: Both[] = [];
  for (const message of taken) lost.push(...(await readBack(input, message, known)));
  return { isWhole: lost.length === 0, notes: [...lost, ...(removes ? [await removal(input, known)] : [])] };
}

type Numbers = ReturnType<typeof numbersOf>;

function numbersOf(taken: readonly Sent[]) {
  const captured = Object.assign(
    {},
    ...taken.map(({ outcome }) => ('captures' in outcome ? outcome.captures : {})),
  ) as Captured;
  const reference = taken.flatMap(({ outcome }) =>
    'reference' in outcome && outcome.reference !== undefined ? [outcome.reference] : [],
  )[0];
  return { captured, ...(reference === undefined ? {} : { recipientReference: reference }) };
}

const situationOf = (
  { categories, now }: TrialInput,
  action: WriteSituation['action'],
  known: Numbers,
): WriteSituation => ({
  action,
  // An idempotent recipient would answer a known key from its memory.
  key: `sbx-${randomBytes(10).toString('hex')}`,
  writtenAt: now(),
  now: now(),
  categories,
  ...known,
});

async function readBack(input: TrialInput, message: Sent, known: Numbers): Promise<readonly Both[]> {
  const { mapping, lead, connector, place } = input;
  const { call } = message;
  const plan = mapping.actions.create?.calls?.find(({ name }) => name === call);
  const asks = call === undefined ? mapping.hasLookup : plan?.hasLookup === true;
  const situation = { ...situationOf(input, 'create', known), ...(call === undefined ? {} : { call }) };
  const question = mapping.question({ ...situation, leadReference: lead.reference }, call);
  if (!asks || question === undefined || connector.lookup === undefined) return [];
  let answer: Answer | undefined;
  const parcel = singleParcel(mapping, lead, situation, { body: question });
  const outcome = await connector.lookup(
    parcel,
    place.settingsOf(call),
    contextOf(input, { action: 'create', call }, (got) => (answer = got)),
  );
  if (outcome.kind === 'accepted' || outcome.kind === 'duplicate')
    return notKept(message, answer, lead.reference).map((field) => notCameBack(field));
  return [notFound(outcome)];
}

const notCameBack = (field: string): Both => [
  `Le champ ${field} n’est pas revenu : le destinataire ne l’a pas gardé, ou pas tel qu’il a été envoyé.`,
  `The field ${field} did not come back: the recipient did not keep it, or not as it was sent.`,
];

const notFound = (outcome: Outcome): Both => [
  `Le lead est pris, mais ne se retrouve pas par notre référence (${outcomeText(outcome.kind, '', 'fr')}) : le champ de la référence n’est pas gardé, ou ne peut pas être recherché.`,
  `The lead is taken, but cannot be found by our reference (${outcomeText(outcome.kind, '', 'en')}): the field of the reference is not kept, or cannot be searched.`,
];

/** Fields sent as JSON that the found record lacks, where it shows most of them; none where it cannot be compared. */
export function notKept(
  { text }: Pick<Sent, 'text'>,
  answer: Answer | undefined,
  reference: string,
): readonly string[] {
  const [sent, found] = [parsed(text), recordOf(parsed(answer?.text ?? ''), reference)];
  if (!isRecord(sent) || !isRecord(found)) return [];
  const leaves = leavesOf(sent).filter(([, value]) => value !== null && value !== '');
  const lost = leaves.filter(([path, value]) => !isKept(value, at(found, path)));
  return lost.length * 2 > leaves.length ? [] : lost.map(([path]) => path.join('.'));
}

function recordOf(value: unknown, reference: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const members: readonly unknown[] = Object.values(value);
  const inner = members.map((member) => recordOf(member, reference)).find((record) => record !== undefined);
  return inner ?? (members.includes(reference) ? value : undefined);
}

const leavesOf = (value: Record<string, unknown>, path: readonly string[] = []): readonly Leaf[] =>
  Object.entries(value).flatMap(([name, inner]): readonly Leaf[] =>
    isRecord(inner) ? leavesOf(inner, [...path, name]) : [[[...path, name], inner]],
  );
type Leaf = readonly [path: readonly string[], value: unknown];

const at = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((inner, name) => (isRecord(inner) ? inner[name] : undefined), value);

/** `1` and `"1"` are the same; a text may come back trimmed, or with its line ends changed. */
function isKept(sent: unknown, found: unknown): boolean {
  if (found === undefined || found === null || found === '') return false;
  if (typeof sent === 'boolean' && typeof found === 'boolean') return sent === found;
  return true;
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const removed: Both = ['Le lead de test a été retiré.', 'The test lead was removed.'];
const stays: Both = [
  'Le lead de test reste chez le destinataire : supprimez-le à la main.',
  'The test lead stays with the recipient: delete it by hand.',
];

/** Sends the erasure as a delivery does: each call that applies, with the ids that earlier answers gave. */
async function removal(input: TrialInput, known: Numbers): Promise<Both> {
  const { mapping, lead, connector } = input;
  const { erase } = mapping.actions;
  // A sandbox has no address for erasures: under the same number, production may have another person's record.
  if (erase === undefined || mapping.sandbox !== undefined) return stays;
  const situation = situationOf(input, 'erase', known);
  const requests =
    erase.calls === undefined ? [{ call: erase, situation }] : callSituations(mapping, lead, situation);
  let { captured } = known;
  for (const { call, situation: one } of requests) {
    const own = { ...one, captured };
    if ('applies' in call && !call.applies(lead, own)) continue;
    const result = mapping.apply(lead, own);
    if (!result.ok) return stays;
    const body = mapping.write([result.record], 'erase', undefined, own.call);
    const parcel: Parcel = singleParcel(mapping, lead, own, { ...result.record, body });
    const context: SendContext = contextOf(input, { action: 'erase', call: own.call });
    const outcome = await connector.send(parcel, call.settings, context);
    if (outcome.kind !== 'accepted' && outcome.kind !== 'duplicate') return stays;
    captured = { ...captured, ...outcome.captures };
  }
  return removed;
}
