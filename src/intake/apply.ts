// Applies corrections, consent events and interactions of a batch to existing leads; the consents are written with those of all rows.
// Invariant: each accepted row is one revision; an earlier revision a recipient may have is kept before anything changes (C22).
import type { Sql } from '../store/database.ts';
import { readWeights, type LeadWeight } from '../store/leads/lead-weights.ts';
import type { LeadFields } from '../domain/lead-fields/columns.ts';
import {
  correctLead,
  insertInteractions,
  nameKey,
  raiseRevisions,
  readFacts,
  type IntakeChangeKind,
  type LockedLead,
} from '../store/leads/lead-writes.ts';
import type { Candidate, LockedDeps, RowLedger } from './batch.ts';
import type { CreatedLead } from './create.ts';
import { erasedSince, holdForOfficer, type Bringing } from './too-late.ts';
import { checkRanges, checkReachable, judgedColumns, type CheckedRow } from './contract.ts';
import { refusal, type ColumnRefusal } from './refusals.ts';
import { keepAddresses } from './same-person.ts';
import { mostOfLead } from '../domain/lead-values.ts';

interface State {
  readonly id: number;
  readonly clientId: string;
  readonly isNew: boolean;
  readonly erased: boolean;
  revision: number;
  consentRevisions: number;
  revisions: number;
  facts: LeadFields;
  /** Undefined: no row of this batch adds events to it. */
  weight: LeadWeight | undefined;
}

const changeKinds: Readonly<Record<Exclude<CheckedRow['kind'], 'lead'>, IntakeChangeKind>> = {
  correction: 'corrected',
  consent: 'consent',
  interaction: 'interaction',
};

interface Known {
  /** Leads that existed, by name. */
  readonly locked: ReadonlyMap<string, LockedLead>;
  readonly created: ReadonlyMap<string, CreatedLead>;
  readonly ledger: RowLedger;
}

export async function applyRows(
  tx: Sql,
  deps: Pick<LockedDeps, 'snapshot' | 'oppositionKey' | 'lists'>,
  candidates: readonly Candidate[],
  { locked, created, ledger }: Known,
): Promise<void> {
  const states = await statesOf(tx, candidates, locked, created);
  const erased = await erasedSince(tx, deps, bringingOf(candidates, states));
  const held = new Set<Candidate>();
  const applied: { readonly row: CheckedRow; readonly state: State }[] = [];
  for (const candidate of candidates) {
    const { row } = candidate;
    if (row.kind === 'lead' || !ledger.isFirst(candidate)) continue;
    if (erased.has(candidate)) {
      held.add(candidate);
      continue;
    }
    const state = states.get(nameKey(row));
    const problems = state === undefined ? [refusal('reference', 'UNKNOWN_LEAD')] : judge(row, state);
    if (state === undefined || problems.length > 0) {
      ledger.refuse(candidate, problems);
      continue;
    }
    state.facts = corrected(state.facts, row);
    state.weight = state.weight === undefined ? undefined : heavier(state.weight, row);
    state.revision += 1;
    state.revisions += 1;
    if (row.kind === 'consent') state.consentRevisions += 1;
    ledger.accept(candidate, state.id, {
      clientId: state.clientId,
      leadId: state.id,
      revision: state.revision,
      kind: changeKinds[row.kind],
    });
    applied.push({ row, state });
  }
  await holdForOfficer(tx, held, ledger.refuse);
  const touched = [...new Set(applied.map((change) => change.state))].sort((a, b) => a.id - b.id);
  const before = touched.filter((state) => !state.isNew).map((state) => state.id);
  if (before.length > 0) await deps.snapshot(tx, before);
  await keepAddresses(tx, deps.oppositionKey, applied);
  for (const { row, state } of applied)
    if (row.kind === 'correction') await correctLead(tx, state, row.fields, row.clear);
  await insertInteractions(
    tx,
    applied.flatMap(({ row, state }) =>
      row.interactions.map((event) => ({ clientId: state.clientId, leadId: state.id, event })),
    ),
  );
  await raiseRevisions(
    tx,
    touched.map((state) => ({
      leadId: state.id,
      revisions: state.revisions,
      consentRevisions: state.consentRevisions,
    })),
  );
}

