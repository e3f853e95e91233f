// Reads the items of client.yaml that going live needs: the evidence of each, and the opt-in as the client agreed it (C49 to C52).
// Invariant: a malformed item is a mistake of the file; a missing one is a warning here and refuses the departure of leads.
import type { ClientFacts } from '../domain/destination.ts';
import { goLiveItems } from '../domain/go-live.ts';
import type { AgreedOptIn, GoLiveEvidence } from '../domain/go-live-facts.ts';
import { consentChannels, consentPurposes, consentStates } from '../domain/lead.ts';
import { omitted } from './consent/choices.ts';
import type { Report } from './document/problems.ts';
import { blockAt, isRecord, listAt, textAt } from './document/yaml.ts';
import { isPhone } from './fields/phones.ts';
import { parseDay } from './fields/time.ts';

export function readGoLive(value: unknown, report: Report): NonNullable<ClientFacts['goLive']> {
  const block = blockAt(value, 'goLive');
  const found: Record<string, GoLiveEvidence> = {};
  for (const [item, raw] of Object.entries(block)) {
    const evidence = textAt(raw, 'evidence');
    const date = textAt(raw, 'date');
    if (evidence === undefined || date === undefined) continue;
    if (parseDay(date) === undefined)
      report.error(['goLive', item, 'date'], 'MAP-902', [
        'la date s’écrit aaaa-MM-jj.',
        'the date is written yyyy-MM-dd.',
      ]);
    const number = textAt(raw, 'number');
    if (number !== undefined && !isPhone(number))
      report.error(['goLive', item, 'number'], 'MAP-907', [
        'le numéro présenté s’écrit en E.164, entre guillemets : "+33199001000".',
        'the number to show is written in E.164, between quotes: "+33199001000".',
      ]);
    found[item] = { evidence, date, ...(number === undefined ? {} : { number }) };
  }
  const missing = goLiveItems.filter((item) => !Object.hasOwn(block, item));
  if (missing.length > 0) {
    report.warn(
      ['goLive'],
      'MAP-901',
      [
        `sans preuve de ${missing.join(', ')} le client ne peut pas être mis en service.`,
        `without evidence of ${missing.join(', ')} the client cannot go live.`,
      ],
      { at: 'key' },
    );
  }
  return found;
}

/** An absent purpose is marketing, as in a mapping. */
export function readAgreedOptIn(value: unknown): readonly AgreedOptIn[] {
  return listAt(value, 'optIn').flatMap((raw): readonly AgreedOptIn[] => {
    const field = textAt(raw, 'field');
    if (!isRecord(raw) || field === undefined) return [];
    const purpose = consentPurposes.find((known) => known === textAt(raw, 'purpose')) ?? 'marketing';
    const channel = consentChannels.find((known) => known === textAt(raw, 'channel'));
    const destination = textAt(raw, 'destination');
    const values = blockAt(raw, 'values');
    return [
      {
        field,
        purpose,
        ...(channel === undefined ? {} : { channel }),
        ...(destination === undefined ? {} : { destination }),
        values: Object.fromEntries(
          consentStates.flatMap((state) =>
            Object.hasOwn(values, state) ? [[state, asTableSays(values[state])]] : [],
          ),
        ),
      },
    ];
  });
}

/** The value in the words of a mapping's truth table. */
function asTableSays(value: unknown): string {
  if (value === 'omit') return omitted;
  if (value === 'hold') return '(held)';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
