// Acts on a person's demand, from its coming in to its closing, as a data protection officer does them, by the product's own functions.
// Invariant: what was done stands in the book once the product has said that it is done; the book says what it should have reached.
import { RelaisError } from '../../../src/errors.ts';
import { addressesOf, destinations, type Channel, type Demand, type Lead } from './book.ts';
import { holdersOf, unsettled } from './check-demands.ts';
import { checkRefusedRows } from './check-remains.ts';
import { daysAfter, dayOf } from './plain-rules.ts';
import type { Addresses, Timed } from './events.ts';
import { count, type Act, type Stage } from './stage.ts';

type Opening = Extract<Timed, { readonly do: 'demand' }>;

const actor = 'Sophie';
const clientId = 'essai';
const both: readonly Channel[] = ['email', 'phone'];
const opposing = new Set<Demand['kind']>(['objection', 'withdrawal']);

const given = ({ email, mobile }: Addresses): readonly string[] =>
  [email, mobile].filter((one) => one !== undefined);

/** The leads that have what the person gave. */
const meant = ({ book }: Stage, addresses: Addresses): readonly Lead[] =>
  [...book.withAddress(given(addresses))].filter(({ state }) => state === 'there');

export async function openDemand(stage: Stage, event: Opening): Promise<void> {
  const { kind, addresses, plan } = event;
  if (meant(stage, addresses).length === 0) return;
  const { email, mobile } = addresses;
  const { requests } = stage.gateway.app;
  const { id } = await requests.open({
    ...{ clientId, kind, actor },
    ...(email === undefined ? {} : { email }),
    ...(mobile === undefined ? {} : { phones: [mobile] }),
    ...(opposing.has(kind) ? { optIns: { purposes: ['marketing'], channels: both } } : {}),
  });
  const demand: Demand = {
    ...{ id, kind, openedAt: stage.world.now(), leads: [], channels: opposing.has(kind) ? both : [] },
    listed: new Set(
      [...stage.book.withAddress(given(addresses))].flatMap((lead) => [...stage.book.siblings(lead)]),
    ),
    ...{
      name: kind === 'rectification' ? `Corrigé${letters(id)}` : undefined,
      owed: new Map(),
      acknowledged: new Map(),
    },
    ...{ appliedAt: undefined, liftedAt: undefined, informedAt: undefined, closedAt: undefined },
  };
  stage.book.demands.push(demand);
  count(stage, `opened: ${kind}`);
  const on = (days: number | undefined, act: Act): void => {
    if (days === undefined) return;
    // A quarter of an hour later for each: what falls on one day comes in its order.
    stage.agenda.add(new Date(event.at.getTime() + days * 86_400_000 + 60_000), act);
  };
  on(plan.tryClose, () => close(stage, demand, true));
  on(plan.apply, () => apply(stage, demand, addresses));
  on(plan.lift, () => lift(stage, demand));
  on(plan.acknowledge, () => acknowledge(stage, demand));
  on(plan.inform, () => inform(stage, demand));
  on(plan.close, () => close(stage, demand, false));
  const today = dayOf(event.at);
  for (const days of [21, 22, 25, 26, 32, 33]) stage.nights.on(daysAfter(today, days));
}

const letters = (id: number): string =>
  String(id).replaceAll(/\d/g, (digit) => 'abcdefghij'[Number(digit)] ?? '');