/** Corrections, with the collection time of their lead: a correction does not make the demand younger. */
const bringingOf = (
  candidates: readonly Candidate[],
  states: ReadonlyMap<string, State>,
): readonly Bringing[] =>
  candidates.flatMap((candidate) => {
    const state = candidate.row.kind === 'correction' ? states.get(nameKey(candidate.row)) : undefined;
    const collectedAt = state?.facts['collected_at'];
    return collectedAt instanceof Date && state?.erased === false ? [{ candidate, collectedAt }] : [];
  });

async function statesOf(
  tx: Sql,
  candidates: readonly Candidate[],
  locked: ReadonlyMap<string, LockedLead>,
  created: ReadonlyMap<string, CreatedLead>,
): Promise<ReadonlyMap<string, State>> {
  const corrections = candidates
    .filter((candidate) => candidate.row.kind === 'correction')
    .flatMap((candidate) => locked.get(nameKey(candidate.row)) ?? []);
  const facts = await readFacts(
    tx,
    [...new Set(corrections.map((lead) => lead.id))],
    [...judgedColumns, 'collected_at'],
  );
  const growing = candidates
    .filter((candidate) => candidate.row.kind === 'consent' || candidate.row.kind === 'interaction')
    .flatMap((candidate) => locked.get(nameKey(candidate.row)) ?? []);
  const weights = await readWeights(tx, [...new Set(growing.map((lead) => lead.id))]);
  const stateOf = (lead: LockedLead, rest: Pick<State, 'isNew' | 'facts' | 'weight'>): State => ({
    id: lead.id,
    clientId: lead.clientId,
    erased: lead.erased,
    revision: lead.revision,
    revisions: 0,
    consentRevisions: 0,
    ...rest,
  });
  const states = new Map<string, State>();
  for (const [name, lead] of locked)
    states.set(
      name,
      stateOf(lead, { isNew: false, facts: facts.get(lead.id) ?? {}, weight: weights.get(lead.id) }),
    );
  for (const [name, lead] of created)
    states.set(
      name,
      stateOf(lead, { isNew: true, facts: lead.fields, weight: heavier(weightless, lead.row) }),
    );
  return states;
}

function judge(row: CheckedRow, state: State): readonly ColumnRefusal[] {
  if (state.erased) return [refusal('reference', 'LEAD_ERASED')];
  if (row.kind !== 'correction') return checkWeight(row, state.weight);
  const after = corrected(state.facts, row);
  return [...checkReachable(after, 'clear_fields'), ...checkRanges(after)];
}

function corrected(facts: LeadFields, row: CheckedRow): LeadFields {
  const kept = Object.entries({ ...facts, ...row.fields }).filter(
    ([name]) => !(row.clear as readonly string[]).includes(name),
  );
  return Object.fromEntries(kept) as LeadFields;
}

// Refuses a row that would make its lead larger than the contract allows.
// Invariant: a withdrawal is never refused for its weight.

export const weightless: LeadWeight = { consents: 0, interactions: 0, contentBytes: 0 };

export function heavier(weight: LeadWeight, row: CheckedRow): LeadWeight {
  return {
    consents: weight.consents + row.consents.length,
    interactions: weight.interactions + row.interactions.length,
    contentBytes:
      weight.contentBytes +
      row.interactions.reduce((sum, interaction) => sum + Buffer.byteLength(interaction.content ?? ''), 0),
  };
}

/** @param before weight of the lead without the row */
export function checkWeight(row: CheckedRow, before: LeadWeight | undefined): readonly ColumnRefusal[] {
  if (before === undefined) return [];
  const after = heavier(before, row);
  const problems: ColumnRefusal[] = [];
  const onlyTakesBack = row.consents.every(
    (consent) => consent.state === 'withdrawn' || consent.state === 'refused',
  );
  if (after.consents > mostOfLead.consents && !onlyTakesBack)
    problems.push(refusal('consents', 'LEAD_FULL', `${mostOfLead.consents} consent events`));
  if (row.interactions.length === 0) return problems;
  if (after.interactions > mostOfLead.interactions)
    problems.push(refusal('interactions', 'LEAD_FULL', `${mostOfLead.interactions} interactions`));
  else if (after.contentBytes > mostOfLead.contentBytes)
    problems.push(
      refusal(
        'interactions',
        'LEAD_FULL',
        `${mostOfLead.contentBytes / 1_048_576} MiB of texts of interactions`,
      ),
    );
  return problems;
}
