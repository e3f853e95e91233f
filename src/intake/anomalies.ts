// Counts non-conforming leads of a batch for their client, by form or agent and by day (C14, C16, C16b, C54).
// Invariant: counting refuses nothing and delays nothing: a lead that cannot be judged is accepted all the same, and logged.
import {
  entityAnomalies,
  noticeAnomalies,
  optInName,
  purchaseAnomalies,
  unanswered,
  type Anomaly,
  type JudgedLead,
  type OptIn,
} from '../domain/anomaly.ts';
import { civilDate } from '../domain/civil-date.ts';
import { entitiesOf } from '../domain/consent.ts';
import type { Channel, ConsentRecord } from '../domain/lead.ts';
import type { Notice } from '../domain/destination.ts';
import type { LeadColumn, LeadFields } from '../domain/lead-fields/columns.ts';
import { foreignCode } from '../errors.ts';
import type { Log } from '../log.ts';
import type { CompiledMapping } from '../mapping/contract.ts';
import { countAnomalies, type CountedAnomaly } from '../store/leads/anomalies.ts';
import { leadOfFields } from '../store/leads/leads.ts';
import type { AcceptedRow, AnomalyCounter, Clients } from './batch.ts';
import { looksLikePhone } from './formats.ts';
import { readContracts, type ClientContract } from '../store/destinations/destinations.ts';

/** A published version: the opt-ins it writes, and the leads it takes. */
export type Needs = Pick<CompiledMapping, 'consentTable' | 'updateConsentTable' | 'accepts'>;

export interface AnomalyDeps {
  /** Reads the needs of a version in force; without it no missed question is counted. */
  readonly needsOf?: (versionId: number) => Promise<Needs | undefined>;
  readonly log: Log;
}

interface Asking {
  readonly optIns: readonly OptIn[];
  readonly accepts: Needs['accepts'];
  readonly leadsFrom: Date;
}

/** The rules by which leads of a client are judged. */
interface Expected {
  readonly revision: number;
  readonly readAt: number;
  readonly notices: readonly Notice[];
  readonly entities: ReadonlySet<string>;
  readonly asking: readonly Asking[];
}

/** An archived destination publishes no event; its questions expire after this time. */
const freshMs = 60_000;

export function createAnomalyCounter(deps: AnomalyDeps): AnomalyCounter {
  const expectations = new Map<string, Expected>();
  const limitKeys = createKeyLimit();
  return {
    count: async (tx, accepted, clients) => {
      const rows = accepted.filter(({ candidate: { row } }) => row.kind === 'lead' || row.kind === 'consent');
      if (rows.length === 0) return;
      const stale = new Set<string>();
      for (const { candidate } of rows) {
        const id = candidate.row.clientId;
        const known = expectations.get(id);
        if (
          known?.revision !== clients.get(id)?.revision ||
          performance.now() - (known?.readAt ?? 0) > freshMs
        )
          stale.add(id);
      }
      for (const contract of stale.size === 0 ? [] : await readContracts(tx, [...stale]))
        expectations.set(contract.clientId, await expectedOf(contract, clients, deps));
      const said = consentsByLead(rows);
      const found = rows.flatMap((row) => judged(row, said, expectations, deps.log));
      if (found.length === 0) return;
      const day = civilDate(tx.now());
      await countAnomalies(
        tx,
        found.map((anomaly) => limitKeys({ ...anomaly, day })),
      );
    },
  };
}

async function expectedOf(
  { clientId, facts, notices, destinations }: ClientContract,
  clients: Clients,
  { needsOf }: AnomalyDeps,
): Promise<Expected> {
  const asking: Asking[] = [];
  for (const { mappingVersionId, leadsFrom } of destinations) {
    const needs = await needsOf?.(mappingVersionId);
    if (needs === undefined) continue;
    const optIns = new Map(
      [...needs.consentTable, ...(needs.updateConsentTable ?? [])].map(({ purpose, channel }) => [
        optInName({ purpose, channel }),
        { purpose, channel },
      ]),
    );
    asking.push({ optIns: [...optIns.values()], accepts: needs.accepts, leadsFrom });
  }
  return {
    revision: clients.get(clientId)?.revision ?? 0,
    readAt: performance.now(),
    notices,
    entities: entitiesOf(facts, undefined),
    asking,
  };
}

type Found = Omit<CountedAnomaly, 'day'>;
type Said = ReadonlyMap<number, readonly ConsentRecord[]>;