async function apply(stage: Stage, demand: Demand, addresses: Addresses): Promise<void> {
  const { requests } = stage.gateway.app;
  const { id, kind } = demand;
  if (kind === 'access' || kind === 'portability') {
    await requests.answered(id, { actor, evidence: 'letter', identity: 'seen' });
    demand.appliedAt = stage.world.now();
    return;
  }
  const leads = meant(stage, addresses);
  const order = {
    ...(demand.name === undefined ? {} : { corrections: { values: { last_name: demand.name }, clear: [] } }),
    ...{ identity: 'seen', actor },
  };
  const at = stage.world.now();
  for (const { reference } of leads) demand.owed.set(reference, holdersOf(stage.book, reference, at));
  const applied = async (): Promise<unknown> => {
    // No rectification corrects a refused row.
    const rows = (await requests.show(id)).subjects.flatMap((one) =>
      one.kind === 'row' && kind !== 'rectification' ? one.subjectId : [],
    );
    const selection = { leads: leads.map(({ reference }) => reference), rows };
    return requests.apply(id, { ...order, selection });
  };
  await applied().catch(async (error: unknown) => {
    // More of the person came in since it was listed: it was listed anew, and is read again.
    if (!(error instanceof RelaisError) || error.code !== 'REQUEST-003') throw error;
    await applied();
  });
  demand.appliedAt = at;
  (demand.leads as Lead[]).push(...leads);
  follow(stage, demand, { leads, at, addresses });
  if (kind === 'erasure') await checkRefusedRows(stage.gateway, stage.find, leads);
  count(stage, `applied: ${kind}`);
}

function follow(
  stage: Stage,
  { kind, channels }: Demand,
  {
    leads,
    at,
    addresses,
  }: { readonly leads: readonly Lead[]; readonly at: Date; readonly addresses: Addresses },
): void {
  const { book, nights } = stage;
  for (const channel of channels)
    book.takenBack.push({
      ...{ at, channel },
      leads:
        kind === 'objection'
          ? book.withAddress([...given(addresses), ...leads.flatMap(addressesOf)])
          : new Set(leads.flatMap((lead) => [...book.siblings(lead)])),
      addresses: new Set([...(kind === 'objection' ? given(addresses) : []), ...leads.flatMap(addressesOf)]),
    });
  if (kind !== 'erasure') return;
  for (const lead of leads) {
    const others = [...book.siblings(lead)];
    book.end(lead, 'erased', at);
    for (const other of others) nights.for(other);
  }
}

const soon = (stage: Stage): void => {
  const today = dayOf(stage.world.now());
  for (const days of [1, 2, 3]) stage.nights.on(daysAfter(today, days));
};

async function lift(stage: Stage, demand: Demand): Promise<void> {
  if (demand.kind !== 'restriction' || demand.appliedAt === undefined) return;
  await stage.gateway.app.requests.lift(demand.id, { actor, evidence: 'letter' });
  demand.liftedAt = stage.world.now();
  soon(stage);
  count(stage, 'lifted');
}

async function acknowledge(stage: Stage, demand: Demand): Promise<void> {
  const at = stage.world.now();
  if (demand.appliedAt === undefined || demand.closedAt !== undefined) return;
  for (const destinationId of destinations) {
    const isOpen = demand.leads.some((lead) =>
      unsettled(stage.book, demand, { at, lead }).includes(destinationId),
    );
    if (!isOpen) continue;
    await stage.gateway.app.requests.acknowledge(demand.id, {
      ...{ destinationId, actor, evidence: 'mail', isExplained: false },
    });
    demand.acknowledged.set(destinationId, at);
    count(stage, 'acknowledged');
  }
  soon(stage);
}

async function inform(stage: Stage, demand: Demand): Promise<void> {
  if (demand.closedAt !== undefined) return;
  await stage.gateway.app.requests.declareInformed(demand.id, { actor, evidence: 'mail' });
  demand.informedAt = stage.world.now();
}

async function close(stage: Stage, demand: Demand, isTry: boolean): Promise<void> {
  if (demand.closedAt !== undefined) return;
  try {
    await stage.gateway.app.requests.close(demand.id, { outcome: 'done', reason: '', actor });
    demand.closedAt = stage.world.now();
    count(stage, 'closed');
  } catch (error) {
    if (!(error instanceof RelaisError) || error.code !== 'REQUEST-004') throw error;
    count(stage, isTry ? 'closing tried too early' : 'closing refused');
  }
  soon(stage);
}
