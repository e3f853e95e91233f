// Assigns each line of the consent block to a call, and finds the calls that an opt-in triggers (`to: call:NAME`).
// Invariant: each line is in a call that is always sent, or triggers one itself, as early as the CRM permits (C16, C20).
import type { Action } from '../../../connectors/contract.ts';
import type { Lead } from '../../domain/lead.ts';
import type { CompiledConsent, ConsentLine } from '../consent/block.ts';
import { omitted } from '../consent/choices.ts';
import type { ConsentSent, WriteSituation } from '../contract.ts';
import { gatedCall, sends } from './parts.ts';
import { isRecord, listAt } from '../document/yaml.ts';
import { near, type Report, type Path } from '../document/problems.ts';
import type { RecordPlan } from '../record.ts';

export interface ConsentPlaces {
  /** Lines that `{consent: NAME}` may place in this call. */
  readonly placeable: readonly ConsentLine[];
  /** Those of them that this call writes even where no field places them. */
  readonly atEnd: readonly ConsentLine[];
  /** The tests by which an opt-in triggers this call; empty where no opt-in does. */
  readonly gates: readonly ((lead: Lead, situation: WriteSituation) => boolean)[];
  /** Lines logged with this call although they write nothing into its body. */
  readonly noted: readonly ConsentLine[];
}

/** Assigns lines placed by name to their call, and the others to the first call that is always sent. */
export function distribute(
  calls: readonly RawCall[],
  consent: CompiledConsent | undefined,
  report: Report,
): readonly ConsentPlaces[] {
  const all = consent?.lines ?? [];
  const lines = all.filter((line) => gatedCall(line) === undefined);
  const gated = all.filter((line) => gatedCall(line) !== undefined);
  const names = calls.map((call) => call.name);
  for (const line of gated) {
    const name = gatedCall(line) ?? '';
    if (!names.includes(name))
      near(report, name, names).error([...line.path, 'to'], 'MAP-656', [
        `il n’y a pas d’appel « ${name} » dans ${whereOf(calls, line)}.`,
        `there is no call "${name}" in ${whereOf(calls, line)}.`,
      ]);
  }
  const named = new Set(calls.flatMap(({ raw }) => placedIn(raw)));
  const isGated = (call: RawCall): boolean => gated.some((line) => gatedCall(line) === call.name);
  const firstSure = calls.findIndex((call) => !Object.hasOwn(call.raw, 'when') && !isGated(call));
  const resting = calls.findIndex(({ raw }) => placedIn(raw).includes('rest'));
  const carrier = resting >= 0 ? resting : Math.max(0, firstSure);
  return calls.map((call, index): ConsentPlaces => {
    const own = gated.filter((line) => gatedCall(line) === call.name);
    return {
      placeable: lines,
      atEnd: index === carrier ? lines.filter((line) => !named.has(line.target.text)) : [],
      gates:
        consent === undefined
          ? []
          : own.map((line) => (lead, situation) => sends(line, consent, lead, situation)),
      noted: [
        ...own.map((line) => noting(line, (sent) => sent.value !== omitted)),
        // An opt-in that triggers no call is logged with the call that is always sent.
        ...(index === Math.max(0, firstSure)
          ? gated.map((line) => noting(line, (sent) => sent.value === omitted))
          : []),
      ],
    };
  });
}

const placedIn = (raw: Record<string, unknown>): readonly string[] =>
  listAt(raw, 'fields').flatMap((field) =>
    isRecord(field) && typeof field['consent'] === 'string' ? [field['consent']] : [],
  );

const whereOf = (calls: readonly RawCall[], line: ConsentLine): string => {
  const first = calls[0]?.path[0];
  if (line.path[0] === 'update') return 'update';
  return first === 'update' ? 'update, which has to carry this opt-in too' : 'calls';
};

function noting(line: ConsentLine, wanted: (sent: ConsentSent) => boolean): ConsentLine {
  return {
    ...line,
    write: (current, _out, sent, problems) => {
      const written: ConsentSent[] = [];
      line.write(current, [], written, problems);
      sent.push(...written.filter(wanted));
    },
  };
}

/** The contact data of each channel; without it the opt-in of the channel does not matter. */
const contactOf: Readonly<Record<string, readonly string[]>> = {
  email: ['identity.email'],
  sms: ['identity.mobile', 'identity.phone'],
  phone: ['identity.mobile', 'identity.landline', 'identity.phone'],
  post: ['identity.address.line1'],
};

