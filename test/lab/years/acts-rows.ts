// Acts that hand rows in: leads, interactions, consents; and operations with the instructions they cite.
// Invariant: what is handed in stands in the book as it was handed in.
import { recordInstruction, recordOperation } from '../../../src/retention/register.ts';
import { replay } from '../../support/replay.ts';
import { addressesOf, type Lead } from './book.ts';
import { phoneYesEnds, dayOf } from './plain-rules.ts';
import type { Answer, Timed } from './events.ts';
import { count, type Stage } from './stage.ts';

const minuteMs = 60_000;
/** Told a quarter of an hour ahead: between that and its end somebody looks. */
const lookBeforeMs = 10 * minuteMs;

type Of<K extends Timed['do']> = Extract<Timed, { readonly do: K }>;

const rowOf = ({ channel, state, validUntil }: Answer, recordedAt: Date): object => ({
  purpose: 'marketing',
  channel,
  state,
  recordedAt,
  ...(channel === 'phone' ? { legalEntity: 'ESSAI PROMOTION SAS', wordingVersion: 'tel-3' } : {}),
  ...(validUntil === undefined ? {} : { validUntil }),
});

function grant(stage: Stage, lead: Lead, answer: Answer, givenAt: Date): void {
  const { channel, state, validUntil } = answer;
  if (state !== 'granted') return;
  const ends = channel === 'phone' ? phoneYesEnds(givenAt, validUntil) : validUntil;
  lead.grants.push({ channel, givenAt, receivedAt: stage.world.now(), ends });
  if (ends !== undefined && ends > stage.world.now())
    stage.agenda.add(new Date(ends.getTime() - lookBeforeMs), () => undefined);
}

export async function handInLead(stage: Stage, event: Of<'lead'>): Promise<void> {
  const { reference, collectedAt, kind, operation, addresses, answers } = event;
  const lead: Lead = {
    ...{ reference, kind, operation, collectedAt, sign: collectedAt, state: 'handed_in' },
    ...{ email: addresses.email, mobile: addresses.mobile, landline: addresses.landline },
    ...{ takenAt: undefined, endedAt: undefined, grants: [] },
  };
  stage.book.handIn(lead);
  for (const answer of answers) grant(stage, lead, answer, collectedAt);
  await stage.gateway.send({
    ...{ client_id: 'essai', kind: 'lead', reference, channel: 'web_form', collected_at: collectedAt },
    ...{ notice: 'n1', civility: 'ms', last_name: 'Personne', first_name: 'Zoé', programme: 'ES-LYON' },
    ...{ departement: '69', housing_type: 'apartment', rooms: 3, operation_kind: kind },
    ...(operation === undefined ? {} : { operation }),
    ...addresses,
    consents: JSON.stringify(answers.map((answer) => rowOf(answer, collectedAt))),
  });
  count(stage, 'leads');
}

const isThere = ({ book }: Stage, reference: string): Lead | undefined => {
  const lead = book.leads.get(reference);
  return lead?.state === 'there' ? lead : undefined;
};

export async function handInInteraction(stage: Stage, event: Of<'interaction'>): Promise<void> {
  const lead = isThere(stage, event.reference);
  if (lead === undefined) return;
  const at = new Date(stage.world.now().getTime() - minuteMs);
  if (event.isWanted) lead.sign = at;
  stage.nights.for(lead);
  await stage.gateway.send({
    ...{ client_id: 'essai', kind: 'interaction', reference: lead.reference },
    row_reference: `${lead.reference}-i-${event.at.getTime()}`,
    interactions: JSON.stringify([{ kind: event.kind, at }]),
  });
  count(stage, event.isWanted ? 'signs' : 'actions of ours');
}