/** Answers in rows beside the lead count as given with it. */
function consentsByLead(rows: readonly AcceptedRow[]): Said {
  const said = new Map<number, ConsentRecord[]>();
  for (const { leadId, candidate } of rows) {
    const own = said.get(leadId) ?? [];
    own.push(...candidate.row.consents);
    said.set(leadId, own);
  }
  return said;
}

function judged(
  row: AcceptedRow,
  said: Said,
  expectations: ReadonlyMap<string, Expected>,
  log: Log,
): readonly Found[] {
  const { clientId } = row.candidate.row;
  const expected = expectations.get(clientId);
  if (expected === undefined) return [];
  try {
    return row.candidate.row.kind === 'lead'
      ? ofLead(row, said.get(row.leadId) ?? [], expected)
      : ofConsents(row, expected);
  } catch (error) {
    log.error('intake.unjudged', { client: clientId, lead: row.leadId, code: foreignCode(error) });
    return [];
  }
}

function ofLead(row: AcceptedRow, said: readonly ConsentRecord[], expected: Expected): readonly Found[] {
  const { fields, consents } = row.candidate.row;
  const lead = judgedOf(fields);
  const anomalies: readonly Anomaly[] = [
    ...noticeAnomalies(lead, expected.notices),
    ...purchaseAnomalies(lead),
    ...missedQuestions(row, said, expected),
    ...entityAnomalies(consents, expected.entities),
  ];
  if (anomalies.length === 0) return [];
  const source = textOf(fields.collected_by) ?? said.find((consent) => consent.source !== undefined)?.source;
  return anomalies.map((anomaly) => found(row, anomaly, lead.channel, source));
}

const textOf = (value: LeadFields[LeadColumn]): string | undefined =>
  typeof value === 'string' ? value : undefined;

/** Read from the columns: building a whole lead for each row costs more than judging it. */
const judgedOf = (fields: LeadFields): JudgedLead => ({
  channel: fields.channel as Channel,
  collectedAt: fields.collected_at as Date,
  notice: textOf(fields.notice),
  acquisition: textOf(fields.acquisition),
  seller: textOf(fields.seller),
  consentProof: textOf(fields.consent_proof),
});

/** Opt-ins that a destination of this lead needs, and that have no answer. */
function missedQuestions(
  { candidate: { row, receivedAt } }: AcceptedRow,
  said: readonly ConsentRecord[],
  { asking }: Expected,
): readonly Anomaly[] {
  const missed = new Set<string>();
  for (const { optIns, accepts, leadsFrom } of asking) {
    const open = unanswered(optIns, said);
    if (open.length > 0 && receivedAt >= leadsFrom && accepts(leadOfFields(row, row.fields, said)).yes)
      for (const optIn of open) missed.add(optInName(optIn));
  }
  return [...missed].map((detail) => ({ kind: 'question_not_asked', detail }));
}

function ofConsents(row: AcceptedRow, { entities }: Expected): readonly Found[] {
  const { consents } = row.candidate.row;
  const source = consents.find((consent: ConsentRecord) => consent.source !== undefined)?.source;
  return entityAnomalies(consents, entities).map((anomaly) => found(row, anomaly, '', source));
}

/** A phone number in place of a code is not copied from the lead. */
const codeOf = (text: string): string => (looksLikePhone(text) ? others : text);

const found = (
  { candidate, leadId }: AcceptedRow,
  { kind, detail }: Anomaly,
  channel: Channel | '',
  source = '',
): Found => ({
  clientId: candidate.row.clientId,
  kind,
  channel,
  source: codeOf(source),
  detail: codeOf(detail),
  leadId,
});

/** Code for all codes that are counted together. */
const others = '*';
/** Different codes counted for one client, kind and day: a form that invents a code for each lead does not fill the table. */
const mostKeys = 200;

function createKeyLimit(): (anomaly: CountedAnomaly) => CountedAnomaly {
  let today = '';
  let seen = new Map<string, Set<string>>();
  return (anomaly) => {
    const { clientId, day, kind, source, detail } = anomaly;
    if (day !== today) seen = new Map<string, Set<string>>();
    today = day;
    const name = `${clientId}\n${kind}`;
    const keys = seen.get(name) ?? new Set();
    seen.set(name, keys);
    const key = `${source}\n${detail}`;
    if (keys.has(key)) return anomaly;
    if (keys.size >= mostKeys) return { ...anomaly, source: others, detail: others };
    keys.add(key);
    return anomaly;
  };
}