/** Checks that every line is in a call that is always sent, and that a call with an opt-in comes as early as its ids permit. */
export function checkConsentCarried(
  raws: readonly RawCall[],
  calls: readonly Carrying[],
  consent: CompiledConsent,
  action: Action,
  report: Report,
): void {
  const carriers = new Map<ConsentLine, number[]>(consent.lines.map((line) => [line, []]));
  for (const [index, { record }] of calls.entries())
    for (const part of record.parts) if ('consent' in part) carriers.get(part.consent)?.push(index);
  const carrying = new Set<number>();
  const sending = new Set<number>();
  const surely = (found: readonly number[]): readonly number[] =>
    found.filter((index) => isSure(raws[index], consent));
  // The line marks the address alone, and another line with the same answer is always sent.
  const marksContact = (call: RawCall | undefined, line: ConsentLine): boolean =>
    asksForContact(call?.raw['when'], consent, line) &&
    line.pairs.every((pair) =>
      [...carriers].some(([other, found]) => surely(found).length > 0 && other.pairs.includes(pair)),
    );
  for (const [line, found] of carriers) {
    const gate = gatedCall(line);
    if (gate !== undefined) {
      const index = raws.findIndex((call) => call.name === gate);
      const raw = raws[index];
      if (raw === undefined) continue;
      sending.add(index);
      if (Object.hasOwn(raw.raw, 'when') && !asksForContact(raw.raw['when'], consent, line))
        report.atKey.error([...raw.path, 'when'], 'MAP-654', [
          `l’opt-in commande « ${gate} » : un when ne peut demander que le contact dont il s’agit, comme {present: identity.email}.`,
          `the opt-in sends "${gate}": a when may only ask for the contact it is about, such as {present: identity.email}.`,
        ]);
      continue;
    }
    const sure = surely(found);
    const mark = sure.length > 0 ? undefined : found.find((index) => marksContact(raws[index], line));
    if (mark !== undefined) sending.add(mark);
    else if (sure.length === 0)
      report.error([...line.path, 'to'], 'MAP-654', [
        `« ${line.target.text} » n’est dans aucun appel de ${action} qui part toujours : un échange pourrait partir sans l’opt-in (C20).`,
        `"${line.target.text}" is in no call of ${action} that always leaves: an exchange could go without the opt-in (C20).`,
      ]);
    if (sure[0] !== undefined) carrying.add(sure[0]);
  }
  for (const index of carrying) checkEarly(index, new Set([...carrying, ...sending]), raws, calls, report);
  for (const index of sending) checkEarly(index, sending, raws, calls, report);
}

const isSure = (call: RawCall | undefined, consent: CompiledConsent): boolean =>
  call !== undefined &&
  !Object.hasOwn(call.raw, 'when') &&
  !consent.lines.some((line) => gatedCall(line) === call.name);

function asksForContact(when: unknown, consent: CompiledConsent, line: ConsentLine): boolean {
  const channel = consent.table.find((row) => row.field === line.target.text)?.channel ?? '';
  const keys = isRecord(when) ? Object.keys(when) : [];
  const asked = isRecord(when) ? when['present'] : undefined;
  return keys.length === 1 && typeof asked === 'string' && (contactOf[channel] ?? []).includes(asked);
}

// Checks that calls with an opt-in come as early as the ids they need permit.
// Invariant: a failed call leaves the results of earlier ones: no record may exist at the recipient without its opt-in.

export interface RawCall {
  readonly raw: Record<string, unknown>;
  readonly path: Path;
  readonly name: string;
}

interface Carrying {
  readonly record: Pick<RecordPlan, 'parts'>;
  /** Ids of earlier calls it uses. */
  readonly reads: readonly string[];
}

const givesTo = (giver: RawCall, call: Carrying | undefined): boolean =>
  call?.reads.some((id) => id.startsWith(`${giver.name}.`)) === true;

/** Reports a call that carries an opt-in and follows a call that it does not need. */
function checkEarly(
  index: number,
  /** Calls that may precede it nevertheless: they carry an opt-in too. */
  alike: ReadonlySet<number>,
  raws: readonly RawCall[],
  calls: readonly Carrying[],
  report: Report,
): void {
  const raw = raws[index];
  const call = calls[index];
  if (raw === undefined || call === undefined) return;
  const givers = new Set(call.reads.map((id) => id.slice(0, id.indexOf('.'))));
  for (let before = index - 1; before >= 0; before -= 1) {
    const earlier = raws[before];
    if (earlier === undefined || givers.has(earlier.name) || alike.has(before)) continue;
    // An opt-in call between the two needs the earlier one, and is checked by itself.
    const served = [...alike].some((at) => at > before && at < index && givesTo(earlier, calls[at]));
    if (served) continue;
    // A call whose id this one uses may need the earlier one itself.
    const needed = [...givers].some((name) => {
      const at = raws.findIndex((candidate) => candidate.name === name);
      return at > before && givesTo(earlier, calls[at]);
    });
    if (needed) continue;
    report.error([...raw.path, 'name'], 'MAP-655', [
      `« ${raw.name} » porte un opt-in et n’a pas besoin de « ${earlier.name} » : mettez-le avant, sinon un échec entre les deux laisse là une personne sans l’opt-in.`,
      `"${raw.name}" carries an opt-in and does not need "${earlier.name}": put it before, or a failure between them leaves a person there without the opt-in.`,
    ]);
    return;
  }
}