/** Refused at the door, and kept for a while: it holds the person as the lead does. */
export async function handInMalformed(stage: Stage, event: Of<'malformed'>): Promise<void> {
  const lead = isThere(stage, event.reference);
  if (lead === undefined) return;
  const { email, mobile, operation, kind } = lead;
  const national = mobile?.replace(/^\+33(\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, '0$1 $2 $3 $4 $5');
  const spelt = {
    'as given': { email, mobile },
    national: { email: email?.toUpperCase(), mobile: national },
    'in a comment': { mobile, comment: email === undefined ? undefined : `écrire à ${email}.` },
  }[event.spelling];
  await stage.gateway.send({
    ...{ client_id: 'essai', kind: 'lead', reference: `${lead.reference}-x`, channel: 'nonsense' },
    ...{
      collected_at: new Date(stage.world.now().getTime() - minuteMs),
      last_name: 'Personne',
      ...given(spelt),
    },
    ...(event.isOfOperation && operation !== undefined ? { operation, operation_kind: kind } : {}),
  });
  count(stage, 'malformed');
}

const given = (values: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );

export async function handInConsent(stage: Stage, { reference, answer, at }: Of<'consent'>): Promise<void> {
  const { book, world } = stage;
  const lead = isThere(stage, reference);
  if (lead === undefined) return;
  const { channel, state } = answer;
  // Who took it back with this lead does not grant it again: that is another story than theirs.
  if (
    book.takenBack.some(
      (out) => out.channel === channel && (out.leads.has(lead) || shares(lead, out.addresses)),
    )
  )
    return;
  const now = world.now();
  if (state === 'withdrawn')
    book.takenBack.push({
      at: now,
      channel,
      leads: book.siblings(lead),
      addresses: new Set(addressesOf(lead)),
    });
  grant(stage, lead, answer, now);
  await stage.gateway.send({
    ...{ client_id: 'essai', kind: 'consent', reference, row_reference: `${reference}-c-${at.getTime()}` },
    consents: JSON.stringify([rowOf(answer, now)]),
  });
  count(stage, state === 'withdrawn' ? 'withdrawn by row' : 'renewed');
}

const shares = (lead: Lead, addresses: ReadonlySet<string>): boolean =>
  addressesOf(lead).some((address) => addresses.has(address));

export async function recordAnOperation(stage: Stage, event: Of<'operation'>): Promise<void> {
  const { code, kind, endsOn, delayDays, delayMonths, isLater } = event;
  const { database } = stage.gateway.app;
  const clientId = 'essai';
  const before = stage.book.operations.get(code);
  const delay =
    delayDays === undefined
      ? delayMonths === undefined
        ? undefined
        : { count: delayMonths, unit: 'month' as const }
      : { count: delayDays, unit: 'day' as const };
  const isCited = delay !== undefined || (isLater === true && before !== undefined);
  const instruction = isCited
    ? await recordInstruction(database, {
        ...{ clientId, givenOn: dayOf(stage.world.now()), givenBy: 'Mme Exemple', document: 'courrier' },
        ...{ covers: ['retention'] as const, operation: '', recordedBy: 'tester' },
      })
    : undefined;
  await recordOperation(database, {
    ...{ clientId, code, kind, recordedBy: 'tester' },
    ...(endsOn === undefined ? {} : { endsOn }),
    ...(delay === undefined ? {} : { delay }),
    ...(instruction === undefined ? {} : { instruction }),
  });
  stage.book.record(code, {
    kind,
    ...(endsOn === undefined ? {} : { endsOn }),
    ...(delayDays === undefined ? {} : { delayDays }),
    ...(delayMonths === undefined ? {} : { delayMonths }),
  });
  for (const lead of stage.book.leads.values())
    if (lead.operation === code && (lead.state === 'there' || lead.state === 'erased'))
      stage.nights.for(lead);
  count(stage, 'operations');
}

/** Support sends an old lead once more, and tries with one that was erased. */
export async function replayOld(stage: Stage, { reference }: Of<'replay'>): Promise<void> {
  const lead = stage.book.leads.get(reference);
  if (lead?.state !== 'there' && lead?.state !== 'erased') return;
  const { app, owner } = stage.gateway;
  const rows = await owner.all<{ id: number }>(
    `SELECT d.id FROM deliveries d JOIN leads l ON l.id = d.lead_id WHERE l.reference = ? AND d.action = 'create'`,
    [reference],
  );
  await replay(
    app,
    rows.map(({ id }) => id),
    { actor: 'tester', reason: 'asked by the client', again: true },
  );
  count(stage, 'replays');
}
