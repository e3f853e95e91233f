// Describes several calls of a delivery in French: their order and addresses, the ids passed on, opt-ins that trigger a call.
// Invariant: every call of the create, the update and the erase is named with its method and its whole address.
import type { Action } from '../../../connectors/contract.ts';
import { gatedCall } from '../calls/parts.ts';
import type { CompiledMapping } from '../contract.ts';
import { blockAt, isRecord, listAt } from '../document/yaml.ts';
import { asText } from '../fields/values.ts';
import { channelWords, purposeWords } from '../../domain/lead-values.ts';
import { heading, paragraph, type Block, tableOf, type Raw } from './blocks.ts';
import { ruleTable, unknownWords } from './french-answers.ts';
import { procedureWords } from './french-transport.ts';
import { conditionWords } from './fields.ts';

type RawCall = ReturnType<typeof callsOf>[number];

/** The calls of an action beside their lines in the file; none where it is one message. */
export function callsOf(whole: Raw, mapping: CompiledMapping, action: Action = 'create') {
  const block = action === 'create' ? whole : blockAt(whole, action);
  const raws = listAt(block, 'calls').filter(isRecord);
  // An update or erase without a list of its own is one call of that name.
  return (mapping.actions[action]?.calls ?? []).map((plan, index) => ({ plan, raw: raws[index] ?? block }));
}

/** `POST https://crm.example/api/persons`, in the words of the connector; empty where it knows one way only. */
const addressWords = (mapping: CompiledMapping, { settings }: { readonly settings: unknown }): string =>
  mapping.connectorFacts.words.address?.(settings)[0] ?? '';

/** How the calls make one delivery. */
export function deliveryWords(count: number): string {
  return count === 1
    ? 'Un lead est livré par un appel.'
    : `Un lead est livré par ${count} appels, dans cet ordre ; il n’est livré qu’une fois le dernier accepté. Si un appel échoue, nous reprenons à partir de celui-là : ce que vous avez accepté n’est pas envoyé de nouveau.`;
}

/** The lines under the title of a call: address, condition, the ids it needs and gives. */
export function callWords(mapping: CompiledMapping, call: RawCall): readonly string[] {
  const { raw, plan } = call;
  const gates = mapping.consentTable.filter((row) => gatedName(row.field) === plan.name);
  const conditions = [
    ...(Object.hasOwn(raw, 'when') ? [conditionWords(raw['when'])] : []),
    ...(gates.length === 0 ? [] : ['la réponse du prospect le commande (voir « Consentement »)']),
  ];
  const needed = plan.needs.filter((id) => id !== 'reference');
  const captured = Object.entries(blockAt(raw, 'capture'));
  return [
    `${addressWords(mapping, plan)}${procedureWords(raw)}${conditions.length === 0 ? '' : `, seulement si ${conditions.join(' et ')}`}`,
    ...(needed.length === 0 ? [] : [`Reprend : ${needed.join(', ')}, rendu par un appel précédent.`]),
    ...(captured.length === 0
      ? []
      : [
          `De votre réponse nous retenons : ${captured.map(([name, place]) => `${plan.name}.${name} (lu dans ${placeWords(place)})`).join(', ')}. Sans cet identifiant, la réponse ne vaut pas acceptation.`,
        ]),
    ...undoWords(mapping, call),
  ];
}

/** The undo of a call after a later refusal. */
function undoWords(mapping: CompiledMapping, { raw, plan }: RawCall): readonly string[] {
  if (plan.undo === undefined) return [];
  const address = `${addressWords(mapping, plan.undo)}${procedureWords(blockAt(raw, 'undo'))}`;
  return [
    `Si vous refusez définitivement un appel suivant, nous vous demandons de retirer ce que celui-ci a créé : ${address}. Ce qui existait déjà chez vous (« déjà connu ») n’est jamais retiré ; si le retrait échoue, nous vous écrivons.`,
  ];
}

function placeWords(place: unknown): string {
  if (Array.isArray(place)) return (place as unknown[]).map(placeWords).join(', à défaut ');
  if (!isRecord(place)) return asText(place);
  const after = Object.hasOwn(place, 'after') ? `, après « ${asText(place['after'])} »` : '';
  const before = Object.hasOwn(place, 'before') ? `, avant « ${asText(place['before'])} »` : '';
  return `${asText(place['path'])}${after}${before}`;
}

/** The name after `call:`, if the line triggers a call. */
export const gatedName = (field: string): string | undefined => gatedCall({ target: { text: field } });

/** The states in which the opt-in triggers a call; empty where it triggers none. */
export function gateBlocks(table: CompiledMapping['consentTable']): readonly Block[] {
  const rows = table.flatMap(({ field, purpose, channel, values }) => {
    const name = gatedName(field);
    if (name === undefined) return [];
    const words = (value: string): string =>
      value === '(held)' ? 'le lead attend' : value === '(omitted)' ? 'appel non envoyé' : 'appel envoyé';
    return [
      [
        name,
        `${purposeWords[purpose]} par ${channelWords[channel]}`,
        ...[values.granted, values.refused, values.not_asked, values.withdrawn].map(words),
      ],
    ];
  });
  if (rows.length === 0) return [];
  return [
    paragraph(
      'Ici la réponse du prospect ne s’écrit pas dans un champ : elle décide si un appel vous est envoyé.',
    ),
    tableOf(['Appel', 'Finalité et canal', 'Accord', 'Refus', 'Non demandé', 'Retiré'], rows, [0]),
  ];
}

/** Rules of one call only, read before those of all. */
export function callAnswerBlocks(whole: Raw, mapping: CompiledMapping): readonly Block[] {
  const all = callsOf(whole, mapping).flatMap(({ raw, plan }) => [
    { raw, plan, what: `à l’appel ${plan.name}` },
    ...(plan.undo === undefined
      ? []
      : [{ raw: blockAt(raw, 'undo'), plan: plan.undo, what: `au retrait de ${plan.name}` }]),
  ]);
  const own = all.filter(({ raw }) => listAt(raw, 'response').length > 0);
  return own.flatMap(({ raw, plan, what }): readonly Block[] => [
    heading(3, `Réponses propres ${what}, lues d’abord`),
    ruleTable(listAt(raw, 'response'), { unknown: unknownWords(plan.onUnknown) }),
  ]);
}

/** The consequence of an answer that is not understood, call by call where they differ. */
export function unknownOf(whole: Raw, mapping: CompiledMapping): string {
  const calls = callsOf(whole, mapping);
  const policies = new Set(calls.map(({ plan }) => plan.onUnknown));
  if (calls.length === 0) return unknownWords(mapping.retry.onUnknown);
  if (policies.size === 1) return unknownWords(calls[0]?.plan.onUnknown ?? 'hold');
  return calls.map(({ plan }) => `${plan.name} : ${unknownWords(plan.onUnknown)}`).join(' ');
}

/** ` (PUT https://...)`, or each call of the action. */
export function actionWords(whole: Raw, mapping: CompiledMapping, action: 'update' | 'erase'): string {
  const plan = mapping.actions[action];
  if (plan === undefined || mapping.connectorFacts.words.address === undefined) return '';
  const addresses = callsOf(whole, mapping, action).map(
    ({ plan: call, raw }) => addressWords(mapping, call) + procedureWords(raw),
  );
  const [first] = addresses;
  if (first === undefined)
    return ` (${addressWords(mapping, plan)}${procedureWords(blockAt(whole, action))})`;
  if (addresses.length === 1) return ` (${first})`;
  const inOrder = addresses.map((address, index) => `${index + 1}. ${address}`);
  return `, en ${addresses.length} appels (${inOrder.join(' ; ')})`;
}
